"""Findings as text, and progress while a probe runs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from aad_assets.catalog import CATALOG, Entity
from aad_assets.commands import probing
from aad_assets.errors import ErrorResponse
from aad_assets.graph.probing.findings import Finding, Report, Status

RESPONSE = ErrorResponse(403, "Forbidden", "No,\nnot you.", "req-7", "GET /users")
USERS, RISKY = CATALOG["users"], CATALOG["risky_users"]
PARENT = "its parent groups cannot be read"


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding(USERS, Status.READABLE), "readable"),
        (Finding(USERS, Status.READABLE, note="no parents to try"), "readable (no parents to try)"),
        (Finding(USERS, Status.PERMISSION, ("A.Read", "B.Read"), response=RESPONSE), "permission missing: A.Read, B.Read"),
        (Finding(USERS, Status.PERMISSION, ("A.Read",), PARENT, RESPONSE), f"permission missing: A.Read ({PARENT})"),
        (
            Finding(USERS, Status.REFUSED, response=RESPONSE),
            "permissions granted, but rejected: GET /users returned 403 Forbidden: No, not you. (request-id req-7)",
        ),
        (
            Finding(USERS, Status.READABLE, empty_columns={"city": ("A.Read", "B.Read"), "mail": ("C.Read",)}),
            "readable, but these columns stay empty: city without A.Read or B.Read, mail without C.Read",
        ),
        (Finding(USERS, Status.PERSON), "needs a signed-in person (AAD_AUTH=delegated)"),
        (
            Finding(USERS, Status.NOT_AVAILABLE, response=RESPONSE),
            "not available in this tenant or cloud: GET /users returned 403 Forbidden: No, not you. (request-id req-7)",
        ),
        (
            Finding(USERS, Status.ROLE, response=RESPONSE),
            "directory role missing: Global Reader (GET /users returned 403 Forbidden: No, not you. (request-id req-7))",
        ),
        (Finding(RISKY, Status.LICENCE, response=RESPONSE), "licence missing: Microsoft Entra ID P2"),
        (
            Finding(USERS, Status.LICENCE, response=RESPONSE),
            "licence missing: GET /users returned 403 Forbidden: No, not you. (request-id req-7)",
        ),
        (
            Finding(USERS, Status.CLOUD, response=RESPONSE),
            "not in this cloud: GET /users returned 403 Forbidden: No, not you. (request-id req-7)",
        ),
        (
            Finding(USERS, Status.ERROR, response=RESPONSE),
            "error: GET /users returned 403 Forbidden: No, not you. (request-id req-7)",
        ),
        (Finding(USERS, Status.ERROR, note="A row without an id."), "error: A row without an id."),
    ],
)
def test_a_finding_is_described_in_one_line(finding: Finding, text: str) -> None:
    assert probing.describe_finding(finding) == text


def test_a_long_probe_prints_its_progress(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def probe_tenant(
        connection: Any, entities: Sequence[Entity], *, sample: bool, on_finding: Callable[[Finding], None]
    ) -> Report:
        findings = [Finding(entity, Status.READABLE) for entity in entities]
        for finding in findings:
            on_finding(finding)
            for _ in range(3):
                await asyncio.sleep(0)
        return Report("t", None, findings, None)

    monkeypatch.setattr(probing, "probe_tenant", probe_tenant)
    monkeypatch.setattr(probing, "_PROGRESS_SECONDS", 0)
    report = probing.probe(None, [USERS, RISKY])  # type: ignore[arg-type]

    assert [finding.entity for finding in report.findings] == [USERS, RISKY]
    captured = capsys.readouterr()
    assert "  tried 1 of 2 entities …\n" in captured.err
    assert "  tried 2 of 2 entities …\n" in captured.err
    assert captured.out == ""
