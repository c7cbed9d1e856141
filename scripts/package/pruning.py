"""What the worker never uses of its dependencies, and why that is so.

`tests/e2e/test_package*.py` run what is left: each handler, and a picture of every kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scripts.package.contents import Files


@dataclass(frozen=True, slots=True)
class Rule:
    """Drops what matches `drop`, unless it matches one of `keep`; `*` matches slashes too."""

    drop: str
    reason: str
    keep: tuple[str, ...] = ()

    def drops(self, name: str) -> bool:
        """Say whether a path is dropped."""
        return fnmatchcase(name, self.drop) and not any(
            fnmatchcase(name, kept) for kept in self.keep
        )


SERVICES = ("dynamodb", "s3", "sns", "sqs")

RULES = (
    Rule(
        "botocore/data/*/*",
        "models of 400 services; Lambda's credentials come from its environment, without STS",
        keep=tuple(f"botocore/data/{service}/*" for service in SERVICES),
    ),
    Rule("botocore/data/*/examples-1.json", "examples for the documentation"),
    Rule("botocore/data/dynamodb/2011-12-05/*", "an older DynamoDB"),
    Rule("boto3/data/*", "models of resources; we speak through clients"),
    Rule("boto3/examples/*", "texts for the documentation"),
    Rule("dateutil/zoneinfo/*.tar.gz", "time zones; AWS speaks UTC"),
    Rule("urllib3/contrib/emscripten/*", "for browsers"),
    Rule("cffi/*", "builds bindings; pyvips-binary's are built, and need _cffi_backend alone"),
    Rule("pycparser*", "reads C for cffi"),
    Rule("pillow_heif.libs/libx265-*", "an encoder, GPL; `heif.py` lets libheif do without"),
    Rule("PIL/_avif.*", "AVIF is libvips' work"),
    Rule("PIL/_imagingcms.*", "colour is libvips' work"),
    Rule("PIL/_imagingft.*", "draws text"),
    Rule("PIL/_imagingmath.*", "arithmetic on pictures"),
    Rule("PIL/_imagingmorph.*", "morphology"),
    Rule("PIL/_imagingtk.*", "draws into windows"),
    Rule("PIL/_webp.*", "WebP is libvips' work"),
    Rule("pillow.libs/libavif-*", "needed by PIL/_avif alone"),
    Rule("pillow.libs/libbrotli*", "needed by libfreetype alone"),
    Rule("pillow.libs/libfreetype-*", "needed by PIL/_imagingft alone"),
    Rule("pillow.libs/libharfbuzz-*", "needed by PIL/_imagingft alone"),
    Rule("pillow.libs/liblcms2-*", "needed by PIL/_imagingcms alone"),
    Rule("pillow.libs/libpng16-*", "needed by libfreetype alone; PIL reads PNG through zlib"),
    Rule("pillow.libs/libsharpyuv-*", "needed by libwebp alone"),
    Rule("pillow.libs/libwebp*", "needed by PIL/_webp alone"),
    Rule("*.pyi", "types, for whoever edits code"),
    Rule("*/py.typed", "types, for whoever edits code"),
)


def pruned(files: Files, rules: Sequence[Rule] = RULES) -> Files:
    """Return the files that no rule drops."""
    return {
        name: data for name, data in files.items() if not any(rule.drops(name) for rule in rules)
    }
