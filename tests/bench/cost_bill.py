"""What is measured for docs/cost.md, and the dollars that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from scripts.pixfleet.plan.lazy import LazyFile
from scripts.pixfleet.pricing.first_requests import share_asked_for
from scripts.pixfleet.pricing.prices import Architecture
from tests.bench.cost_model import Item, Work, bill, monthly, total
from tests.bench.cost_requests import first_requests_dollars, lazy_monthly, most_requests

TARGET_DOLLARS = 85


@dataclass(frozen=True, slots=True)
class Costs:
    """The measured work: of the headline source by each choice, and of other sources.

    The first of `choices` is the default recipe, the second the same with all files at upload.
    `lazy` are the files that the default recipe leaves to requests. All dollars are for a million
    sources.
    """

    choices: Mapping[str, Work]
    others: Mapping[str, Work]
    lazy: tuple[LazyFile, ...]
    factor: float = 1.0

    @property
    def default(self) -> Work:
        """Return the headline source under the default recipe."""
        return next(iter(self.choices.values()))

    @property
    def eager(self) -> Work:
        """Return the headline source with all of its files made at upload."""
        _, eager, *_ = self.choices.values()
        return eager

    def items(self, work: Work) -> tuple[Item, ...]:
        """Return the bill of one source at upload."""
        return bill(work, factor=self.factor)

    def upload(self, work: Work, architecture: Architecture = Architecture.ARM) -> float:
        """Return what uploads cost."""
        return total(bill(work, architecture, factor=self.factor))

    def first(self, requests: float, architecture: Architecture = Architecture.ARM) -> float:
        """Return what the first requests of lazy files cost."""
        return first_requests_dollars(self.lazy, requests, architecture, factor=self.factor)

    def together(self, requests: float) -> float:
        """Return what uploads and first requests cost."""
        return self.upload(self.default) + self.first(requests)

    def lazy_bytes(self, requests: float) -> float:
        """Return the bytes that first requests have stored of a source."""
        return sum(share_asked_for(requests, each.share) * each.size_bytes for each in self.lazy)

    def kept(self, requests: float) -> float:
        """Return the dollars a month for keeping what uploads and first requests have stored."""
        return monthly(self.default.variant_bytes) + lazy_monthly(self.lazy, requests)

    def most_requests_of_target(self) -> float:
        """Return up to how many requests a source the target holds."""
        return most_requests(self.together, TARGET_DOLLARS)

    def most_requests_of_lazy(self, months: int) -> float:
        """Return up to how many requests a source lazy costs no more than all files at upload.

        With what is stored kept for so many months.
        """
        eager = self.upload(self.eager) + months * monthly(self.eager.variant_bytes)
        return most_requests(partial(self._in_months, months), eager)

    def _in_months(self, months: int, requests: float) -> float:
        return self.together(requests) + months * self.kept(requests)


def alone(work: Work) -> Work:
    """Return the work of the same source alone in its batch."""
    return replace(work, share=1, idle_seconds=work.idle_seconds / work.share)
