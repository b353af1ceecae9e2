"""`/metrics`: what a Prometheus server gets, and who gets it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from liverelay.setting import Endpoint
from liverelay.transport.counters import CloseReason
from liverelay.transport.ice import CONSENT_LIFETIME
from liverelay.transport.peer_transport import HANDSHAKE_TIMEOUT
from tests.support.events import listening
from tests.support.media_server import KEY, MediaServer, serving
from tests.support.peer import RTX, VIDEO, Peer
from tests.support.snippets import snippets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prometheus_client.core import Metric

pytestmark = [pytest.mark.network, pytest.mark.asyncio]

TOKEN = "a-token-of-metrics"
DOCS = Path(__file__).parents[2] / "docs"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

# What prometheus.io/docs/practices/naming and promtool ask for.
NAME = re.compile(r"[a-z][a-z0-9_]*")
BASE_UNITS = {"seconds", "bytes"}
OTHER_UNITS = re.compile(r"_(milliseconds|ms|microseconds|minutes|kilobytes|kb|bits|percent)(_|$)")


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MediaServer]:
    async with serving(tmp_path, metrics_token=TOKEN) as running:
        yield running


async def get(
    server: MediaServer, bearer: str | None = TOKEN, accept: str = "*/*", url: str = ""
) -> tuple[int, str]:
    """Return status and text of a scrape."""
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    async with server.http.get(url or f"{server.server.url}/metrics", headers=headers) as response:
        return response.status, await response.text()


async def scrape(server: MediaServer) -> dict[str, Metric]:
    """Return what is exposed, by its name; counters without their suffix."""
    status, text = await get(server)
    assert status == 200
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    """Return one sample of the server's own metrics."""
    full = f"liverelay_{name}"
    (found,) = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == full and sample.labels == labels
    ]
    return found


async def test_media_and_its_peers_are_counted(server: MediaServer) -> None:
    room = await server.create_room()
    await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewers = [await server.watch(room["tokens"]["subscribe"]) for _ in range(2)]
    frames = [publisher.send_frame(is_keyframe=True), publisher.send_frame()]
    for viewer in viewers:
        await viewer.wait_for(VIDEO, frames[-1])
    viewers[0].send_pli(viewers[0].ssrc_of("video"))
    await publisher.wait_for_pli()

    metrics = await scrape(server)

    size = sum(map(len, frames))
    assert value(metrics, "rooms") == 2
    assert value(metrics, "peers", role="publisher") == 1
    assert value(metrics, "peers", role="subscriber") == 2
    assert value(metrics, "sessions") == 3
    assert value(metrics, "inbound_rtp_packets_total") == 2
    assert value(metrics, "inbound_rtp_payload_bytes_total") == size
    assert value(metrics, "outbound_rtp_packets_total") == 4
    assert value(metrics, "outbound_rtp_payload_bytes_total") == 2 * size
    assert value(metrics, "keyframe_requests_received_total") == 1
    assert value(metrics, "keyframe_requests_sent_total") == 1
    assert value(metrics, "udp_sent_datagrams_total") == server.counters.sent
    assert value(metrics, "udp_sent_bytes_total") > 2 * size
    assert value(metrics, "udp_received_datagrams_total") > 10
    assert value(metrics, "udp_received_bytes_total") > size
    assert value(metrics, "connections_total") == 3
    assert value(metrics, "join_duration_seconds_count") == 3
    assert 0 < value(metrics, "join_duration_seconds_sum") < 10
    assert 1 <= value(metrics, "forwarding_duration_seconds_count") <= 2
    assert value(metrics, "forwarding_duration_seconds_sum") > 0


async def test_losses_and_their_repair_are_counted(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    packet = await viewer.wait_for(VIDEO, publisher.send_frame(is_keyframe=True))
    viewer.send_nack(packet.ssrc, packet.sequence_number)
    await viewer.wait_for(RTX, packet.sequence_number.to_bytes(2, "big") + packet.payload)
    lost = publisher.skip_frame()
    publisher.send_frame()
    await publisher.wait_for_nack()
    await viewer.wait_for(VIDEO, publisher.send_again(lost))

    metrics = await scrape(server)

    assert value(metrics, "nacks_received_total") == 1
    assert value(metrics, "outbound_rtp_retransmitted_packets_total") == 1
    assert value(metrics, "nacks_sent_total") >= 1
    assert value(metrics, "inbound_rtp_retransmitted_packets_total") == 1
    assert value(metrics, "inbound_rtp_packets_total") == 2


async def test_ends_are_counted_by_why(server: MediaServer) -> None:
    tokens = (await server.create_room())["tokens"]
    await server.publish(tokens["publish"])
    viewer = await server.watch(tokens["subscribe"])
    closed, now = server.counters.closed, asyncio.get_running_loop().time()

    viewer.close()
    await server.until(lambda: closed[CloseReason.PEER] == 1)
    impostor = Peer("subscribe", tokens["subscribe"])
    own = impostor.client.identity.fingerprint()[1]
    reply = await server.offer("subscribe", impostor.token, impostor.offer.replace(own, own[::-1]))
    impostor.accept(reply.body)
    await server.until(lambda: closed[CloseReason.WRONG_FINGERPRINT] == 1)
    impostor.close()
    await server.offer("subscribe", tokens["subscribe"])
    server.worker._on_alarm(now + HANDSHAKE_TIMEOUT + 5)
    server.worker._on_alarm(now + CONSENT_LIFETIME + 5)

    metrics = await scrape(server)
    counted = {each: value(metrics, "connections_closed_total", reason=each) for each in closed}
    assert {reason for reason, count in counted.items() if count} == {
        CloseReason.PEER,
        CloseReason.WRONG_FINGERPRINT,
        CloseReason.NO_CHECK,
        CloseReason.CONSENT_EXPIRED,
    }


async def test_nothing_is_uncounted_when_its_room_has_gone(server: MediaServer) -> None:
    room = await server.create_room()
    publisher = await server.publish(room["tokens"]["publish"])
    viewer = await server.watch(room["tokens"]["subscribe"])
    await viewer.wait_for(VIDEO, publisher.send_frame(is_keyframe=True))
    publisher.video.payload_type = 126
    publisher.send_frame()
    await server.until(lambda: server.worker.drops().total() > 0)

    await server.request("DELETE", f"/v1/rooms/{room['id']}")

    metrics = await scrape(server)
    assert value(metrics, "sessions") == 0
    assert value(metrics, "inbound_rtp_packets_total") == 1
    assert value(metrics, "outbound_rtp_packets_total") == 1
    assert value(metrics, "inbound_rtp_packets_dropped_total", reason="unknown_payload_type") == 1
    assert value(metrics, "connections_closed_total", reason="local") == 2


async def test_strangers_are_counted_by_what_they_sent(server: MediaServer) -> None:
    server.worker._mux.receive(b"\x80\x60" + bytes(20), ("192.0.2.1", 9), 0.0)

    metrics = await scrape(server)

    assert value(metrics, "udp_received_datagrams_dropped_total", reason="srtp_stranger") == 1


async def test_listeners_to_events_are_counted(server: MediaServer) -> None:
    async with listening(server.http, server.server.url, KEY) as events:
        await events.until("snapshot")

        metrics = await scrape(server)

    assert value(metrics, "event_listeners") == 1
    assert value(metrics, "event_listeners_overrun_total") == 0


async def test_process_and_event_loop_are_measured(server: MediaServer) -> None:
    while not value(await scrape(server), "event_loop_lag_seconds_count"):
        pass

    metrics = await scrape(server)

    assert metrics["process_resident_memory_bytes"].samples[0].value > 1_000_000
    assert metrics["process_cpu_seconds"].samples[0].value > 0
    assert metrics["liverelay_build_info"].samples[0].labels == {"version": "0.2.0"}


async def test_names_and_units_are_as_prometheus_wants_them(server: MediaServer) -> None:
    metrics = await scrape(server)

    own = {name: family for name, family in metrics.items() if name.startswith("liverelay_")}
    assert len(own) > 20
    for name, family in own.items():
        assert NAME.fullmatch(name)
        assert family.documentation.endswith(".")
        assert not OTHER_UNITS.search(name)
        assert family.type in {"counter", "gauge", "histogram", "info"}
        if family.type == "histogram":
            assert name.endswith("_seconds")
        if family.type == "counter":
            assert all(sample.name == f"{name}_total" for sample in family.samples)
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= {"role", "reason", "outcome", "feature", "le", "version"}


async def test_openmetrics_is_spoken_to_who_asks_for_it(server: MediaServer) -> None:
    _, text = await get(server, accept=OPENMETRICS)

    families = list(parse_openmetrics(text))  # type: ignore[no-untyped-call]
    assert text.endswith("# EOF\n")
    assert {sample.name for family in families for sample in family.samples} >= {
        "liverelay_build_info",
        "liverelay_connections_total",
        "liverelay_join_duration_seconds_bucket",
    }


@pytest.mark.parametrize("version", ["x", "1.x", "1.0.x", "9" * 5000])
@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain"])
async def test_version_that_is_none_is_answered_all_the_same(
    server: MediaServer, kind: str, version: str
) -> None:
    status, text = await get(server, accept=f"{kind}; version={version}")

    assert status == 200
    assert "liverelay_rooms 0.0" in text


async def test_every_metric_is_documented_and_nothing_else(server: MediaServer) -> None:
    page = (DOCS / "metrics.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(liverelay_\w+)", page, re.M))

    exposed = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in (await scrape(server)).values()
        if family.name.startswith("liverelay_")
    }

    assert documented == exposed


def queries_of_the_dashboard() -> list[str]:
    dashboard = json.loads((DOCS / "grafana.json").read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def queries_of_the_alerts() -> list[str]:
    page = (DOCS / "metrics.md").read_text("utf-8")
    return re.findall(r"^\| `([^`]*\brate\([^`]+)`", page, re.M)


@pytest.mark.parametrize(
    ("queries", "at_least"), [(queries_of_the_dashboard(), 12), (queries_of_the_alerts(), 4)]
)
async def test_every_metric_that_is_queried_exists(
    server: MediaServer, queries: list[str], at_least: int
) -> None:
    queried = {name for query in queries for name in re.findall(r"(?<!\$)\b[a-z]+_[a-z_]+", query)}

    families = (await scrape(server)).values()
    exposed = {sample.name for family in families for sample in family.samples}
    labels = [sample.labels for family in families for sample in family.samples]
    other_words = {word for each in labels for label in each.items() for word in label}
    assert len(queries) >= at_least
    assert queried - other_words - {"histogram_quantile"} <= exposed


@pytest.mark.parametrize("bearer", [TOKEN, KEY])
async def test_token_of_the_metrics_and_api_keys_may_read(server: MediaServer, bearer: str) -> None:
    status, text = await get(server, bearer)

    assert status == 200
    assert "liverelay_rooms 0.0" in text


async def test_documented_prometheus_may_read(tmp_path: Path) -> None:
    (snippet,) = snippets("yaml", pages=["docs/metrics.md"])
    (job,) = yaml.safe_load(snippet.text)["scrape_configs"]
    token = job.pop("authorization")["credentials"]

    async with serving(tmp_path, metrics_token=token) as server:
        # `authorization` means a bearer token unless it says otherwise, and the path is /metrics.
        status, _ = await get(server, token)

    assert status == 200
    # The rest is where the server is.
    assert set(job) == {"job_name", "scheme", "static_configs"}


@pytest.mark.parametrize(
    ("bearer", "code"),
    [
        (None, "auth_header_missing"),
        ("a-token-of-nothing", "api_key_invalid"),
        ("schl\udcfcssel", "api_key_invalid"),
    ],
)
async def test_nobody_else_may(server: MediaServer, bearer: str | None, code: str) -> None:
    status, text = await get(server, bearer)

    assert (status, json.loads(text)["error"]) == (401, code)


async def test_token_of_the_metrics_opens_nothing_else(server: MediaServer) -> None:
    reply = await server.request("GET", "/v1/rooms", bearer=TOKEN)

    assert reply.error == (401, "api_key_invalid")


async def test_without_a_token_only_keys_may_read(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        assert (await get(server, TOKEN))[0] == 401
        assert (await get(server, KEY))[0] == 200


async def test_listener_of_its_own_serves_anyone_and_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path, metrics_bind=Endpoint("127.0.0.1", 0)) as server:
        url = server.server.metrics_url
        status, text = await get(server, None, url=url)
        elsewhere, _ = await get(server, None, url=url.replace("/metrics", "/health"))

    assert (status, elsewhere) == (200, 404)
    assert "liverelay_rooms 0.0" in text
    assert url.startswith("http://127.0.0.1:")
