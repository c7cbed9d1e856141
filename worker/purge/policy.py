"""The times and counts by which purges are bundled."""

from dataclasses import dataclass

from shared.cloud.calls import CallLimits

# One attempt: SQS delivers again what CloudFront throttles, and CloudFront takes one request each
# two seconds: https://github.com/aws/aws-sdk-js/issues/3983
CALL_LIMITS = CallLimits(connect_seconds=3, read_seconds=10, attempts=1, call_seconds=15.0)


@dataclass(frozen=True, slots=True)
class PurgePolicy:
    """How many paths go into a request, and what becomes of the messages that have to wait."""

    calls: CallLimits = CALL_LIMITS
    # Paths with a wildcard that CloudFront has in progress at once, for each distribution:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    paths_at_once: int = 15
    hide_seconds: int = 30
    # The queue's retention. CloudFront keeps no answer that long without asking S3 again.
    longest_seconds: float = 900.0
    # With more messages, one invalidation of everything is done sooner and cheaper.
    most_waiting: int = 100
    # Between two invalidations of everything: each makes the next requests for all pictures slow.
    everything_seconds: float = 600.0


POLICY = PurgePolicy()
