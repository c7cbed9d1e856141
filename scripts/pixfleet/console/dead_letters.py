"""The pages of failures: causes, the dead letters of one, and trials."""

from starlette.requests import Request
from starlette.responses import Response

from scripts.pixfleet.console.site import site_of
from scripts.pixfleet.dlq.sampling import NextStep, by_cause
from scripts.pixfleet.dlq.selection import Selection, cause_problems, select
from scripts.pixfleet.dlq.view import CAUSES
from scripts.pixfleet.image.runbook import advice
from scripts.pixfleet.stack.causes import RedriveHelps, facts_of
from scripts.pixfleet.stack.dead_letter_scan import Coverage
from shared.model.errors import Misconfigured

ON_A_PAGE = 60
TRIED = 3
NEXT_STEPS = {
    NextStep.REDRIVE: "Some would be made now: a redrive helps.",
    NextStep.DELETE: "All that were tried would fail again, each for a reason of its own image.",
    NextStep.CHECK_STACK: "A trial failed for a reason outside of the images: see the stack.",
    NextStep.LOOK: "The trials decide nothing: look at the images one by one.",
}


def failures(request: Request) -> Response:
    """Return the page of causes."""
    return site_of(request).page("failures.html", request)


def causes(request: Request) -> Response:
    """Return the table of causes."""
    site = site_of(request)

    def read() -> dict[str, object]:
        return {"groups": site.failures.sample().groups, "titles": CAUSES}

    return site.part("failures_causes.html", request, read)


def cause(request: Request) -> Response:
    """Return the page of one cause; its dead letters are loaded after it."""
    site, name = site_of(request), str(request.path_params["cause"])
    selection_of(name)  # refuses what is no cause
    values = {
        "cause": name,
        "title": CAUSES.get(name, name),
        "facts": facts_of(name),
        "advice": advice(name),
        "redrive_helps": facts_of(name).redrive_helps is not RedriveHelps.NEVER,
    }
    return site.page("cause.html", request, values)


def items(request: Request) -> Response:
    """Return the newest failed images of a cause."""
    site, name = site_of(request), str(request.path_params["cause"])

    def read() -> dict[str, object]:
        sample = site.failures.sample()
        images = sample.of_cause(name)
        return {
            "cause": name,
            "images": images[:ON_A_PAGE],
            "count": len(images),
            "coverage": sample.coverage,
        }

    return site.part("cause_items.html", request, read)


def trials(request: Request) -> Response:
    """Return what the worker would do now with some images of a cause."""
    site, name = site_of(request), str(request.path_params["cause"])

    def read() -> dict[str, object]:
        partial = list[Coverage]()
        queue = site.queue(on_partial=partial.append)
        samples = queue.sample(selection_of(name), TRIED)
        found = by_cause(samples, queue.trials(samples) if samples else ())
        return {"causes": found, "next_steps": NEXT_STEPS, "coverage": last_of(partial)}

    return site.part("cause_trials.html", request, read)


def last_of(partial: list[Coverage]) -> Coverage | None:
    """Return how far the scan looked, None if it read everything."""
    return partial[-1] if partial else None


def selection_of(cause: str) -> Selection:
    """Return the selection of a cause; `Misconfigured` if there is no such cause."""
    if cause_problems(cause):
        raise Misconfigured(
            "There is no such cause", [f"expected a cause that `/failures` shows, got {cause!r}"]
        )
    return select(cause, "", (), everything=False)
