"""The Cache-Control headers of what is stored in the variants bucket."""

YEAR_SECONDS = 31_536_000
# For how long CloudFront answers with a variant before it asks S3 whether there is another, and
# for how much longer while it asks.
EDGE_SECONDS = 300
REVALIDATING_SECONDS = 60
MANIFEST_SECONDS = 60

# A variant's bytes change only with its version, and the manifest's URLs name the version, so
# browsers keep it. CloudFront asks S3 again after five minutes, mostly for a 304: from then on,
# URLs without a version show a replaced picture.
VARIANT = (
    f"public, max-age={YEAR_SECONDS}, immutable, s-maxage={EDGE_SECONDS},"
    f" stale-while-revalidate={REVALIDATING_SECONDS}"
)
# A manifest keeps its name when it changes, so browsers ask again after a minute.
MANIFEST = f"public, max-age={MANIFEST_SECONDS}"
