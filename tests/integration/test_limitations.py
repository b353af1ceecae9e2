"""A system without the fast way of sending still serves, and says what it lacks."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from liverelay.transport import kernel
from liverelay.transport.kernel import BatchSupport
from tests.support.media_server import serving
from tests.support.peer import VIDEO
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


async def test_device_that_refuses_segments_is_named_and_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not kernel.probe().has_segmentation:
        pytest.skip(kernel.probe().missing)
    monkeypatch.setattr("liverelay.transport.batched_egress._LEAST_BATCH", 1)
    async with serving(tmp_path) as server:
        room = await server.create_room()
        publisher = await server.publish(room["tokens"]["publish"])
        viewer = await server.watch(room["tokens"]["subscribe"])
        await viewer.wait_for(VIDEO, publisher.send_frame(is_keyframe=True))
        send, refusals = kernel.MessageSender.send, iter([errno.EIO, errno.EIO])

        def refuse_at_first(self: kernel.MessageSender, *message: int) -> int:
            if (number := next(refusals, None)) is not None:
                raise OSError(number, "refused")
            return send(self, *message)

        monkeypatch.setattr(kernel.MessageSender, "send", refuse_at_first)
        # Two packets at once, which is one message of two segments.
        frames = [publisher.send_frame() for _ in range(2)]
        for frame in frames:
            await viewer.wait_for(VIDEO, frame)
        health = await server.request("GET", "/health")

    named = "a network device on the way out refuses UDP GSO"
    assert health.body["limitations"] == [named]
    assert named in caplog.text
