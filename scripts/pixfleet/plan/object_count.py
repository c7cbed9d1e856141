"""Asks CloudWatch how many objects a bucket holds: S3 counts once a day, for nothing."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.clock import Clock

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
DAY_SECONDS = 86_400
DAYS = 3


def objects_in(cloudwatch: "CloudWatchClient", bucket: str, clock: Clock) -> int | None:
    """Return S3's newest count; none if there is none, or nobody may read it."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    try:
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/S3",
            MetricName="NumberOfObjects",
            Dimensions=[
                {"Name": "BucketName", "Value": bucket},
                {"Name": "StorageType", "Value": "AllStorageTypes"},
            ],
            StartTime=now - timedelta(days=DAYS),
            EndTime=now,
            Period=DAY_SECONDS,
            Statistics=["Average"],
        )
    except (ClientError, BotoCoreError):
        return None  # a better number, but not one that is needed
    counted = sorted(answer["Datapoints"], key=lambda each: each["Timestamp"])
    return round(counted[-1]["Average"]) if counted else None
