"""What `/v1/events` and the statistics of a room tell, as JSON schemas."""

from __future__ import annotations

from typing import Any

from liverelay.sdp.parameters import MediaKind
from liverelay.server.doctor import Level
from liverelay.server.figure_history import INTERVAL, MAX_ENTRIES
from liverelay.server.openapi.parts import (
    COUNT,
    UUID,
    choice,
    list_of,
    nullable,
    record,
    reference,
)
from liverelay.server.sessions import CloseReason, SessionKind, SessionState
from liverelay.store.records import RoomType

_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}


def overview_schemas() -> dict[str, Any]:
    return {
        "Snapshot": record({**_statistics(), "history": reference("History")}),
        "Statistics": record(_statistics()),
        "History": _history(),
        "ServerStatus": _server_status(),
        "UdpStatus": record(
            {
                "port": COUNT,
                "addresses": {"type": "array", "items": _TEXT},
                "buffer_size": COUNT,
                "dropped": {"type": "object", "additionalProperties": COUNT},
                "unsent": record({"full": COUNT, "failed": COUNT, "unready": COUNT}),
            }
        ),
        "Warning": record(
            {"check": _TEXT, "level": choice(Level), "detail": _TEXT, "advice": _TEXT}
        ),
        "Flow": _flow(),
        "RoomStatus": record(
            {
                "room_id": UUID,
                "room_type": choice(RoomType),
                "publisher_count": COUNT,
                "subscriber_count": COUNT,
                "created_at_secs": COUNT,
                "live_secs": nullable(COUNT),
                "inbound": reference("Flow"),
                "outbound": _flow(fraction_lost=nullable(_FRACTION)),
                "publications": list_of("PublicationStatus"),
                "speakers": reference("Speakers"),
            }
        ),
        "PublicationStatus": record(
            {
                "peer_id": UUID,
                "session_id": UUID,
                "kind": choice(MediaKind),
                "streams": list_of("StreamStatus"),
            }
        ),
        "StreamStatus": _stream_status(),
        "RoomStatistics": record({"room_id": UUID, "sessions": list_of("SessionStatistics")}),
        "SessionStatistics": record(
            {
                "session_id": UUID,
                "peer_id": UUID,
                "kind": choice(SessionKind),
                "state": choice(SessionState),
                "age_secs": COUNT,
                "available_outgoing_bitrate": nullable(COUNT),
                "inbound_rtp": {
                    "type": "array",
                    "items": record({"kind": choice(MediaKind), **_inbound_rtp()}),
                },
                "outbound_rtp": {"type": "array", "items": record(_outbound_rtp())},
            }
        ),
        "Speakers": _speakers(),
        "RoomChange": record({"room_id": UUID, "room_type": choice(RoomType)}),
        "PeerChange": record(
            {
                "room_id": UUID,
                "peer_id": UUID,
                "session_id": UUID,
                "kind": choice(SessionKind),
                "reason": {"enum": [reason.name.lower() for reason in CloseReason]},
                "age_secs": COUNT,
            },
            optional=("reason", "age_secs"),
        ),
    }


def _statistics() -> dict[str, Any]:
    return {"server": reference("ServerStatus"), "rooms": list_of("RoomStatus")}


def _history() -> dict[str, Any]:
    flow = record({"bitrate_bps": COUNT})
    entry = {"at": COUNT, "inbound": flow, "outbound": flow}
    server = _history_of({**entry, "subscribers_active": COUNT})
    room = _history_of({**entry, "subscriber_count": COUNT})
    return record(
        {
            "interval": {"const": INTERVAL},
            "server": server,
            "rooms": {"type": "object", "propertyNames": UUID, "additionalProperties": room},
        }
    )


def _history_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": record(entry), "maxItems": MAX_ENTRIES}


def _speakers() -> dict[str, Any]:
    speaker = record({"peer_id": UUID, "audio_level": _FRACTION})
    return record({"speaking": {"type": "array", "items": speaker}, "dominant": nullable(UUID)})


def _server_status() -> dict[str, Any]:
    return record(
        {
            "version": _TEXT,
            "uptime_secs": COUNT,
            "rooms_active": COUNT,
            "sessions_active": COUNT,
            "subscribers_active": COUNT,
            "cpu_fraction": nullable(_NUMBER),
            "memory_size": COUNT,
            "event_loop_lag_secs": _NUMBER,
            "inbound": reference("Flow"),
            "outbound": reference("Flow"),
            "udp": reference("UdpStatus"),
            "warnings": list_of("Warning"),
        }
    )


def _stream_status() -> dict[str, Any]:
    rates = {"bitrate_bps": nullable(COUNT), "fraction_lost": nullable(_FRACTION)}
    return record({**_inbound_rtp(), **rates})


def _inbound_rtp() -> dict[str, Any]:
    return {
        "ssrc": COUNT,
        "mid": _TEXT,
        "rid": nullable(_TEXT),
        "active": {"type": "boolean"},
        "mime_type": nullable(_TEXT),
        "frame_width": nullable(COUNT),
        "frame_height": nullable(COUNT),
        "packets_received": COUNT,
        "bytes_received": COUNT,
        "retransmitted_packets_received": COUNT,
        "packets_lost": {"type": "integer"},
        "jitter": _NUMBER,
        "nack_count": COUNT,
        "pli_count": COUNT,
        "fir_count": COUNT,
    }


def _outbound_rtp() -> dict[str, Any]:
    return {
        "kind": choice(MediaKind),
        "ssrc": COUNT,
        "mid": _TEXT,
        "rid": nullable(_TEXT),
        "active": {"type": "boolean"},
        "mime_type": nullable(_TEXT),
        "frame_width": nullable(COUNT),
        "frame_height": nullable(COUNT),
        "packets_sent": COUNT,
        "bytes_sent": COUNT,
        "retransmitted_packets_sent": COUNT,
        "nack_count": COUNT,
        "pli_count": COUNT,
        "fir_count": COUNT,
        "packets_lost": nullable({"type": "integer"}),
        "fraction_lost": nullable(_FRACTION),
        "jitter": nullable(_NUMBER),
        "round_trip_time": nullable(_NUMBER),
    }


def _flow(**more: dict[str, Any]) -> dict[str, Any]:
    rates = {"packets_per_second": nullable(_NUMBER), "bitrate_bps": nullable(COUNT)}
    return record({**rates, **more})
