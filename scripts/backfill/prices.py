"""What an image costs, in few numbers; a test holds them to those of docs/cost.md."""

from dataclasses import dataclass

MILLION = 1_000_000
# Dollars for a GB-second, https://aws.amazon.com/lambda/pricing/, in us-east-1.
GIGABYTE_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB
MEGABYTES_PER_CPU = 1769
VCPU_GIGABYTES = MEGABYTES_PER_CPU / 1024
# https://aws.amazon.com/s3/pricing/
PUT = 5.00 / MILLION
# What docs/cost.md has for the parent beside the child: CPU and waiting, in a full batch of ten.
PARENT_SECONDS = 0.095
# All else of docs/cost.md that comes with an image: requests to Lambda, S3, SQS and the ledger,
# logs, KMS.
THE_REST = 5.06 / MILLION
# A worker renders this part of its time, by the measure of tests/bench/README.md.
BUSY = 0.92


@dataclass(frozen=True, slots=True)
class Averages:
    """What an image took, and whence that is known; `objects` are its variants alone."""

    cpu_seconds: float
    objects: float
    variant_bytes: float
    origin: str

    def dollars(self, architecture: str) -> float:
        """Return what one image costs once, for being made."""
        return cost(1, self.cpu_seconds, self.objects, architecture)


# The default recipe and a source of 24 megapixels, by docs/cost.md.
MODEL = Averages(1.52, 15, 601_000, "docs/cost.md, as nothing has been made here yet")


def cost(images: int, cpu_seconds: float, objects: float, architecture: str) -> float:
    """Return dollars for so many images that took so much in all, `objects` being of each."""
    second = GIGABYTE_SECOND.get(architecture, max(GIGABYTE_SECOND.values())) * VCPU_GIGABYTES
    lambda_ = (cpu_seconds + images * PARENT_SECONDS) * second
    return lambda_ + images * ((objects + 1) * PUT + THE_REST)
