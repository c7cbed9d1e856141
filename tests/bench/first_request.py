"""Measures the first request of a lazy rung against the least work that answers it.

`python -m tests.bench.first_request` asks the renderer, called directly, for the 640 rung of a
24-megapixel JPEG in WebP, which it makes and stores. Its CPU time, of the process and of its
render child, is divided by that of

- the decode and the cascade down to that rung, by the engine's own code;
- one encode: the encoder call whose bytes are those of the answer;
- one PUT of these bytes, by boto3.

Both are measured alternately. AWS answers from memory, so networks and TLS are not measured. Exits
with 1 if the ratio is over 1.3.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch
from urllib.parse import quote

from scripts.local.stack import create_ledger, create_serving
from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.deadline import Deadline
from shared.imaging.canvases import canvases
from shared.imaging.render import Accepted, Encoded, accept
from shared.imaging.vips import harden
from shared.model.codec import Codec
from shared.model.keys import stored_key
from shared.model.limits import Limits
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, Slot
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from tests.bench.busy import ENVIRONMENT
from tests.bench.first_request_aws import OnDemandAws
from tests.bench.floor import Call, digest_of, recorded_calls
from tests.bench.pictures import camera_picture
from tests.bench.problem import CannotBench
from tests.simulator.tables import Tables
from worker.renderer.context import RendererContext, build_context
from worker.renderer.request import read_request
from worker.renderer.serve import serve

KEY, FILE = "camera.jpg", ("w640", Slot.WEBP)
NAME = f"{FILE[0]}.{FILE[1]}"
GOAL = 1.3
ROUNDS = 7
BUILD = Path("build/bench")


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """A renderer, what it is asked for, and the AWS that it calls."""

    data: bytes
    context: RendererContext
    aws: OnDemandAws
    recipe: Recipe
    source: Source

    def answer(self) -> tuple[float, bytes]:
        """Return the CPU seconds of a first request, and the bytes of the answer."""
        self._publish()
        path = f"/{quote(stored_key(KEY, NAME))}"
        deadline = Deadline.after(25, self.context.clock)
        began = time.process_time(), self._child_seconds()
        response = serve(lambda: read_request("GET", path, "", {}), self.context, deadline)
        seconds = time.process_time() - began[0] + self._child_seconds() - began[1]
        if not self.aws.stored:
            raise CannotBench(f"Expected an object that is stored, got {response.status}.")
        self.aws.stored.clear()
        return seconds, response.body

    def _publish(self) -> None:
        """Write the entry of a published picture without the rung, in tables that are new."""
        self.aws.tables = Tables()
        create_ledger(self.aws.tables, "ledger")  # type: ignore[arg-type] # as boto3's
        create_serving(self.aws.tables, "serving")  # type: ignore[arg-type] # as boto3's
        ledger = self.context.ledger.within(Deadline.never(self.context.clock))
        claim = ledger.claim(KEY, lease_seconds=60, may_store=("w640.avif",))
        ledger.commit(
            claim,
            {
                "etag": self.source.etag,
                "identity": self.source.identity,
                "source_bytes": len(self.data),
                "recipe": self.recipe.name,
                "fingerprint": self.recipe.fingerprint,
                "engine": ENGINE_VERSION,
                "version": version_token(self.source, self.recipe),
                "variants": ["w640.avif"],
            },
        )

    def _child_seconds(self) -> float:
        with self.context.render_pool.child(wait_seconds=60) as child:
            child.await_ready()
            return child._process._cpu_seconds()


def measured(request: FirstRequest, rounds: int) -> Mapping[str, float]:
    """Return the median CPU seconds of the answer and of each part of the least work."""
    _, body = request.answer()
    accepted, encode = _encode_of(request, body)
    parts: dict[str, Callable[[], object]] = {
        "decode and cascade": lambda: _canvas(accepted),
        "encode": encode.repeat,
        "put": lambda: _put(request, body),
    }
    seconds: dict[str, list[float]] = {"answer": [], **{name: [] for name in parts}}
    for _ in range(rounds):
        seconds["answer"].append(request.answer()[0])
        for name, run in parts.items():
            began = time.process_time()
            run()
            seconds[name].append(time.process_time() - began)
    return {name: median(found) for name, found in seconds.items()}


def ratio_of(seconds: Mapping[str, float]) -> float:
    """Return the CPU time of the answer divided by that of the least work."""
    return seconds["answer"] / sum(value for name, value in seconds.items() if name != "answer")


def main(rounds: int = ROUNDS) -> int:
    """Measure and print; 1 if the goal is missed."""
    harden()
    data = camera_picture(BUILD).data
    with TemporaryDirectory() as folder, patch.dict(os.environ, ENVIRONMENT):
        request = first_request(data, Path(folder))
        try:
            with redirect_stderr(StringIO()):  # the log lines, which cost their CPU all the same
                configure_logging("json", fleet="bench")
                seconds = measured(request, rounds)
        finally:
            request.context.render_pool.close()
    for name, value in seconds.items():
        print(f"{name:20} {value:.3f} s")
    ratio = ratio_of(seconds)
    print(f"first request / least work: {ratio:.2f} (≤ {GOAL})")
    return int(ratio > GOAL)


def first_request(data: bytes, folder: Path) -> FirstRequest:
    """Return a renderer of the default recipe, with one source."""
    recipes = folder / "recipes.json"
    recipes.write_text(json.dumps(recipes_document()))
    settings = read_settings(
        {
            "PIXFLEET_FLEET": "bench",
            "PIXFLEET_SOURCES_BUCKET": "sources",
            "PIXFLEET_VARIANTS_BUCKET": "variants",
            "PIXFLEET_LEDGER_TABLE": "ledger",
            "PIXFLEET_DEAD_LETTER_QUEUE": "dead",
            "PIXFLEET_RECIPES": str(recipes),
            "PIXFLEET_ON_DEMAND": "true",
            "PIXFLEET_SERVING_TABLE": "serving",
            "PIXFLEET_RENDER_CHILDREN": "1",
        }
    )
    context, aws = build_context(settings), OnDemandAws(data)
    aws.connect(context)
    recipe = context.recipes.matching(KEY)
    assert recipe
    return FirstRequest(data, context, aws, recipe, Source(KEY, aws.etag.strip('"'), len(data)))


def _encode_of(request: FirstRequest, body: bytes) -> tuple[Accepted, Call]:
    """Return the accepted source, and the encoder call that gives the answer's bytes."""
    accepted = accept(request.data, request.recipe, Limits(), only=FILE)
    with recorded_calls() as calls:
        files = [made for made in accepted.render() if isinstance(made, Encoded)]
    (made,) = files
    wanted = digest_of(body)
    encode = next((call for call in calls if call.digest == wanted), None)
    if made.codec is not Codec.WEBP or encode is None or digest_of(encode.repeat()) != wanted:
        raise CannotBench("Expected one encoder call that gives the bytes of the answer.")
    return accepted, encode


def _canvas(accepted: Accepted) -> None:
    """Draw the pixels of the rung, by the cascade of the engine."""
    plan = accepted.plan
    last = next(at for at, each in enumerate(plan.renditions) if each.has(*FILE))
    drawn = canvases(
        accepted.data,
        plan.header,
        plan.renditions[: last + 1],
        overlay=accepted.overlay.decoded(),
        background=accepted.recipe.background,
    )
    *_, canvas = drawn
    canvas.image.copy_memory()


def _put(request: FirstRequest, body: bytes) -> None:
    context = request.context
    objects = context.objects.within(Deadline.never(context.clock))
    fingerprint = request.recipe.fingerprint
    objects.put_at_request(request.source, fingerprint, FILE, Codec.WEBP, body, is_lazy=True)
    request.aws.stored.clear()


def _arguments(arguments: Sequence[str]) -> int:
    return int(arguments[0]) if arguments else ROUNDS


if __name__ == "__main__":
    sys.exit(main(_arguments(sys.argv[1:])))
