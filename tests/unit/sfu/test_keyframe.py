from liverelay.sfu.keyframe import KeyframeThrottle


def test_subscribers_joining_together_cost_one_pli() -> None:
    throttle = KeyframeThrottle(min_interval=0.5)

    sent = [throttle.request(now=10.0 + i / 1000) for i in range(100)]

    assert sum(sent) == 1


def test_request_in_the_quiet_period_is_sent_when_it_ends() -> None:
    throttle = KeyframeThrottle(min_interval=0.5)
    throttle.request(now=10.0)

    assert not throttle.request(now=10.1)
    assert throttle.deadline() == 10.5
    assert throttle.handle_timeout(now=10.5)
    assert throttle.deadline() is None


def test_owed_request_is_forgotten_when_a_keyframe_comes() -> None:
    throttle = KeyframeThrottle(min_interval=0.5)
    throttle.request(now=10.0)
    throttle.request(now=10.1)

    throttle.on_keyframe()

    assert throttle.deadline() is None
    assert not throttle.handle_timeout(now=10.5)
