"""Alerts in each format."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.alerts import Alert, FailedCheck, UnpublishedTable

ALERT = Alert(
    "contoso",
    "run-1",
    "reload_directory",
    counts={"published": 97, "blocked": 1, "failed": 1, "skipped": 3},
    tables=[UnpublishedTable("groups", "blocked", "empty", 0, 1_200), UnpublishedTable("user_licenses", "failed")],
    checks=[FailedCheck("users", ("rejects", "rows"))],
)
LINES = [
    "groups: blocked by the gate empty (0 rows read, 1,200 rows stored)",
    "user_licenses: failed",
    "users: its check failed (rejects, rows)",
]


def test_the_message_says_which_run_and_which_tables() -> None:
    assert ALERT.headline == (
        "aad_assets, connection contoso: 1 failed, 1 blocked, 1 failed check (97 published, 3 skipped) "
        "in reload_directory, run run-1"
    )
    assert ALERT.lines == LINES
    assert Alert("aad", "r", "j", "the run died").headline == "aad_assets, connection aad: the run died in j, run r"


def test_the_plain_format_has_everything_as_json() -> None:
    plain = json.loads(json.dumps(ALERT.as_plain()))

    assert plain["text"].splitlines() == [ALERT.headline, *LINES]
    assert (plain["source"], plain["connection"], plain["run_id"], plain["job"]) == (
        "aad_assets",
        "contoso",
        "run-1",
        "reload_directory",
    )
    assert plain["counts"]["published"] == 97
    assert plain["tables"][0] == {
        "table": "groups",
        "status": "blocked",
        "gate": "empty",
        "rows_read": 0,
        "rows_stored": 1_200,
    }
    assert plain["checks"] == [{"asset": "users", "tests": ["rejects", "rows"]}]


def test_slack_gets_text_and_teams_an_adaptive_card() -> None:
    assert ALERT.as_slack() == {"text": "\n".join([f"*{ALERT.headline}*", *(f"• {line}" for line in LINES)])}
    (attachment,) = ALERT.as_teams()["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert [block["text"] for block in attachment["content"]["body"]] == [ALERT.headline, *LINES]


@given(st.text(max_size=40))
def test_slack_finds_no_mention_in_a_message(job: str) -> None:
    text = Alert("aad", "r", job, "the run died").as_slack()["text"]

    assert "<" not in text
    assert ">" not in text


def test_a_message_for_people_names_a_bounded_number_of_tables() -> None:
    tables = [UnpublishedTable(f"table_{number}", "failed") for number in range(180)]
    alert = Alert("aad", "r", "j", counts={"failed": 180}, tables=tables)

    assert len(alert.lines) == 41
    assert alert.lines[-1] == "and 140 more"
    assert len(alert.as_plain()["tables"]) == 180
    assert len(json.dumps(alert.as_teams())) < 28_000, "the limit of Teams"


@pytest.mark.parametrize(
    ("url", "format_"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "slack"),
        ("https://prod-07.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=x", "teams"),
        ("https://default1.a.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/1", "teams"),
        ("https://contoso.webhook.office.com/webhookb2/1", "teams"),
        ("https://alerts.contoso.example/hooks.slack.com", "plain"),
        ("http://127.0.0.1:8080/", "plain"),
    ],
)
def test_the_format_follows_from_the_host(url: str, format_: str) -> None:
    assert ALERT.payload("auto", url) == ALERT.payload(format_, "http://127.0.0.1")
