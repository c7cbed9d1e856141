"""Drops the files of dependencies that the worker never uses, each for a reason.

`tests/e2e/test_package*.py` run the pruned package: each handler, and an image of every format.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scripts.package.contents import Files


@dataclass(frozen=True, slots=True)
class Rule:
    """Drops paths that match `drop` and none of `keep`; `*` matches slashes, too."""

    drop: str
    reason: str
    keep: tuple[str, ...] = ()

    def drops(self, name: str) -> bool:
        """Return whether a path is dropped."""
        return fnmatchcase(name, self.drop) and not any(
            fnmatchcase(name, kept) for kept in self.keep
        )


SERVICES = ("cloudfront", "dynamodb", "s3", "sns", "sqs")

RULES = (
    Rule(
        "botocore/data/*/*",
        "models of 400 services; Lambda's credentials come from its environment, without STS",
        keep=tuple(f"botocore/data/{service}/*" for service in SERVICES),
    ),
    Rule("botocore/data/*/examples-1.json", "examples for the documentation"),
    Rule("botocore/data/dynamodb/2011-12-05/*", "an older DynamoDB"),
    Rule("botocore/data/cloudfront/201*", "older versions of CloudFront"),
    Rule("boto3/data/*", "models of resources; the worker uses clients"),
    Rule("boto3/examples/*", "examples for the documentation"),
    Rule("dateutil/zoneinfo/*.tar.gz", "time zones; AWS uses UTC"),
    Rule("urllib3/contrib/emscripten/*", "for browsers"),
    Rule("cffi/*", "builds bindings; pyvips-binary has its own, which need _cffi_backend only"),
    Rule("pycparser*", "reads C for cffi"),
    Rule("pillow_heif.libs/libx265-*", "an encoder, GPL; `heif.py` makes libheif load without it"),
    Rule("PIL/_avif.*", "libvips reads and writes AVIF"),
    Rule("PIL/_imagingcms.*", "libvips converts colours"),
    Rule("PIL/_imagingft.*", "draws text"),
    Rule("PIL/_imagingmath.*", "arithmetic on images"),
    Rule("PIL/_imagingmorph.*", "morphology"),
    Rule("PIL/_imagingtk.*", "draws into windows"),
    Rule("PIL/_webp.*", "libvips reads and writes WebP"),
    Rule("pillow.libs/libavif-*", "needed by PIL/_avif only"),
    Rule("pillow.libs/libbrotli*", "needed by libfreetype only"),
    Rule("pillow.libs/libfreetype-*", "needed by PIL/_imagingft only"),
    Rule("pillow.libs/libharfbuzz-*", "needed by PIL/_imagingft only"),
    Rule("pillow.libs/liblcms2-*", "needed by PIL/_imagingcms only"),
    Rule("pillow.libs/libpng16-*", "needed by libfreetype only; PIL reads PNG through zlib"),
    Rule("pillow.libs/libsharpyuv-*", "needed by libwebp only"),
    Rule("pillow.libs/libwebp*", "needed by PIL/_webp only"),
    Rule("*.pyi", "types for editors and type checkers"),
    Rule("*/py.typed", "types for editors and type checkers"),
)


def pruned(files: Files, rules: Sequence[Rule] = RULES) -> Files:
    """Return the files that no rule drops."""
    return {
        name: data for name, data in files.items() if not any(rule.drops(name) for rule in rules)
    }
