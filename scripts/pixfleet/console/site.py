"""What all pages of the console share: the stack, the operator's clients, the templates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from botocore.exceptions import BotoCoreError, ClientError
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from scripts.pixfleet.console.confirmations import Confirmations
from scripts.pixfleet.console.failures import POLICY, Failures
from scripts.pixfleet.console.guard import CSRF_FIELD, Keys
from scripts.pixfleet.console.pictures import Pictures
from scripts.pixfleet.console.redrives import Runs
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.image.variants import VariantsReader
from scripts.pixfleet.page.environment import environment_of
from scripts.pixfleet.stack.access import message_and_code
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.dead_letter_scan import Coverage, ScanPolicy
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.times import duration, timestamp
from shared.clock import Clock, SystemClock
from shared.cloud.queues import Queues
from shared.model.errors import Misconfigured, Permanent, PixfleetError
from shared.settings import read_settings

TEMPLATES = Path(__file__).with_name("templates")
UNAVAILABLE = 502
BAD_REQUEST = 400


@dataclass
class Site:
    """One console: a stack, and whether its pages may change something (`may_act`)."""

    stack: Stack
    clients: AwsClients
    may_act: bool = False
    keys: Keys = field(default_factory=Keys)
    clock: Clock = field(default_factory=SystemClock)
    confirmations: Confirmations = field(default_factory=Confirmations)
    redrives: Runs = field(default_factory=Runs)
    # A scan hides what it has read: two scans of this console would miss each other's messages.
    scanning: Lock = field(default_factory=Lock)

    def queue(
        self,
        policy: ScanPolicy = POLICY,
        on_partial: Callable[[Coverage], None] = lambda _: None,
    ) -> DeadLetterQueue:
        """Return the dead-letter queue; `on_partial` gets the coverage of an incomplete scan."""
        queue = DeadLetterQueue(self.stack, self.clients, on_partial, self.clock, policy=policy)
        queue.alone = self.scanning
        return queue

    @cached_property
    def queues(self) -> Queues:
        """Return the queues, whose URLs are asked for once."""
        return Queues(self.clients.sqs, self.clients.calls)

    @cached_property
    def failures(self) -> Failures:
        """Return the reader of dead letters."""
        return Failures(self.queue, self.clock, self.scanning)

    @cached_property
    def variants(self) -> VariantsReader:
        """Return the reader of manifests and variants."""
        return VariantsReader(self.clients.s3, self.stack)

    @cached_property
    def pictures(self) -> Pictures:
        """Return what makes pictures for the pages."""
        limits = read_settings(self.stack.environment).limits
        return Pictures(objects_of(self.stack, self.clients), self.variants, limits, self.clock)

    def close(self) -> None:
        """End the render child, if any page has shown a picture."""
        if "pictures" in vars(self):
            self.pictures.close()

    @cached_property
    def _environment(self) -> Environment:
        environment = environment_of(TEMPLATES)
        environment.filters |= {"duration": duration, "timestamp": timestamp}
        return environment

    def page(
        self,
        template: str,
        request: Request,
        values: Mapping[str, object] = MappingProxyType({}),
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page or a part of one."""
        html = self._environment.get_template(template).render(
            **values,
            stack=self.stack,
            may_act=self.may_act,
            csrf_field=CSRF_FIELD,
            csrf=self.keys.csrf,
            path=request.url.path,
        )
        return HTMLResponse(html, status)

    def part(
        self, template: str, request: Request, read: Callable[[], Mapping[str, object]]
    ) -> HTMLResponse:
        """Return a part of a page, or the sentence that says why it is missing.

        One service that refuses takes no other part of the page with it. The status is 200: a
        script would not show the sentence otherwise.
        """
        try:
            return self.page(template, request, read())
        except (PixfleetError, ClientError, BotoCoreError) as error:
            again = f"{request.url.path}?{request.url.query}"
            values = {"problems": problem_lines(error), "again": again}
            return self.page("problem.html", request, values)

    def failed(self, request: Request, error: Exception) -> HTMLResponse:
        """Return the page of an error; 400 for bad input, 502 for what a service refused."""
        status = BAD_REQUEST if isinstance(error, Misconfigured | Permanent) else UNAVAILABLE
        return self.page("failed.html", request, {"problems": problem_lines(error)}, status)


def problem_lines(error: Exception) -> list[str]:
    """Return what the command line would print of an error."""
    cause = error.__cause__
    for each in (error, cause):
        if isinstance(each, ClientError | BotoCoreError):
            return [message_and_code(each)[0]]
    return list(error.lines) if isinstance(error, Misconfigured) else [str(error)]


def site_of(request: Request) -> Site:
    """Return the console that a request is for."""
    site: Site = request.app.state.site
    return site
