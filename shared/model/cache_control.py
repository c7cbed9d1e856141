"""The Cache-Control headers of what is stored in the variants bucket."""

# A variant's bytes change only with its version, and the manifest's URLs name the version, so
# browsers keep it. CloudFront asks S3 again after five minutes, mostly for a 304: from then on,
# URLs without a version show a replaced picture.
VARIANT = "public, max-age=31536000, immutable, s-maxage=300, stale-while-revalidate=60"
# A manifest keeps its name when it changes, so browsers ask again after a minute.
MANIFEST = "public, max-age=60"
