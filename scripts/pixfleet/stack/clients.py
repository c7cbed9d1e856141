"""The boto3 clients of the command line, for one profile, region and endpoint."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scripts.pixfleet.stack.fast_items import parse_items_quickly
from scripts.pixfleet.stack.fast_listings import parse_listings_quickly
from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.errors import Misconfigured
from shared.model.versions import WORKER_VERSION

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from shared.cloud.calls import Calls

# What CloudTrail shows of each call. botocore takes an eighth of the time of a small request to
# describe itself and the computer, which this replaces.
USER_AGENT = f"pixfleet/{WORKER_VERSION}"
CONNECTIONS = 32
CONNECT_SECONDS = 3
READ_SECONDS = 30
# In commands botocore retries. In the worker it does not: shared/cloud/errors.py and SQS do.
ATTEMPTS = 5
# Most commands call SSM first, and should fail soon if AWS does not answer.
SSM_ATTEMPTS = IMPATIENT_ATTEMPTS = 2
# The limits of a call by an adapter of `shared.cloud`, which retries after botocore gave up. They
# bound when an attempt begins; the attempt itself may take longer, because a command holds no
# lease, and an upload over a slow link may take minutes.
CALL_ATTEMPTS = 4
CALL_SECONDS = 50.0


@dataclass
class AwsClients:
    """Clients for one account and region, each built on first use.

    For a field that is None, boto3 reads the environment and the AWS configuration files. A client
    may be used by several threads once it is built. With `is_impatient` a call that fails is
    repeated once at most: a person waits for the answer, and can ask again.
    """

    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    is_impatient: bool = False

    def __post_init__(self) -> None:
        """Raise `Misconfigured` if the endpoint is not an HTTP URL."""
        if self.endpoint_url and not self.endpoint_url.startswith(("http://", "https://")):
            raise Misconfigured(
                "AWS cannot be reached",
                [f"--endpoint-url: expected http:// or https://, got {self.endpoint_url!r}"],
            )

    @cached_property
    def session(self) -> "boto3.session.Session":
        """Return the session that builds every client."""
        import boto3  # noqa: PLC0415 - slow to import, and a help page needs no boto3

        return boto3.session.Session(profile_name=self.profile, region_name=self.region)

    def impatient(self) -> "AwsClients":
        """Return clients of the same session whose calls fail sooner."""
        clients = replace(self, is_impatient=True)
        clients.session = self.session
        return clients

    @property
    def region_in_use(self) -> str:
        """Return the region of every client; botocore's `NoRegionError` if none is set."""
        if region := self.session.region_name:
            return region
        from botocore.exceptions import NoRegionError  # noqa: PLC0415 - slow to import

        raise NoRegionError

    @cached_property
    def s3(self) -> "S3Client":
        """Return the client of S3."""
        s3 = self.session.client("s3", endpoint_url=self.endpoint_url, config=self._config)
        parse_listings_quickly(s3)
        return s3

    @cached_property
    def sqs(self) -> "SQSClient":
        """Return the client of SQS."""
        return self.session.client("sqs", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Return the client of DynamoDB."""
        dynamodb = self.session.client(
            "dynamodb", endpoint_url=self.endpoint_url, config=self._config
        )
        parse_items_quickly(dynamodb)
        return dynamodb

    @cached_property
    def ssm(self) -> "SSMClient":
        """Return the client of SSM, for the stack's document."""
        config = _config(SSM_ATTEMPTS)
        return self.session.client("ssm", endpoint_url=self.endpoint_url, config=config)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Return the client of CloudWatch."""
        return self.session.client(
            "cloudwatch", endpoint_url=self.endpoint_url, config=self._config
        )

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Return the client of CloudWatch Logs."""
        return self.session.client("logs", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def functions(self) -> "LambdaClient":
        """Return the client of Lambda."""
        return self.session.client("lambda", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Return the client of EventBridge."""
        return self.session.client("events", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def cloudfront(self) -> "CloudFrontClient":
        """Return the client of CloudFront."""
        return self.session.client(
            "cloudfront", endpoint_url=self.endpoint_url, config=self._config
        )

    @cached_property
    def gateway(self) -> Any:  # noqa: ANN401 - no stubs for three calls
        """Return the client of API Gateway's HTTP APIs."""
        session: Any = self.session
        return session.client("apigatewayv2", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def quotas(self) -> Any:  # noqa: ANN401 - no stubs for one call
        """Return the client of Service Quotas."""
        session: Any = self.session
        return session.client(
            "service-quotas", endpoint_url=self.endpoint_url, config=self._config
        )

    @cached_property
    def sns(self) -> "SNSClient":
        """Return the client of SNS."""
        return self.session.client("sns", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def sts(self) -> "STSClient":
        """Return the client of STS."""
        return self.session.client("sts", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def calls(self) -> "Calls":
        """Return how the adapters of `shared.cloud` call AWS; a command holds no lease."""
        from shared.cloud.calls import CallLimits, Calls  # noqa: PLC0415 - as boto3 above

        limits = CallLimits(
            connect_seconds=CONNECT_SECONDS,
            read_seconds=READ_SECONDS,
            attempts=1 if self.is_impatient else CALL_ATTEMPTS,
            call_seconds=CALL_SECONDS,
        )
        return Calls(limits, Deadline.never(SystemClock()))

    @cached_property
    def _config(self) -> "Config":
        return _config(IMPATIENT_ATTEMPTS if self.is_impatient else ATTEMPTS)


def _config(attempts: int) -> "Config":
    from botocore.config import Config  # noqa: PLC0415 - slow to import, like boto3

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        user_agent=USER_AGENT,
    )
