"""A system without the fast way of sending still serves, and says what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liverelay.transport.kernel import BatchSupport
from tests.support.server import running_api

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.asyncio]


async def test_what_the_system_lacks_is_in_the_log_in_health_and_in_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lacking = BatchSupport(True, False, "the kernel has no UDP GSO")
    monkeypatch.setattr("liverelay.server.worker.batch_support", lambda: lacking)

    with caplog.at_level("WARNING"):
        async with running_api(tmp_path) as api:
            answer = await api.request("GET", "/health")
            metrics = (await api.request("GET", "/metrics")).body.decode()

    assert answer.json["limitations"] == ["the kernel has no UDP GSO"]
    assert 'liverelay_udp_send_feature{feature="gso"} 0.0' in metrics
    assert 'liverelay_udp_send_feature{feature="sendmmsg"} 1.0' in metrics
    assert "the kernel has no UDP GSO" in caplog.text


async def test_nothing_is_said_where_nothing_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "liverelay.server.worker.batch_support", lambda: BatchSupport(True, True, "")
    )

    async with running_api(tmp_path) as api:
        answer = await api.request("GET", "/health")

    assert set(answer.json) == {"status", "version", "rooms_active", "subscribers_active"}
