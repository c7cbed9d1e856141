"""Reads from CloudWatch how many objects a bucket holds.

S3 publishes this metric once a day, free of charge.
"""

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
    """Return the newest daily count; None if there is none or the call is refused."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    try:
        response = cloudwatch.get_metric_statistics(
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
        return None  # the plan then uses the number of listed keys
    datapoints = sorted(response["Datapoints"], key=lambda each: each["Timestamp"])
    return round(datapoints[-1]["Average"]) if datapoints else None
