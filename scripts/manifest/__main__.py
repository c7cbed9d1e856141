"""`python -m scripts.manifest` writes the manifest's schema and types into docs/."""

from pathlib import Path

from scripts.manifest.schema import manifest_schema, schema_text
from scripts.manifest.typescript import declarations

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write both files."""
    schema = manifest_schema()
    (DOCS / "manifest.schema.json").write_text(schema_text(schema), encoding="utf-8")
    (DOCS / "manifest.d.ts").write_text(declarations(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
