"""Chromium's own ideas of loss and bandwidth meet the server's, on a network that can be spoilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import PUBLISH, SUBSCRIBE, replace_port, wait_until_playing
from tests.support.fluency import watch
from tests.support.network import Conditions
from tests.support.udp_proxy import running_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

SECONDS = 8.0


@pytest.mark.parametrize("lossy", ["publisher", "viewer"])
def test_picture_survives_a_tenth_of_the_packets_lost_each_way(
    lossy: str, server: LiveServer, open_tab: Callable[[], Page]
) -> None:
    tokens = server.create_room()["tokens"]
    pages = {"publisher": open_tab(), "viewer": open_tab()}
    with running_proxy(("127.0.0.1", server.port)) as proxy:
        replace_port(pages[lossy], proxy.port)
        pages["publisher"].evaluate(PUBLISH, tokens["publish"])
        pages["viewer"].evaluate(SUBSCRIBE, tokens["subscribe"])
        wait_until_playing(pages["viewer"])
        proxy.set_conditions(Conditions(loss=0.1, delay=0.02))

        seen = watch(pages["publisher"], pages["viewer"], SECONDS)

        assert min(proxy.to_client.lost, proxy.to_server.lost) > 5
    assert seen.share >= 0.9
    assert seen.longest_pause <= 1.0
