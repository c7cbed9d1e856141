"""Redrives and deletions: their forms, what they do, and what becomes of a redrive."""

from contextlib import nullcontext
from pathlib import Path
from threading import Thread

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scripts.pixfleet.console.confirmations import CONFIRMATION_FIELD, Shown
from scripts.pixfleet.console.dead_letters import last_of, selection_of
from scripts.pixfleet.console.failures import COUNTING_POLICY
from scripts.pixfleet.console.redrives import Run
from scripts.pixfleet.console.site import UNAVAILABLE, Site, problem_lines, site_of
from scripts.pixfleet.dlq.delete import create_copy_file, delete_dead_letters
from scripts.pixfleet.dlq.queue import SCAN_POLICY
from scripts.pixfleet.dlq.records import Redrive, new_redrive_id
from scripts.pixfleet.dlq.selection import Counted
from scripts.pixfleet.dlq.view import CAUSES
from scripts.pixfleet.stack.access import AwsError
from scripts.pixfleet.stack.dead_letter_scan import Coverage
from shared.model.errors import Misconfigured, PixfleetError

RATE = 10.0
REDRIVE, DELETE = "redrive", "delete"
OK, SEE_OTHER = 200, 303


def redrive_form(request: Request) -> Response:
    """Return what a redrive of a cause would send, and the form that asks for the number."""
    return _form(request, REDRIVE, "Send back")


def delete_form(request: Request) -> Response:
    """Return what a deletion would delete, and the form that asks for the number."""
    return _form(request, DELETE, "Delete for good")


def redrive(request: Request, form: FormData) -> Response:
    """Send the dead letters that the form has counted back, and show what becomes of them."""
    site, name = site_of(request), str(request.path_params["cause"])
    form_id = str(form.get(CONFIRMATION_FIELD, ""))

    def start() -> Run:
        return _start_redrive(site, site.confirmations.take(form, REDRIVE, name), form_id)

    run = site.redrives.started_or(name, form_id, start)
    return RedirectResponse(f"/redrives/{run.id}", SEE_OTHER)


def _start_redrive(site: Site, shown: Shown, form_id: str) -> Run:
    selection = Counted(shown.ids, selection_of(shown.cause).description)
    queue = site.queue(SCAN_POLICY)
    queue.alone = nullcontext()  # it takes minutes, and the pages say what they could not read
    redriver = queue.redriver(RATE)
    # Written here, too: if S3 refuses it, nothing is sent, and the answer says why.
    queue.records.write(Redrive(redriver.id, selection.description))
    run = Run(redriver.id, shown.cause, form_id, len(shown.ids), redriver.tally)

    def work() -> None:
        try:
            queue.redrive(redriver, selection, lambda _: None)
        except Exception as error:  # noqa: BLE001 - the page shows any
            run.problems = problem_lines(error)
        finally:
            run.is_running = False
            site.failures.forget()

    # At ten a second it may take minutes; the page shows what the records and the ledger say. A
    # redrive that ends with the console loses nothing: see scripts/pixfleet/dlq/redrive.py.
    Thread(target=work, name="redrive", daemon=True).start()
    return run


def delete(request: Request, form: FormData) -> Response:
    """Delete the dead letters that the form has counted, each after it was copied to a file."""
    site, name = site_of(request), str(request.path_params["cause"])
    shown = site.confirmations.take(form, DELETE, name)
    copy = Path(f"pixfleet-deleted-{new_redrive_id(site.clock.now())}.jsonl").absolute()
    handled: list[int] = []
    values: dict[str, object] = {"copy": str(copy), "cause": name, "problems": []}
    status = OK
    try:
        with create_copy_file(copy) as file, site.queue(SCAN_POLICY).scan() as scan:
            deleted = delete_dead_letters(scan, shown.ids, file, handled.append)
    except (PixfleetError, *AwsError) as error:
        if not handled:
            raise
        deleted, status = sum(handled), UNAVAILABLE
        values["problems"] = problem_lines(error)
    site.failures.forget()
    values |= {"deleted": deleted, "confirmed": len(shown.ids)}
    return site.page("deleted.html", request, values, status)


def redrive_page(request: Request) -> Response:
    """Return the page that follows a redrive."""
    return site_of(request).page("redrive.html", request, {"id": _redrive_id(request)})


def redrive_status(request: Request) -> Response:
    """Return what became of the messages of a redrive so far."""
    site, redrive_id = site_of(request), _redrive_id(request)

    def read() -> dict[str, object]:
        partial = list[Coverage]()
        queue = site.queue(COUNTING_POLICY, partial.append)
        status = queue.status(redrive_id)
        run = site.redrives.of(redrive_id)
        return {"status": status, "id": redrive_id, "run": run, "coverage": last_of(partial)}

    return site.part("redrive_status.html", request, read)


def _form(request: Request, action: str, verb: str) -> Response:
    site, name = site_of(request), str(request.path_params["cause"])

    def read() -> dict[str, object]:
        partial = list[Coverage]()
        count = site.queue(COUNTING_POLICY, partial.append).count(selection_of(name))
        shown = Shown(action, name, count.ids)
        return {
            "count": count,
            "action": action,
            "verb": verb,
            "cause": name,
            "titles": CAUSES,
            "coverage": last_of(partial),
            "seconds": len(count) / RATE,
            "confirmation_field": CONFIRMATION_FIELD,
            "confirmation": site.confirmations.add(shown) if site.may_act else "",
        }

    return site.part("confirm.html", request, read)


def _redrive_id(request: Request) -> str:
    found = str(request.path_params["id"])
    if not found.replace("-", "").isalnum():
        raise Misconfigured(
            "There is no such redrive", [f"expected the id of a redrive, got {found!r}"]
        )
    return found
