import pytest

from liverelay.sfu.sent_log import SentLog, SentLogs


def filled(*samples: tuple[float, int]) -> SentLog:
    logs = SentLogs()
    for at, octets in samples:
        if logs.is_due(at):
            logs.add(octets, 0, 0, at)
    return logs.media


def test_rate_is_that_of_the_time_asked_for() -> None:
    log = filled((10.0, 0), (10.5, 1000), (11.0, 5000))

    assert log.bitrate_bps(10.0, 10.5) == 16_000
    assert log.bitrate_bps(10.5, 11.0) == 64_000


def test_rate_between_samples_is_interpolated() -> None:
    log = filled((10.0, 0), (11.0, 1000), (12.0, 3000))

    assert log.bitrate_bps(10.5, 11.5) == 12_000


def test_nothing_is_taken_to_be_sent_after_the_last_sample() -> None:
    assert filled((10.0, 0), (11.0, 1000)).bitrate_bps(10.0, 12.0) == 4_000


@pytest.mark.parametrize(("start", "end"), [(9.9, 10.5), (10.5, 10.5)])
def test_there_is_no_rate_before_all_samples_nor_of_no_time(start: float, end: float) -> None:
    assert filled((10.0, 0), (11.0, 1000)).bitrate_bps(start, end) is None


def test_empty_log_has_no_rate() -> None:
    assert SentLogs().media.bitrate_bps(0.0, 1.0) is None


def test_old_samples_are_forgotten() -> None:
    log = filled(*((10.0 + i / 10, 100 * i) for i in range(100)))

    assert log.bitrate_bps(15.0, 16.0) is None
    assert log.bitrate_bps(16.0, 17.0) == pytest.approx(8_000)


def test_samples_at_one_moment_count_once() -> None:
    log = filled((10.0, 0), (10.001, 500), (10.5, 1000))

    assert log.bitrate_bps(10.0, 10.5) == 16_000
    assert log.bitrate_bps(10.0, 10.001) == pytest.approx(16_000)
