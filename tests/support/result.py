"""What a load test may have found."""

from __future__ import annotations

from liverelay.loadtest.figures import Lows, Spread
from liverelay.loadtest.result import Result

RESULT = Result(
    room_ids=("room",),
    publishers=1,
    subscribers=10,
    connected=9,
    with_media=9,
    watching=9,
    stalled=0,
    failures={"unavailable": 1},
    seconds=10.0,
    packets=990,
    octets=1_000_000,
    lost=10,
    answer=Spread(0.01, 0.02, 0.03),
    first_media=Spread(0.1, 0.2, 0.3),
    latency=Spread(0.001, 0.005, 0.009),
    viewer_bitrate=Lows(90.0, 80.0, 70.0),
    own_cpu=0.5,
    is_interrupted=False,
)
