"""The parts of MiniStack's CloudFront that the edge uses, with origins that a test scripts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import fromstring

from tests.unit.edge.configurations import XML

DISTRIBUTION = {"Id": "E1", "ARN": "arn:aws:cloudfront::000000000000:distribution/E1"}
DOMAINS = {"variants": "b.s3.us-east-1.amazonaws.com", "renderer": "x.lambda-url.us-east-1.on.aws"}
POLICY = {
    "MinTTL": 0,
    "DefaultTTL": 60,
    "MaxTTL": 3600,
    "Parameters": {"EnableAcceptEncodingGzip": True},
}
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:renderer:live"


class OriginTimeout(Exception):
    pass


class OriginUnreachable(Exception):
    pass


@dataclass
class FakeCloudFront:
    """`responses` are by the id of an origin: a status or an exception."""

    responses: dict[str, int | Exception]
    x_cache: str = "Miss from cloudfront"
    statements: list[dict[str, Any]] = field(default_factory=list)
    fetched: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    invalidations: list[dict[str, Any]] = field(default_factory=list)

    def module(self) -> SimpleNamespace:
        """Return what `ministack.services.cloudfront` has."""
        oac = {"SigningBehavior": "always"}
        return SimpleNamespace(
            OriginTimeout=OriginTimeout,
            OriginUnreachable=OriginUnreachable,
            _MANAGED_CACHE_POLICIES={"managed": {"Config": POLICY | {"MaxTTL": 0}}},
            _build_invalidation_xml=lambda parent, one: parent.append(one["Status"]),
            _cache_policies={"own": {"Config": POLICY}},
            _cf_error_response=lambda status, *_: (status, {"X-Cache": ""}, b"<p>error</p>"),
            _create_invalidation=self._create,
            _distributions={"E1": DISTRIBUTION},
            _error=lambda code, message, status: (status, {}, code.encode()),
            _fetch_from_origin=self._fetch,
            _invalidations={"E1": self.invalidations},
            _list_invalidations=lambda _: (200, {}, repr(self.invalidations).encode()),
            _oacs={
                "s3": oac | {"OriginAccessControlOriginType": "s3"},
                "lambda": oac | {"OriginAccessControlOriginType": "lambda"},
            },
            _registered_function_url=lambda origin: (
                origin["domain_name"] if ".lambda-url." in origin["domain_name"] else None
            ),
            handle_viewer_request=self._handle,
            parse_distribution_dataplane_config=self._parse,
        )

    def lambda_functions(self) -> SimpleNamespace:
        """Return what `ministack.services.lambda_svc` has."""
        resolved: tuple[object, ...] = ("000000000000", "eu-west-1", "renderer", "live", {})
        record = {"policy": {"Statement": self.statements}}
        return SimpleNamespace(
            resolve_function_url=lambda url: resolved if url == "x" else None,
            # The functions of the request's own account and region, which is another one.
            _functions={},
            _get_func_record_for_ref_in_scope=lambda name, account_id, region: (
                (record, {}, name) if (account_id, region) == resolved[:2] else (None, None, name)
            ),
        )

    def allow(self, *actions: str) -> None:
        """Add permissions to the function's policy."""
        for action in actions:
            self.statements.append(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudfront.amazonaws.com"},
                    "Action": action,
                    "Resource": FUNCTION,
                }
            )

    def _parse(self, _: object) -> dict[str, Any]:
        origins = {
            name: {"id": name, "domain_name": domain, "oac_id": kind}
            for (name, domain), kind in zip(DOMAINS.items(), ("s3", "lambda"), strict=True)
        }
        default = {"path_pattern": None, "target_origin_id": "both", "cache_policy_id": "own"}
        other = {
            "path_pattern": "/api/*",
            "target_origin_id": "renderer",
            "cache_policy_id": "managed",
        }
        return {"origins": origins, "default_behavior": default, "ordered_behaviors": [other]}

    async def _handle(self, *request: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401
        """Do what MiniStack does around a fetch, with the module that was corrected."""
        distribution, method, path, uri, query, headers, module = request
        parsed = module.parse_distribution_dataplane_config({**distribution, "config_xml": XML})
        is_api = path.startswith("/api/")
        behaviour = parsed["ordered_behaviors"][0] if is_api else parsed["default_behavior"]
        origin = parsed["origins"][behaviour["target_origin_id"]]
        status, _, found, body = await module._fetch_from_origin(
            *(origin, method, uri, query, dict(headers), b""),
            *(True, "127.0.0.1", "", distribution["ARN"]),
        )
        return status, {**found, "X-Cache": self.x_cache}, body

    async def _fetch(
        self,
        origin: Mapping[str, str],
        *request: Any,  # noqa: ANN401
    ) -> tuple[int, str, dict[str, str], bytes]:
        self.fetched.append((origin["id"], request[3]))
        response = self.responses[origin["id"]]
        if isinstance(response, Exception):
            raise response
        return response, "", {"content-type": "image/jpeg"}, origin["id"].encode()

    def _create(self, distribution: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if distribution != "E1":
            return 404, {}, b"NoSuchDistribution"
        batch = fromstring(body)  # noqa: S314 - of a test
        reference = batch.findtext("{*}CallerReference")
        earlier = [e for e in self.invalidations if _reference(e) == reference]
        if not earlier:
            self.invalidations.append(
                {
                    "Id": f"I{len(self.invalidations)}",
                    "Status": "Completed",
                    "InvalidationBatch": {"CallerReference": reference},
                }
            )
        found = (earlier or self.invalidations)[-1]
        return 201, {"Location": f"/2020-05-31/distribution/E1/invalidation/{found['Id']}"}, b""


def _reference(invalidation: Mapping[str, Any]) -> str:
    return str(invalidation["InvalidationBatch"]["CallerReference"])
