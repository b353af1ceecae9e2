"""Chromium publishes over a network that loses packets; what is watched is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.browser import PUBLISH, SUBSCRIBE, replace_port, wait_until, wait_until_playing
from tests.support.network import Conditions
from tests.support.udp_proxy import running_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

VIDEO = """async (type) => {
  const report = [...(await session.stats()).report.values()];
  // One for each size that is sent.
  const entries = report.filter((entry) => entry.type === type && entry.kind === 'video');
  const sum = (name) => entries.reduce((total, entry) => total + (entry[name] ?? 0), 0);
  return {
    framesDecoded: sum('framesDecoded'),
    packetsLost: sum('packetsLost'),
    nackCount: sum('nackCount'),
    retransmittedPacketsSent: sum('retransmittedPacketsSent'),
  };
}"""


def video_stats(page: Page, kind: str) -> dict[str, int]:
    stats: dict[str, int] = page.evaluate(VIDEO, kind)
    return stats


def test_losses_of_a_publisher_are_repaired(
    server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    publisher, viewer = open_tab(), open_tab()
    with running_proxy(("127.0.0.1", urlsplit(server.url).port or 0)) as proxy:
        replace_port(publisher, proxy.port)
        publisher.evaluate(PUBLISH, tokens["publish"])
        viewer.evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_playing(viewer)
        before = video_stats(viewer, "inbound-rtp")["framesDecoded"]

        proxy.to_server.conditions = Conditions(loss=0.05, delay=0.02)
        wait_until(
            viewer,
            f"async count => (await ({VIDEO})('inbound-rtp')).framesDecoded >= count",
            arg=before + 150,
            seconds=20.0,
        )

        sent, received = video_stats(publisher, "outbound-rtp"), video_stats(viewer, "inbound-rtp")
        assert proxy.to_server.lost > 20
        assert sent["nackCount"] > 5
        assert sent["retransmittedPacketsSent"] > 5
        assert received["packetsLost"] <= 2
