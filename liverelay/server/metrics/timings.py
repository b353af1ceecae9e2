"""The durations that a server observes; where each bucket ends is chosen for what it would mean."""

from __future__ import annotations

from liverelay.server.metrics.histogram import Histogram

# A frame lasts 33 ms; 1 ms is a small room, 10 ms one of hundreds, and above that jitter is felt.
_FORWARDING = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)

# ICE and DTLS take two to three round trips; after 10 s they have failed.
_JOIN = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Timings:
    """One server's histograms.

    `forwarding`: from reading a burst of packets to having handed all copies to the kernel, one
    observation for each burst. `join`: from the offer to the end of the DTLS handshake. `lag`: how
    late a timer rang.
    """

    def __init__(self) -> None:
        self.forwarding = Histogram(_FORWARDING)
        self.join = Histogram(_JOIN)
        self.lag = Histogram(_LAG)
