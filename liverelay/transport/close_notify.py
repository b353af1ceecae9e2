"""The last word of a DTLS session, said and understood without the library that spoke until then.

After its handshake a session of media uses DTLS for nothing but close-notify, and OpenSSL holds
70 kB for that (measured, OpenSSL 4.0): twice all else that a viewer costs. The keys of DTLS 1.2
(RFC 6347) are enough to do without.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

if TYPE_CHECKING:
    from OpenSSL import SSL

_VERSION = 0xFEFD  # DTLS 1.2

# RFC 6347 section 4.1: type, version, epoch and sequence number, length.
_RECORD_HEADER = struct.Struct("!BHQH")
_ALERT = 21
_FATAL = 2
_CLOSE_NOTIFY = bytes((1, 0))

_TAG_SIZE = 16
_NONCE_SIZE = 12

# Beyond any number that a handshake has come to; a receiver takes each number once, in any order.
_LAST_NUMBER = (1 << 48) | (1 << 40)  # of epoch 1


@dataclass(frozen=True, slots=True)
class Suite:
    """How a record is sealed: the AEAD, and how much of its nonce each record carries.

    RFC 5288 section 3: AES-GCM's nonce is a salt and the 8 bytes in front of the record. RFC 7905
    section 2: ChaCha20's is an IV, combined with the record's number.
    """

    aead: type[AESGCM | ChaCha20Poly1305]
    key_size: int
    explicit_nonce_size: int

    @property
    def iv_size(self) -> int:
        return _NONCE_SIZE - self.explicit_nonce_size

    def nonce(self, iv: bytes, number: int, explicit: bytes) -> bytes:
        if self.explicit_nonce_size:
            return iv + explicit
        return (int.from_bytes(iv) ^ number).to_bytes(_NONCE_SIZE)


_SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": Suite(AESGCM, 16, 8),
    "ECDHE-RSA-AES128-GCM-SHA256": Suite(AESGCM, 16, 8),
    "ECDHE-ECDSA-CHACHA20-POLY1305": Suite(ChaCha20Poly1305, 32, 0),
    "ECDHE-RSA-CHACHA20-POLY1305": Suite(ChaCha20Poly1305, 32, 0),
}


class CloseNotifier:
    """One end of an established session: makes its close-notify and recognises the peer's.

    `secrets` are the master secret, the client's random and the server's.
    """

    __slots__ = ("_receiving", "_sending", "_suite")

    def __init__(
        self, suite: Suite, secrets: tuple[bytes, bytes, bytes], *, is_client: bool
    ) -> None:
        master_secret, client_random, server_random = secrets
        seed = b"key expansion" + server_random + client_random
        layout = struct.Struct(f"{suite.key_size}s" * 2 + f"{suite.iv_size}s" * 2)
        client_key, server_key, client_iv, server_iv = layout.unpack(
            _expand(master_secret, seed, layout.size)
        )
        client, server = (client_key, client_iv), (server_key, server_iv)
        self._suite = suite
        self._sending, self._receiving = (client, server) if is_client else (server, client)

    def write(self) -> bytes:
        """Return our close-notify; to be called once."""
        suite, (key, iv) = self._suite, self._sending
        explicit = _LAST_NUMBER.to_bytes(8)[: suite.explicit_nonce_size]
        nonce = suite.nonce(iv, _LAST_NUMBER, explicit)
        data = _associated_data(_LAST_NUMBER, len(_CLOSE_NOTIFY))
        body = explicit + suite.aead(key).encrypt(nonce, _CLOSE_NOTIFY, data)
        return _RECORD_HEADER.pack(_ALERT, _VERSION, _LAST_NUMBER, len(body)) + body

    def ends(self, datagram: bytes) -> bool:
        """Return whether the peer says by `datagram` that it has closed, or has failed."""
        alert_size = self._suite.explicit_nonce_size + len(_CLOSE_NOTIFY) + _TAG_SIZE
        place = 0
        while place + _RECORD_HEADER.size <= len(datagram):
            kind, version, number, size = _RECORD_HEADER.unpack_from(datagram, place)
            place += _RECORD_HEADER.size
            body = datagram[place : place + size]
            place += size
            if (kind, version, size) == (_ALERT, _VERSION, alert_size) and len(body) == size:
                alert = self._open(number, body)
                if alert == _CLOSE_NOTIFY or alert[:1] == bytes((_FATAL,)):
                    return True
        return False

    def _open(self, number: int, body: bytes) -> bytes:
        """Return the alert, or nothing if it is not the peer's."""
        suite, (key, iv) = self._suite, self._receiving
        explicit, sealed = body[: suite.explicit_nonce_size], body[suite.explicit_nonce_size :]
        data = _associated_data(number, len(sealed) - _TAG_SIZE)
        try:
            return suite.aead(key).decrypt(suite.nonce(iv, number, explicit), sealed, data)
        except InvalidTag:
            return b""


class Listener(Protocol):
    """The owner of a session, as far as its end is concerned."""

    def send_dtls(self, datagram: bytes) -> None: ...
    def on_dtls_closed(self) -> None: ...


class RetiredSession:
    """What is left of a session after its handshake: it closes, and understands that the peer did.

    It has the methods of the session in whose place it is, and a tenth of its memory.
    """

    __slots__ = ("_close_notifier", "_listener")

    def __init__(self, close_notifier: CloseNotifier, listener: Listener) -> None:
        self._close_notifier = close_notifier
        self._listener = listener

    def receive(self, datagram: bytes) -> bool:
        if self._close_notifier.ends(datagram):
            self._listener.on_dtls_closed()
        return True

    def repeat_first_flight(self) -> bool:
        return False

    def close(self) -> None:
        self._listener.send_dtls(self._close_notifier.write())

    def retire(self) -> RetiredSession:
        return self


def take_over(ssl: SSL.Connection, *, is_client: bool) -> CloseNotifier | None:
    """Return what can end the session of `ssl` in its place, or None for suites not known here."""
    suite = _SUITES.get(ssl.get_cipher_name() or "")
    secrets = ssl.master_key(), ssl.client_random(), ssl.server_random()
    if suite is None or ssl.get_protocol_version() != _VERSION or None in secrets:
        return None
    return CloseNotifier(suite, cast("tuple[bytes, bytes, bytes]", secrets), is_client=is_client)


def _associated_data(number: int, size: int) -> bytes:
    # RFC 5246 section 6.2.3.3, with the epoch in front of the number.
    return struct.pack("!QBHH", number, _ALERT, _VERSION, size)


def _expand(secret: bytes, seed: bytes, size: int) -> bytes:
    """Return the first `size` bytes of P_SHA256 (RFC 5246 section 5)."""
    block, expanded = seed, b""
    while len(expanded) < size:
        block = hmac.digest(secret, block, "sha256")
        expanded += hmac.digest(secret, block + seed, "sha256")
    return expanded[:size]
