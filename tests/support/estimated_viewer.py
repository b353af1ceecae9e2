"""A viewer as the estimate of its bandwidth sees it: what it is sent, and what it reports."""

from __future__ import annotations

from liverelay.sfu.bandwidth import BandwidthEstimator


class EstimatedViewer:
    """Sends at a steady rate to one viewer and carries its reports, four times a second."""

    def __init__(self, sent_bps: float) -> None:
        self.estimator = BandwidthEstimator()
        self.now = 10.0
        self.sent_bps = sent_bps
        self.padding_bps = 0.0
        self._octets = self._padding = 0.0
        self.estimator.on_sent(0, 0, self.now)
        self.send(seconds=2.0)

    @property
    def budget_bps(self) -> float | None:
        return self.estimator.budget_bps

    def send(self, seconds: float = 0.25) -> None:
        for _ in range(round(seconds * 20)):
            self.now += 0.05
            self._octets += self.sent_bps * 0.05 / 8
            self._padding += self.padding_bps * 0.05 / 8
            if self.padding_bps:
                self.estimator.on_probe(self.now)
            self.estimator.on_sent(int(self._octets), int(self._padding), self.now)

    def report(self, *estimates: float) -> None:
        for estimate in estimates:
            self.send()
            self.estimator.on_estimate(estimate, self.now)

    def lose(self, fraction: float) -> None:
        self.send(seconds=1.0)
        self.estimator.on_loss(fraction, self.now)


def limited_viewer() -> EstimatedViewer:
    """Return a viewer of 250 kbit/s whose trouble was a while ago."""
    viewer = EstimatedViewer(sent_bps=1_000_000)
    viewer.report(1_500_000, 250_000)
    viewer.sent_bps = 200_000
    viewer.report(*(250_000 * 1.02**step for step in range(12)))
    return viewer
