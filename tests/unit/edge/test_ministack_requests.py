from dataclasses import dataclass, field
from types import SimpleNamespace

from scripts.local.edge.clock import SettableClock
from scripts.local.edge.edge import Edge
from scripts.local.edge.function_urls import FORBIDDEN, NEEDED
from scripts.local.edge.ministack_requests import use_edge
from tests.unit.edge.fake_ministack import (
    DISTRIBUTION,
    FakeCloudFront,
    OriginTimeout,
    OriginUnreachable,
)
from tests.unit.edge.fakes import START, run


@dataclass
class Corrected:
    """A CloudFront with an edge, and how it answers."""

    cloudfront: FakeCloudFront
    edge: Edge = field(default_factory=lambda: Edge(SettableClock(lambda: START)))
    module: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.module = self.cloudfront.module()
        use_edge(self.module, self.cloudfront.lambda_functions(), self.edge)

    async def get(self, path: str = "/a.jpg", **headers: str) -> tuple[int, str, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, found, body = await self.module.handle_viewer_request(
            DISTRIBUTION, "GET", path, path, "", named, self.module
        )
        return status, found["X-Cache"].removesuffix(" from cloudfront"), body

    @property
    def asked(self) -> list[str]:
        return [name for name, _ in self.cloudfront.fetched]


def test_the_second_request_is_a_hit() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": 200}))

        assert await edge.get() == (200, "Miss", b"variants")
        assert await edge.get() == (200, "Hit", b"variants")
        assert edge.asked == ["variants"]

    run(scenario)


def test_a_missing_object_is_made_by_a_signed_request_to_the_function_url() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": 403, "renderer": 200}))
        edge.cloudfront.allow(*NEEDED)

        assert await edge.get() == (200, "Miss", b"renderer")
        assert edge.asked == ["variants", "renderer"]
        of_bucket, of_function = (headers for _, headers in edge.cloudfront.fetched)
        assert "authorization" not in of_bucket
        assert of_function["authorization"].startswith("AWS4-HMAC-SHA256")

    run(scenario)


def test_with_one_permission_of_two_the_function_url_is_forbidden() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": 403, "renderer": 200}))
        edge.cloudfront.allow(NEEDED[0])

        assert await edge.get() == (403, "Error", FORBIDDEN)
        assert edge.asked == ["variants"]

    run(scenario)


def test_each_behaviour_has_its_own_origin_and_policy() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"renderer": 200}))
        edge.cloudfront.allow(*NEEDED)
        for _ in range(2):
            assert await edge.get("/api/a") == (200, "Miss", b"renderer")

        assert edge.asked == ["renderer"] * 2

    run(scenario)


def test_an_origin_without_response_is_cloudfronts_error_page() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": OriginTimeout()}))
        late = await edge.get("/late.jpg")
        edge.cloudfront.responses["variants"] = OriginUnreachable()
        lost = await edge.get("/lost.jpg")

        assert late == (504, "Error", b"<p>error</p>")
        assert lost == (502, "Error", b"<p>error</p>")
        assert edge.asked == ["variants"] * 6

    run(scenario)


def test_the_accepted_encodings_are_part_of_the_key_and_sent_in_normal_form() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": 200}))
        for accepted in ("gzip, br", "br;q=1, gzip;q=0.3", ""):
            await edge.get(accept_encoding=accepted)

        sent = [headers.get("accept-encoding") for _, headers in edge.cloudfront.fetched]
        assert sent == ["gzip", None]

    run(scenario)


def test_a_function_that_fails_after_the_fetch_keeps_its_x_cache() -> None:
    async def scenario() -> None:
        edge = Corrected(FakeCloudFront({"variants": 200}, x_cache="Error from cloudfront"))

        assert [(await edge.get())[1] for _ in range(2)] == ["Error", "Error"]

    run(scenario)


def test_an_answer_without_fetch_keeps_its_x_cache() -> None:
    async def scenario() -> None:
        cloudfront = FakeCloudFront({})
        module = cloudfront.module()

        async def generated(*_: object) -> tuple[int, dict[str, str], bytes]:
            return 400, {"X-Cache": "FunctionGeneratedResponse from cloudfront"}, b""

        module.handle_viewer_request = generated
        use_edge(module, cloudfront.lambda_functions(), Edge())
        _, headers, _ = await module.handle_viewer_request({}, "GET", "/", "/", "", {})

        assert headers["X-Cache"] == "FunctionGeneratedResponse from cloudfront"

    run(scenario)
