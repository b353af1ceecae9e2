"""A connectivity check on our own port, as a peer would send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioice import stun

if TYPE_CHECKING:
    from liverelay.transport.ice import IceCredentials

_PRIORITY = 2130706431


class SelfCheck:
    """One binding request (RFC 8445 section 7.2.2) and the recognition of its answer."""

    def __init__(self, credentials: IceCredentials) -> None:
        message = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{credentials.ufrag}:doctor",
                "PRIORITY": _PRIORITY,
                "ICE-CONTROLLING": 1,
            },
        )
        message.add_message_integrity(credentials.pwd.encode())
        self._transaction_id = message.transaction_id
        self.request = bytes(message)

    def is_answered_by(self, datagram: bytes) -> bool:
        """Return whether `datagram` is the success response to this check."""
        try:
            message = stun.parse_message(datagram)
        except ValueError:
            return False
        return (
            message.transaction_id == self._transaction_id
            and message.message_class == stun.Class.RESPONSE
        )
