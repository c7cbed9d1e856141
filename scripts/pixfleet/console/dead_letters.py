"""The pages of failures: causes, the dead letters of one, trials, redrives and deletions."""

from pathlib import Path
from threading import Thread

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scripts.pixfleet.console.forms import confirmed_number
from scripts.pixfleet.console.site import UNAVAILABLE, Site, problem_lines, site_of
from scripts.pixfleet.dlq.delete import create_copy_file, delete_dead_letters
from scripts.pixfleet.dlq.records import Redrive, new_redrive_id
from scripts.pixfleet.dlq.sampling import NextStep, by_cause
from scripts.pixfleet.dlq.selection import Selection, select
from scripts.pixfleet.dlq.view import CAUSES
from scripts.pixfleet.image.runbook import advice
from scripts.pixfleet.stack.access import AwsError
from scripts.pixfleet.stack.causes import RedriveHelps, facts_of
from shared.model.errors import Misconfigured, PixfleetError

ON_A_PAGE = 60
TRIED = 3
RATE = 10.0
OK, SEE_OTHER = 200, 303
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
    _selection(name)  # refuses what is no cause
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
        queue = site.queue()
        samples = queue.sample(_selection(name), TRIED)
        found = by_cause(samples, queue.trials(samples) if samples else ())
        return {"causes": found, "next_steps": NEXT_STEPS}

    return site.part("cause_trials.html", request, read)


def redrive_form(request: Request) -> Response:
    """Return what a redrive of a cause would send, and the form that asks for the number."""
    return _form(request, "redrive", "Send back")


def delete_form(request: Request) -> Response:
    """Return what a deletion would delete, and the form that asks for the number."""
    return _form(request, "delete", "Delete for good")


def redrive(request: Request, form: FormData) -> Response:
    """Send the dead letters of a cause back, and show what becomes of them."""
    site, name = site_of(request), str(request.path_params["cause"])
    with site.changing:
        redrive_id = site.running.get(name) or _start_redrive(site, name, form)
    return RedirectResponse(f"/redrives/{redrive_id}", SEE_OTHER)


def _start_redrive(site: Site, name: str, form: FormData) -> str:
    selection, queue = _selection(name), site.queue()
    confirmed_number(form, len(queue.count(selection)))
    redriver = queue.redriver(RATE)
    record = Redrive(redriver.id, selection.description)
    queue.records.write(record)
    site.running[name] = redriver.id

    def run() -> None:
        try:
            with queue.scan() as scan:
                tally = redriver.run(scan, selection, lambda _: None)
            queue.records.write(msgspec.structs.replace(record, sent=tally.sent))
        except Exception as error:  # noqa: BLE001 - the page shows any
            site.interrupted[redriver.id] = problem_lines(error)
        finally:
            site.running.pop(name, None)
            site.failures.forget()

    # At ten a second it may take minutes; the page shows what the records and the ledger say. A
    # redrive that ends with the console loses nothing: see scripts/pixfleet/dlq/redrive.py.
    Thread(target=run, name="redrive", daemon=True).start()
    return redriver.id


def delete(request: Request, form: FormData) -> Response:
    """Delete the dead letters of a cause, each after it was copied to a file."""
    site, name = site_of(request), str(request.path_params["cause"])
    queue = site.queue()
    count = queue.count(_selection(name))
    confirmed_number(form, len(count))
    copy = Path(f"pixfleet-deleted-{new_redrive_id(site.clock.now())}.jsonl").absolute()
    handled: list[int] = []
    values: dict[str, object] = {"copy": str(copy), "cause": name, "problems": []}
    status = OK
    try:
        with create_copy_file(copy) as file, queue.scan() as scan:
            deleted = delete_dead_letters(scan, count.ids, file, handled.append)
    except (PixfleetError, *AwsError) as error:
        if not handled:
            raise
        deleted, status = sum(handled), UNAVAILABLE
        values["problems"] = problem_lines(error)
    site.failures.forget()
    return site.page("deleted.html", request, {**values, "deleted": deleted}, status)


def redrive_page(request: Request) -> Response:
    """Return the page that follows a redrive."""
    return site_of(request).page("redrive.html", request, {"id": _redrive_id(request)})


def redrive_status(request: Request) -> Response:
    """Return what became of the messages of a redrive so far."""
    site, redrive_id = site_of(request), _redrive_id(request)

    def read() -> dict[str, object]:
        return {
            "status": site.queue().status(redrive_id),
            "id": redrive_id,
            "interrupted": site.interrupted.get(redrive_id, []),
        }

    return site.part("redrive_status.html", request, read)


def _form(request: Request, action: str, verb: str) -> Response:
    site, name = site_of(request), str(request.path_params["cause"])

    def read() -> dict[str, object]:
        count = site.queue().count(_selection(name))
        return {"count": count, "action": action, "verb": verb, "cause": name, "titles": CAUSES}

    return site.part("confirm.html", request, read)


def _selection(cause: str) -> Selection:
    return select(cause, "", (), everything=False)


def _redrive_id(request: Request) -> str:
    found = str(request.path_params["id"])
    if not found.replace("-", "").isalnum():
        raise Misconfigured(
            "There is no such redrive", [f"expected the id of a redrive, got {found!r}"]
        )
    return found
