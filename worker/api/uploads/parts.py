"""How a file is cut into parts: always in the same way, so that each length can be signed."""

# S3 accepts parts of at least 5 MiB, and Uppy's default is 8 MiB.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 8 * 1024 * 1024


def part_count(total_bytes: int) -> int:
    """Return how many parts a file has."""
    return -(-total_bytes // PART_BYTES)


def part_length(total_bytes: int, number: int) -> int:
    """Return the length of one part; the first has the number 1, and the last is shorter."""
    return min(PART_BYTES, total_bytes - (number - 1) * PART_BYTES)
