"""Sign-in errors: one line that says what is wrong and what to do."""

import httpx
import pytest

from aad_assets.errors import SignInError
from aad_assets_tests.fake_graph import run

from .issuer import SECRET, FakeIdentity, sign_in_failure, source


@pytest.mark.parametrize(
    ("code", "description", "advice"),
    [
        (7000215, "Invalid client secret provided.", "AAD_CLIENT_SECRET is wrong. Paste the secret's value, not its ID"),
        (7000222, "The provided client secret keys are expired.", "AAD_CLIENT_SECRET has expired"),
        (700016, "Application with identifier 'app' was not found.", "AAD_CLIENT_ID is not known in this tenant"),
        (700027, "The certificate is not registered.", "The certificate of AAD_CLIENT_CERTIFICATE_PATH is not"),
        (
            700027,
            "Failed [Reason - The key used is expired.]",
            "The certificate of AAD_CLIENT_CERTIFICATE_PATH is not the one uploaded to the app, or has expired. Upload",
        ),
        (65001, "The user or administrator has not consented.", "Grant admin consent"),
        (70025, "The client has no configured federated identity credentials.", "The app has no federated credential at all"),
        (7000229, "The client is missing service principal.", "The app has no service principal in this tenant"),
        (50076, "You must use multi-factor authentication.", "A conditional access policy requires multi-factor"),
        (53003, "Access has been blocked.", "A conditional access policy blocks this app"),
        (500011, "The resource principal was not found.", "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong"),
    ],
)
def test_a_failed_sign_in_says_in_one_line_what_to_do(
    identity: FakeIdentity, code: int, description: str, advice: str
) -> None:
    identity.tokens = [sign_in_failure(code, description)]
    with pytest.raises(SignInError) as caught:
        run(source(identity).token())
    shown = str(caught.value)
    assert caught.value.code == f"AADSTS{code}"
    assert shown.startswith(f"Sign-in failed: AADSTS{code}: {description.rstrip('.')} (trace id 0d1f2a1e-")
    assert f"). {advice}" in shown
    assert "\n" not in shown
    assert "Correlation" not in shown
    assert len(identity.forms) == 1, "a retry would not help"


@pytest.mark.parametrize("work", ["token", "tenant_id"])
def test_an_unknown_tenant_names_its_setting(identity: FakeIdentity, work: str) -> None:
    identity.discovery = [sign_in_failure(90002, "Tenant 'contoso.example' not found.", "invalid_tenant", 400)]
    with pytest.raises(SignInError, match=r"AADSTS90002: Tenant 'contoso.example' not found .*AAD_TENANT_ID") as caught:
        run(getattr(source(identity), work)())
    assert caught.value.code == "AADSTS90002"
    assert identity.forms == [], "no credential is sent to a tenant that does not exist"


def test_an_oauth_error_without_a_code_is_shown_as_it_is(identity: FakeIdentity) -> None:
    identity.tokens = [httpx.Response(400, json={"error": "invalid_scope"})]
    with pytest.raises(
        SignInError, match=r"^Sign-in failed: invalid_scope\. Check AAD_TENANT_ID, .*AAD_AUTHORITY_URL\.$"
    ) as caught:
        run(source(identity).token())
    assert caught.value.code == "invalid_scope"


def test_the_trace_id_is_also_found_in_the_description(identity: FakeIdentity) -> None:
    description = "AADSTS50105: Not assigned. Trace ID: abc-1 Correlation ID: 2 Timestamp: 2026-01-01 00:00:00Z"
    identity.tokens = [httpx.Response(400, json={"error": "invalid_grant", "error_description": description})]
    with pytest.raises(SignInError, match=r"AADSTS50105: Not assigned \(trace id abc-1\)\. The account is not"):
        run(source(identity).token())


def test_a_long_description_is_shortened_and_shows_no_start_of_a_secret(identity: FakeIdentity) -> None:
    identity.tokens = [sign_in_failure(7000215, "x" * 470 + SECRET + "x" * 100_000)]
    with pytest.raises(SignInError) as caught:
        run(source(identity).token())
    assert "x***x" in str(caught.value)
    assert len(str(caught.value)) < 800
