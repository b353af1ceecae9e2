"""Whatever goes wrong while the store is followed, it is followed further."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from liverelay.store.catalogue import Catalogue
from liverelay.utc import unix_now_ns
from tests.support.server import KEY, within_a_second

if TYPE_CHECKING:
    from liverelay.store.catalogue import Scan
    from liverelay.store.store import Store
    from tests.support.server import Api

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.asyncio]


class FaultyCatalogue(Catalogue):
    """A catalogue with a bug that shows in its first scans."""

    def __init__(self, store: Store, faults: int) -> None:
        super().__init__(store)
        self.load(unix_now_ns())
        self.faults = faults

    @override
    def scan(self, now_ns: int) -> Scan:
        # Not yet there while the constructor loads.
        if getattr(self, "faults", 0):
            self.faults -= 1
            raise ZeroDivisionError("a bug")
        return super().scan(now_ns)


async def test_unexpected_failure_is_logged_once_and_watching_goes_on(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = FaultyCatalogue(api.other_process(), faults=2)
    api.context.catalogue = catalogue
    while catalogue.faults:
        await api.request("GET", "/health")

    api.other_process().keys.revoke(KEY[:8])

    await within_a_second(
        lambda: api.request("GET", "/v1/rooms"), lambda answer: answer.status == 401
    )
    errors = _errors(caplog)
    assert [record.message for record in errors] == ["following the store failed; it goes on"]
    assert errors[0].exc_info is not None
    assert errors[0].exc_info[0] is ZeroDivisionError


async def test_rooms_that_cannot_be_read_are_reported_and_keys_revoked_all_the_same(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    store = api.other_process()
    store.rooms.directory.write_text("a file")
    while not (errors := _errors(caplog)):
        await api.request("GET", "/health")

    store.keys.revoke(KEY[:8])

    await within_a_second(
        lambda: api.request("GET", "/v1/rooms"), lambda answer: answer.status == 401
    )
    assert [record.message for record in errors] == [
        f"{store.rooms.directory}: cannot be read: Not a directory"
    ]
    assert _errors(caplog) == errors


def _errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno == logging.ERROR]
