"""The Cache-Control headers of what is stored in the variants bucket."""

# A variant's bytes change only with its version, and the manifest's URLs name the version.
VARIANT = "public, max-age=31536000, immutable"
# A manifest keeps its name when it changes, so browsers ask again after a minute.
MANIFEST = "public, max-age=60"
