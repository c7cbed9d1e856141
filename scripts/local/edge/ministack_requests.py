"""Puts the edge into MiniStack's CloudFront, between the functions at the viewer and the origins.

MiniStack 1.5.33 runs CloudFront functions, applies response headers policies and fetches from
origins. It has no cache and no origin groups, and does not sign requests to function URLs. Its
functions are private and untyped, hence Any; the lock file pins its version.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from scripts.local.edge.cache import Outcome
from scripts.local.edge.cache_key import accepted_encodings
from scripts.local.edge.configuration import Configuration
from scripts.local.edge.edge import Edge, Route
from scripts.local.edge.function_urls import FORBIDDEN, SIGNATURE, is_signed, missing_permissions
from scripts.local.edge.messages import Failure, Headers, Request, Response
from scripts.local.edge.origins import Origin
from scripts.local.edge.routes import route

Answer = tuple[int, dict[str, str], bytes]
Fetched = tuple[int, str, dict[str, str | list[str]], bytes]
ROUTE = "pixfleet_route"
X_CACHE = "X-Cache"


@dataclass(slots=True)
class ViewerRequest:
    """The request that is being answered: what the viewer accepts, and how the edge answered."""

    accept_encoding: str
    outcome: Outcome | None = None


_viewer: ContextVar[ViewerRequest] = ContextVar("viewer")


def use_edge(cloudfront: Any, lambda_functions: Any, edge: Edge) -> None:  # noqa: ANN401
    """Replace functions of MiniStack's module `cloudfront`."""
    cloudfront.parse_distribution_dataplane_config = with_routes(
        cloudfront.parse_distribution_dataplane_config,
        lambda name: _policy(cloudfront, name),
    )
    origins = OriginClient(cloudfront, lambda_functions, cloudfront._fetch_from_origin)  # noqa: SLF001
    cloudfront._fetch_from_origin = through_edge(edge, origins)  # noqa: SLF001
    cloudfront.handle_viewer_request = with_outcome(cloudfront.handle_viewer_request)


def with_routes(
    parse: Callable[[Any], dict[str, Any]], policy_of: Callable[[str], Mapping[str, Any] | None]
) -> Callable[[Any], dict[str, Any]]:
    """Return a parser of distributions that gives each behaviour an origin with its route."""

    def parsed(distribution: Any) -> dict[str, Any]:  # noqa: ANN401 - MiniStack's record
        found = parse(distribution)
        configuration = Configuration.of(distribution["config_xml"])
        origins = dict(found["origins"])
        for behaviour in (*found["ordered_behaviors"], found["default_behavior"]):
            policy = policy_of(behaviour["cache_policy_id"])
            built = route(
                distribution["Id"], behaviour, configuration, origins=origins, policy=policy
            )
            if built is not None:
                behaviour["target_origin_id"] = name = f"{ROUTE} {behaviour['path_pattern']}"
                found["origins"][name] = {**built.origins[0].settings, ROUTE: built}
        return found

    return parsed


def through_edge(edge: Edge, origins: "OriginClient") -> Callable[..., Awaitable[Fetched]]:
    """Return a fetch that asks the edge, which asks the origins only if it has to."""

    async def fetched(
        origin: Mapping[str, Any],
        method: str,
        uri: str,
        query: str,
        headers: Headers,
        body: bytes,
        *rest: Any,  # noqa: ANN401
    ) -> Fetched:
        found: Route = origin[ROUTE]
        viewer = _viewer.get()
        request = Request(method, uri, query, headers, body)
        # CloudFront replaces Accept-Encoding by its normalised form where the policy has it.
        if found.key_policy.encodings:
            accepted = accepted_encodings(viewer.accept_encoding, found.key_policy.encodings)
            request = request.without("accept-encoding")
            if accepted:
                request = request.with_headers({"accept-encoding": ",".join(accepted)})
        answer = await edge.answer(found, request, lambda *asked: origins.ask(*asked, rest=rest))
        viewer.outcome = answer.outcome
        response = answer.response
        return response.status, "", dict(response.headers), response.body

    return fetched


def with_outcome(handle: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    """Return a handler whose X-Cache says how the edge answered; MiniStack's always is Miss."""

    async def handled(
        distribution: object,
        method: str,
        path: str,
        uri: str,
        query: str,
        headers: Mapping[str, str],
        *rest: object,
    ) -> Answer:
        viewer = ViewerRequest(headers.get("accept-encoding", ""))
        _viewer.set(viewer)
        status, found, body = await handle(distribution, method, path, uri, query, headers, *rest)
        if viewer.outcome is not None and found.get(X_CACHE) == Outcome.MISS:
            found = {**found, X_CACHE: str(viewer.outcome)}
        return status, found, body

    return handled


@dataclass(frozen=True, slots=True)
class OriginClient:
    """Asks origins by MiniStack's own function, `fetch`."""

    cloudfront: Any
    lambda_functions: Any
    fetch: Callable[..., Awaitable[Fetched]]

    async def ask(self, origin: Origin, request: Request, *, rest: tuple[Any, ...]) -> Response:
        """Ask an origin once; `rest` are MiniStack's other arguments, which end with an ARN.

        It is the ARN of the distribution, which a bucket's or a function's policy names.
        """
        headers = request.headers
        if self._is_signed(origin, headers):
            if self._missing_permissions(origin, str(rest[-1])):
                return Response(403, {"content-type": "application/json"}, FORBIDDEN)
            headers = {**headers, "authorization": SIGNATURE}
        try:
            status, _, found, body = await self.fetch(
                *(origin.settings, request.method, request.uri, request.query),
                *(headers, request.body, *rest),
            )
        except self.cloudfront.OriginTimeout:
            return self._failed(504, Failure.TIMED_OUT)
        except self.cloudfront.OriginUnreachable:
            return self._failed(502, Failure.NO_CONNECTION)
        return Response(status, found, body)

    def _is_signed(self, origin: Origin, headers: Headers) -> bool:
        if self.cloudfront._registered_function_url(origin.settings) is None:  # noqa: SLF001
            return False
        return is_signed(self.cloudfront._oacs.get(origin.settings["oac_id"]), headers)  # noqa: SLF001

    def _missing_permissions(self, origin: Origin, distribution: str) -> tuple[str, ...]:
        """Return which actions the function's policy does not allow the distribution."""
        url = str(origin.settings["domain_name"]).partition(".")[0]
        account, region, name, qualifier, _ = self.lambda_functions.resolve_function_url(url)
        record, _, _ = self.lambda_functions._get_func_record_for_ref_in_scope(  # noqa: SLF001
            name, account_id=account, region=region
        )
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
        return missing_permissions(
            record["policy"]["Statement"],
            function=f"{arn}:{qualifier}" if qualifier else arn,
            distribution=distribution,
        )

    def _failed(self, status: int, failure: Failure) -> Response:
        """Return CloudFront's error page for an origin that sent no response."""
        _, _, page = self.cloudfront._cf_error_response(  # noqa: SLF001
            status, "The request could not be satisfied.", Outcome.ERROR
        )
        return Response(status, {"content-type": "text/html"}, page, failure)


def _policy(cloudfront: Any, name: str) -> Mapping[str, Any] | None:  # noqa: ANN401
    """Return the configuration of a cache policy of the account's or of AWS's."""
    found = cloudfront._cache_policies.get(name) or cloudfront._MANAGED_CACHE_POLICIES.get(name)  # noqa: SLF001
    return found["Config"] if found else None
