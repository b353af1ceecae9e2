"""A connectivity check from ourselves: does an announced address lead back to this server?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioice import stun

from liverelay.errors import MalformedPacketError
from liverelay.transport.ice import parse_stun

if TYPE_CHECKING:
    from liverelay.sdp.connection import IceCredentials


class BindingProbe:
    """One binding request to a session opened with `credentials`, and what answers it.

    The request nominates nothing, but it is the session's first check all the same: open a session
    for the probe alone.
    """

    def __init__(self, credentials: IceCredentials) -> None:
        self._key = credentials.pwd.encode()
        self._message = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{credentials.ufrag}:probe",
                "PRIORITY": 1,
                "ICE-CONTROLLING": 1,
            },
        )
        self._message.add_message_integrity(self._key)
        self.request = bytes(self._message)

    def reflexive_address(self, datagram: bytes) -> tuple[str, int] | None:
        """Return where the server saw the request come from, or None if this is no answer to it."""
        try:
            response = parse_stun(datagram)
        except MalformedPacketError:
            return None
        if (
            response.message_class != stun.Class.RESPONSE
            or response.transaction_id != self._message.transaction_id
            or not response.check_message_integrity(self._key)
        ):
            return None
        address: tuple[str, int] | None = response.attributes.get("XOR-MAPPED-ADDRESS")
        return address
