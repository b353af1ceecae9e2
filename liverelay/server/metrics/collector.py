"""The server's own counters, given to Prometheus when it asks.

Nothing counts for this: what the server counts anyway is read at each scrape. There is no label
for rooms, peers or sessions, which would be series without number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector
from typing_extensions import override

import liverelay
from liverelay.server.webhook import WebhookCounters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from liverelay.server.context import ServerContext
    from liverelay.server.metrics.histogram import Histogram
    from liverelay.sfu.totals import MediaTotals

_PREFIX = "liverelay_"


class ServerCollector(Collector):
    """Reads one server; `totals` are its worker's, which take a while."""

    def __init__(self, context: ServerContext, totals: MediaTotals) -> None:
        self._context = context
        self._totals = totals

    @override
    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(
            _PREFIX + "build", "The version that runs.", {"version": liverelay.__version__}
        )
        yield from self._presence()
        yield from _media(self._totals)
        yield from self._datagrams()
        yield from self._connections()
        yield from self._listeners()
        yield from self._webhook()
        yield from self._durations()

    def _presence(self) -> Iterator[Metric]:
        sessions = self._context.sessions
        yield _gauge("rooms", "Rooms that exist.", self._context.catalogue.room_count)
        peers = {"publisher": sessions.publisher_total(), "subscriber": sessions.subscriber_total()}
        yield _labelled_gauge("peers", "Connected sessions that send, or receive.", "role", peers)
        yield _gauge("sessions", "Sessions, connected or on their way.", len(sessions))

    def _datagrams(self) -> Iterator[Metric]:
        counters, udp = self._context.worker.counters, self._context.worker.udp
        yield _counter("udp_received_datagrams", "Datagrams received.", udp.datagrams_received)
        yield _counter("udp_received_bytes", "Bytes of those.", udp.octets_received)
        yield _counter("udp_sent_datagrams", "Datagrams sent.", counters.sent)
        yield _counter("udp_sent_bytes", "Bytes of those.", counters.sent_octets)
        yield _labelled(
            "udp_received_datagrams_dropped",
            "Datagrams received that went no further.",
            "reason",
            {reason.value: count for reason, count in counters.dropped.items()},
        )
        yield _labelled(
            "udp_sent_datagrams_dropped",
            "Datagrams not sent: the socket buffer was full, the kernel refused, or the peer was "
            "not ready.",
            "reason",
            {
                "full": counters.unsent_full,
                "failed": counters.unsent_failed,
                "unready": counters.unsent_unready,
            },
        )
        batching = self._context.worker.batching
        yield _labelled_gauge(
            "udp_send_feature",
            "What many datagrams are sent at once with: 1, or 0 where this system lacks it.",
            "feature",
            {"sendmmsg": batching.has_sendmmsg, "gso": batching.has_segmentation},
        )
        yield _labelled(
            "inbound_rtp_packets_dropped",
            "Packets of known peers that were not forwarded.",
            "reason",
            {reason.value: count for reason, count in self._context.worker.drops().items()},
        )

    def _connections(self) -> Iterator[Metric]:
        counters = self._context.worker.counters
        yield _counter("connections", "Sessions whose DTLS handshake is done.", counters.connected)
        yield _labelled(
            "connections_closed",
            "Sessions that ended, by why: those that failed in ICE or DTLS are among them.",
            "reason",
            {reason.value: count for reason, count in counters.closed.items()},
        )

    def _listeners(self) -> Iterator[Metric]:
        context = self._context
        yield _gauge("http_connections", "HTTP connections that are open.", len(context.acceptor))
        yield _counter(
            "http_connections_refused",
            "HTTP connections beyond those that may be open.",
            context.acceptor.refused,
        )
        yield _gauge("event_listeners", "Clients of /v1/events.", len(context.events))
        yield _counter(
            "event_listeners_overrun",
            "Listeners to events that did not keep up.",
            context.event_counters.overrun,
        )

    def _webhook(self) -> Iterator[Metric]:
        webhook = self._context.webhook
        counters = WebhookCounters() if webhook is None else webhook.counters
        yield _labelled(
            "webhook_events",
            "Events that were delivered, given up, or more than could wait.",
            "outcome",
            {
                "delivered": counters.delivered,
                "failed": counters.failed,
                "overflowed": counters.overflowed,
            },
        )
        yield _counter(
            "webhook_failed_attempts", "Attempts to deliver that failed.", counters.failed_attempts
        )
        yield _gauge(
            "webhook_pending_events",
            "Events that are not delivered yet.",
            0 if webhook is None else len(webhook),
        )

    def _durations(self) -> Iterator[Metric]:
        timings = self._context.timings
        yield _histogram(
            "forwarding_duration_seconds",
            "From reading a burst of packets to having handed all copies to the kernel.",
            timings.forwarding,
        )
        yield _histogram(
            "join_duration_seconds",
            "From a session's offer to the end of its DTLS handshake.",
            timings.join,
        )
        yield _histogram(
            "event_loop_lag_seconds", "How late a timer rang, four times a second.", timings.lag
        )


def _media(totals: MediaTotals) -> Iterator[Metric]:
    for name, text, value in (
        ("inbound_rtp_packets", "Media packets from publishers.", totals.packets_received),
        ("inbound_rtp_payload_bytes", "Payload of those.", totals.bytes_received),
        (
            "inbound_rtp_retransmitted_packets",
            "Packets from publishers that came as retransmissions.",
            totals.retransmitted_packets_received,
        ),
        ("outbound_rtp_packets", "Media packets to subscribers.", totals.packets_sent),
        ("outbound_rtp_payload_bytes", "Payload of those.", totals.bytes_sent),
        (
            "outbound_rtp_retransmitted_packets",
            "Packets to subscribers that were sent again.",
            totals.retransmitted_packets_sent,
        ),
        ("nacks_received", "NACK messages from subscribers.", totals.nacks_received),
        ("nacks_sent", "NACK messages to publishers.", totals.nacks_sent),
        (
            "keyframe_requests_received",
            "PLI and FIR messages from subscribers.",
            totals.keyframe_requests_received,
        ),
        (
            "keyframe_requests_sent",
            "PLI and FIR messages to publishers.",
            totals.keyframe_requests_sent,
        ),
    ):
        yield _counter(name, text, value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, text, value=value)


def _labelled_gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, text, value=value)


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(
        _PREFIX + name, text, buckets=histogram.buckets(), sum_value=histogram.sum
    )
