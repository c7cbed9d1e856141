"""Whether messages that fail end where they should, with time enough for each try."""

from collections.abc import Iterator, Mapping
from json import loads

from scripts.pixfleet.doctor.result import Finding, judged, skipped
from scripts.pixfleet.doctor.stack_under_test import Patient

AREA = "queues"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
TRIES_PER_VISIBILITY = 6
DEFAULT_RECEIVES = "8"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
AWS_OWN_KEY = "alias/aws/sqs"


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of each lane's queue and of the dead-letter queue."""
    dead = patient.queue(patient.stack.dead_letter_queue)
    for name, lane in patient.stack.lanes.items():
        attributes = patient.queue(lane.queue)
        yield _redrive(patient, name, attributes)
        yield _retention(name, attributes, dead)
        yield _visibility(patient, name, attributes)
        yield from _key(name, attributes)


def _redrive(patient: Patient, lane: str, attributes: Mapping[str, str]) -> Finding:
    policy = loads(attributes.get("RedrivePolicy", "{}"))
    target = str(policy.get("deadLetterTargetArn", "nowhere"))
    receives = str(policy.get("maxReceiveCount", "-"))
    wanted = patient.stack.environment.get("PIXFLEET_MAX_RECEIVES", DEFAULT_RECEIVES)
    name = target.rpartition(":")[2]
    is_right = name == patient.stack.dead_letter_queue and receives == wanted
    return judged(
        AREA,
        is_right,
        f"{lane}: after {receives} receives to {name}",
        f"terraform apply: expected {patient.stack.dead_letter_queue} after {wanted} receives "
        "(PIXFLEET_MAX_RECEIVES), or SQS moves a message before the worker can say why",
    )


def _retention(lane: str, attributes: Mapping[str, str], dead: Mapping[str, str]) -> Finding:
    kept, letters_kept = (int(each["MessageRetentionPeriod"]) for each in (attributes, dead))
    days, letter_days = kept / 86_400, letters_kept / 86_400
    return judged(
        AREA,
        letters_kept > kept,
        f"{lane}: messages are kept {days:g} days, dead letters {letter_days:g}",
        "keep dead letters longer than messages: SQS counts from when a message was first sent",
    )


def _visibility(patient: Patient, lane: str, attributes: Mapping[str, str]) -> Finding:
    if not patient.stack.function:
        return skipped(AREA, f"{lane}: no function whose timeout its visibility must outlast")
    seconds, timeout = int(attributes["VisibilityTimeout"]), patient.function["Timeout"]
    return judged(
        AREA,
        seconds >= TRIES_PER_VISIBILITY * timeout,
        f"{lane}: hidden for {seconds} s, the function's timeout is {timeout} s",
        f"terraform apply: expected at least {TRIES_PER_VISIBILITY * timeout} s, six timeouts",
    )


def _key(lane: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
    if key := attributes.get("KmsMasterKeyId"):
        yield judged(
            AREA,
            key != AWS_OWN_KEY,
            f"{lane}: encrypted with {key}",
            "use a key of your own, whose policy lets S3 and the worker in: S3 cannot send to a "
            f"queue under {AWS_OWN_KEY}",
        )
