from __future__ import annotations

from liverelay.transport.deadlines import DeadlineQueue


def test_nothing_is_due_in_an_empty_queue() -> None:
    queue = DeadlineQueue()

    assert queue.deadline() is None
    assert queue.take_due(1e9) == []


def test_keys_come_due_in_order_and_once() -> None:
    queue = DeadlineQueue()
    queue.arm("b", 2.0)
    queue.arm("a", 1.0)

    assert queue.deadline() == 1.0
    assert queue.take_due(2.0) == ["a", "b"]
    assert queue.take_due(2.0) == []


def test_earlier_deadline_replaces_the_later_one() -> None:
    queue = DeadlineQueue()
    queue.arm("a", 10.0)
    queue.arm("a", 1.0)

    assert queue.take_due(1.0) == ["a"]
    assert queue.take_due(10.0) == []


def test_later_deadline_keeps_the_earlier_entry() -> None:
    queue = DeadlineQueue()
    queue.arm("a", 1.0)
    queue.arm("a", 10.0)

    assert queue.deadline() == 1.0


def test_forgotten_key_never_comes_due() -> None:
    queue = DeadlineQueue()
    queue.arm("a", 1.0)
    queue.forget("a")
    queue.forget("unknown")

    assert queue.take_due(1.0) == []
