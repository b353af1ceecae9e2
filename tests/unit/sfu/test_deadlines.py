from liverelay.sfu.deadlines import DeadlineQueue


def test_keys_come_due_in_order_of_their_deadlines() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue()
    queue.set("b", 2.0)
    queue.set("a", 1.0)
    queue.set("c", 3.0)

    assert queue.next() == 1.0
    assert queue.take_due(2.0) == ["a", "b"]
    assert queue.take_due(2.0) == []
    assert queue.next() == 3.0


def test_later_deadline_replaces_the_earlier_one() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue()
    queue.set("a", 1.0)
    queue.set("a", 2.0)

    assert queue.take_due(1.0) == []
    assert queue.take_due(2.0) == ["a"]
    assert queue.next() is None


def test_discarded_key_is_never_due() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue()
    queue.set("a", 1.0)

    queue.discard("a")
    queue.discard("unknown")

    assert "a" not in queue
    assert queue.next() is None


def test_same_deadline_set_again_takes_no_space() -> None:
    queue: DeadlineQueue[str] = DeadlineQueue()

    for _ in range(1000):
        queue.set("a", 1.0)

    assert len(queue._heap) == 1
