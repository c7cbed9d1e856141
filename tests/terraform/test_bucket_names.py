"""The names that S3 refuses for a bucket are refused in the plan.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
"""

import json
import re

import pytest

from tests.terraform.folders import STACK

pytestmark = pytest.mark.terraform

STORAGE = STACK / "modules" / "storage"
RESERVED = (
    "xn--photos",
    "sthree-photos",
    "sthree-configurator-photos",
    "amzn-s3-demo-photos",
    "photos-s3alias",
    "photos--ol-s3",
    "photos.mrap",
    "photos--euw1-az1--x-s3",
    "photos--table-s3",
    "photos..web",
    "192.168.5.4",
)
ALLOWED = (
    "photos",
    "photos.example.org",
    "192.168.5.photos",
    "xn-photos",
    "photos-xn--a",
    "my-sthree-photos",
    "sthreephotos",
    "s3alias",
    "photos-s3alias-1",
    "photos--x-s3-1",
    "mrap",
)
# Of the prefix only the beginning of a bucket's name is made.
RESERVED_PREFIXES = ("xn-", "xn--a", "sthree", "sthree-a", "amzn-s3-demo", "amzn-s3-demo-a")


def reserved() -> re.Pattern[str]:
    """Return the pattern of the module, which is also valid Python."""
    found = re.search(r'reserved_bucket_name = ("[^"]+")', (STORAGE / "names.tf").read_text())
    assert found
    return re.compile(json.loads(found.group(1)))


@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_found(name: str) -> None:
    assert reserved().search(name)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_name_that_s3_allows_is_allowed(name: str) -> None:
    assert not reserved().search(name)


@pytest.mark.parametrize("prefix", RESERVED_PREFIXES)
def test_a_prefix_that_makes_a_reserved_name_is_found(prefix: str) -> None:
    assert reserved().search(f"{prefix}-sources-123456789012")


def test_the_longest_prefix_makes_names_that_s3_allows() -> None:
    longest = "a" * 31

    assert max(len(f"{longest}-{role}-123456789012") for role in ("sources", "variants")) <= 63


def test_every_variable_with_the_name_of_a_bucket_is_checked() -> None:
    text = (STORAGE / "variables.tf").read_text()
    checked = set(re.findall(r"regex\(local\.reserved_bucket_name, (.+)\)\)", text))

    assert checked == {
        "var.access_logs_bucket",
        "var.existing_sources_bucket",
        'reverse(split(":", var.replication.destination_bucket_arn))[0]',
        '"${var.prefix}-"',
    }
