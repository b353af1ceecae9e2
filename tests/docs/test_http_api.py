"""docs/http-api.md names every endpoint, every field, and no error code that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liverelay.errors import ErrorCode
from liverelay.server.openapi.document import build_document

# The members of inbound-rtp, outbound-rtp, remote-inbound-rtp and codec in
# https://www.w3.org/TR/webrtc-stats/ that a server which decodes nothing could know.
WEBRTC_STATS = {
    "ssrc", "kind", "mid", "rid", "rtxSsrc", "active", "scalabilityMode",
    "packetsReceived", "bytesReceived", "headerBytesReceived", "packetsLost", "jitter",
    "packetsDiscarded", "lastPacketReceivedTimestamp", "retransmittedPacketsReceived",
    "retransmittedBytesReceived", "framesReceived", "frameWidth", "frameHeight",
    "packetsSent", "bytesSent", "headerBytesSent", "retransmittedPacketsSent",
    "retransmittedBytesSent", "targetBitrate", "framesSent", "nackCount", "pliCount", "firCount",
    "fractionLost", "roundTripTime", "totalRoundTripTime", "roundTripTimeMeasurements",
    "payloadType", "mimeType", "clockRate", "channels", "sdpFmtpLine",
}  # fmt: skip

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
SCHEMAS = build_document()["components"]["schemas"]


def test_errors_that_are_named_exist() -> None:
    lists = re.findall(r"Errors: ([^\n]+)|can be answered ([^\n]+)", PAGE)
    outside_brackets = re.sub(r"\([^)]*\)", "", " ".join(map("".join, lists)))

    named = set(re.findall(r"`([a-z_]+)`", outside_brackets))

    assert len(named) >= 5
    assert named <= {code.value for code in ErrorCode}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, item in build_document()["paths"].items()
        for method in sorted(item.keys() - {"parameters"})
    ],
)
def test_each_endpoint_is_described(method: str, path: str) -> None:
    assert f"`{method} {path}`" in PAGE


@pytest.mark.parametrize(
    ("schema", "field"),
    [(name, field) for name, schema in SCHEMAS.items() for field in schema.get("properties", {})],
)
def test_each_field_is_described(schema: str, field: str) -> None:
    assert re.search(rf"[`\"]{field}[`\"]", PAGE)


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@pytest.mark.parametrize("direction", ["inbound_rtp", "outbound_rtp"])
def test_figures_of_a_stream_have_the_names_of_webrtc_stats(direction: str) -> None:
    streams = SCHEMAS["SessionStatistics"]["properties"][direction]["items"]

    assert {camel_case(field) for field in streams["properties"]} <= WEBRTC_STATS


def test_rates_are_told_apart_from_them() -> None:
    statistics = SCHEMAS["SessionStatistics"]["properties"]["inbound_rtp"]["items"]["properties"]
    rates = SCHEMAS["StreamStatus"]["properties"].keys() - statistics.keys()

    (row,) = re.findall(r"^\| (.*) of `streams` in .* \| rates that", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == rates
