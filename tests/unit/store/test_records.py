from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from liverelay.errors import ErrorCode, RefusedError, StoreError
from liverelay.store.records import (
    ApiKey,
    Room,
    RoomType,
    parse_room_type,
    read_api_key,
    read_room,
)

_NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
_KEY_PATH = Path("/data/keys/lr_aebfc.toml")
_ROOM_PATH = Path("/data/rooms/8271274b-fc62-4b73-98c5-40e28b7a1b81.toml")


def _key_record(**changes: Any) -> dict[str, Any]:
    return {"name": "app", "sha256": "ab" * 32, "created_at_utc": _NOON, **changes}


def _room_record(**changes: Any) -> dict[str, Any]:
    return {"type": "broadcast", "created_at_utc": _NOON, **changes}


def test_key_reads_back_from_its_record() -> None:
    key = ApiKey("lr_aebfc", "app", "ab" * 32, _NOON, _NOON + timedelta(days=1))

    assert read_api_key(_KEY_PATH, key.to_record()) == key


def test_live_key_has_no_revocation_in_its_record() -> None:
    key = ApiKey("lr_aebfc", "app", "ab" * 32, _NOON)

    assert "revoked_at_utc" not in key.to_record()
    assert read_api_key(_KEY_PATH, key.to_record()).is_live


def test_room_reads_back_from_its_record() -> None:
    room = Room(_ROOM_PATH.stem, RoomType.CALL, _NOON)

    assert read_room(_ROOM_PATH, room.to_record()) == room


def test_unknown_fields_are_ignored() -> None:
    assert read_room(_ROOM_PATH, _room_record(note="by hand")).room_type is RoomType.BROADCAST


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("name", "name is missing or not a string"),
        ("sha256", "sha256 is missing or not a string"),
        ("created_at_utc", "created_at_utc is missing or not a date and time"),
    ],
)
def test_key_without_a_field_is_damaged(missing: str, sentence: str) -> None:
    record = _key_record()
    del record[missing]

    with pytest.raises(StoreError, match=sentence):
        read_api_key(_KEY_PATH, record)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": 5},
        {"sha256": "short"},
        {"sha256": "é" * 64},
        {"created_at_utc": "yesterday"},
        {"revoked_at_utc": True},
    ],
)
def test_key_with_a_wrong_field_is_damaged(changes: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match=r"/data/keys/lr_aebfc\.toml is damaged"):
        read_api_key(_KEY_PATH, _key_record(**changes))


@pytest.mark.parametrize("changes", [{"type": "party"}, {"type": 1}, {"created_at_utc": 12}])
def test_room_with_a_wrong_field_is_damaged(changes: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="is damaged"):
        read_room(_ROOM_PATH, _room_record(**changes))


def test_time_without_offset_is_utc() -> None:
    room = read_room(_ROOM_PATH, _room_record(created_at_utc=_NOON.replace(tzinfo=None)))

    assert room.created_at_utc == _NOON


def test_time_with_another_offset_is_shown_in_utc() -> None:
    typed = datetime(2026, 5, 4, 14, 0, 0, tzinfo=timezone(timedelta(hours=2)))

    key = read_api_key(_KEY_PATH, _key_record(created_at_utc=typed))

    assert key.to_json()["created_at_utc"] == "2026-05-04T12:00:00+00:00"


def test_time_outside_the_calendar_is_damaged() -> None:
    typed = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))

    with pytest.raises(StoreError, match="created_at_utc is before year 1"):
        read_room(_ROOM_PATH, _room_record(created_at_utc=typed))


def test_age_counts_whole_seconds_and_is_never_negative() -> None:
    room = Room(_ROOM_PATH.stem, RoomType.CALL, _NOON)

    assert room.age(_NOON + timedelta(seconds=120.9)) == 120
    assert room.age(_NOON - timedelta(hours=1)) == 0


def test_room_types_are_the_documented_two() -> None:
    assert [parse_room_type(text) for text in ("broadcast", "call")] == list(RoomType)


@pytest.mark.parametrize("value", ["", "Broadcast", "party", None, 1, [], {}])
def test_unknown_room_type_is_refused(value: object) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_room_type(value)

    assert caught.value.code is ErrorCode.INVALID_REQUEST
