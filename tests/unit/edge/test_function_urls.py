import pytest

from scripts.local.edge.function_urls import NEEDED, is_signed, missing_permissions

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:renderer:live"
DISTRIBUTION = "arn:aws:cloudfront::000000000000:distribution/E1"
BY_URL, DIRECT = NEEDED


def statement(action: str, **changed: object) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": action,
        "Resource": FUNCTION,
        "Condition": {"ArnLike": {"AWS:SourceArn": DISTRIBUTION}},
        **changed,
    }


def missing(*statements: dict[str, object]) -> tuple[str, ...]:
    return missing_permissions(statements, function=FUNCTION, distribution=DISTRIBUTION)


def test_both_permissions_are_needed() -> None:
    assert missing(statement(BY_URL), statement(DIRECT)) == ()
    assert missing(statement(BY_URL)) == (DIRECT,)
    assert missing(statement(DIRECT)) == (BY_URL,)
    assert missing() == NEEDED


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Effect": "Deny"}, id="deny"),
        pytest.param({"Principal": {"Service": "s3.amazonaws.com"}}, id="service"),
        pytest.param({"Principal": "*"}, id="everyone-is-no-service"),
        pytest.param({"Resource": FUNCTION.removesuffix(":live")}, id="not-the-alias"),
        pytest.param(
            {"Condition": {"ArnLike": {"AWS:SourceArn": f"{DISTRIBUTION}2"}}}, id="distribution"
        ),
        pytest.param(
            {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}, id="auth-type"
        ),
    ],
)
def test_a_statement_about_another_caller_or_function_does_not_count(
    changed: dict[str, object],
) -> None:
    assert missing(statement(BY_URL), statement(DIRECT, **changed)) == (DIRECT,)


@pytest.mark.parametrize(
    ("kind", "behaviour", "signed_by_viewer", "expected"),
    [
        ("lambda", "always", "no", "yes"),
        ("lambda", "always", "yes", "yes"),
        ("lambda", "no-override", "no", "yes"),
        ("lambda", "no-override", "yes", "no"),
        ("lambda", "never", "no", "no"),
        ("s3", "always", "no", "no"),
    ],
)
def test_the_access_control_decides_who_signs(
    kind: str, behaviour: str, signed_by_viewer: str, expected: str
) -> None:
    control = {"OriginAccessControlOriginType": kind, "SigningBehavior": behaviour}
    headers = {"authorization": "Bearer x"} if signed_by_viewer == "yes" else {}

    assert is_signed(control, headers) is (expected == "yes")


def test_without_access_control_nothing_is_signed() -> None:
    assert not is_signed(None, {})
