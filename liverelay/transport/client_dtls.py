"""The DTLS of a client: OpenSSL's handshake, and the SRTP keys that come of it; no socket."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import pylibsrtp
from OpenSSL import SSL
from pylibsrtp import Policy

from liverelay.transport.identity import certificate_fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liverelay.transport.identity import Identity

_MAX_DATAGRAM = 1200
_RECORD_HEADER_SIZE = 13

# libsrtp's profile, length of key, length of salt
_PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
DEFAULT_PROFILES = b":".join(_PROFILES)


class ClientCertificate:
    """What any number of clients show, and the OpenSSL context that they share.

    A context of its own would cost each of them half a millisecond and 25 kB (measured).
    """

    def __init__(
        self,
        identity: Identity,
        *,
        profiles: bytes = DEFAULT_PROFILES,
        ciphers: bytes = b"DEFAULT",
    ) -> None:
        self.identity = identity
        self.context = context = SSL.Context(SSL.DTLS_METHOD)
        context.use_privatekey(identity.key)
        context.use_certificate(identity.certificate)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # the fingerprint is what counts
        context.set_cipher_list(ciphers)
        context.set_tlsext_use_srtp(profiles)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        # Nobody resumes, and the sessions of all clients would pile up here.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)


class SrtpKeys(NamedTuple):
    """What a handshake is for: the profile by its name, and a session for each direction."""

    profile: bytes
    inbound: pylibsrtp.Session
    outbound: pylibsrtp.Session


class ClientDtls:
    """One connection's DTLS; `setup` is our role, "active" or "passive".

    After each call the owner sends what `take_datagrams` returns, and what `flight` holds again
    while no answer comes.
    """

    def __init__(self, certificate: ClientCertificate, setup: str) -> None:
        self.flight: list[bytes] = []
        self._is_active = setup == "active"
        self._connection = SSL.Connection(certificate.context)
        if self._is_active:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    def receive(self, datagram: bytes) -> None:
        self._connection.bio_write(datagram)

    def shake_hands(self) -> bool:
        """Go on with the handshake as far as it goes; return whether it is done.

        Raises:
            ConnectionError: It has failed.
        """
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise ConnectionError(f"DTLS: {error!r}") from None
        return True

    def says_goodbye(self) -> bool:
        """Return whether what was received after the handshake is the other side's goodbye."""
        try:
            self._connection.recv(1500)
        except SSL.ZeroReturnError:
            return True
        except SSL.Error:
            pass
        return False

    def say_goodbye(self) -> None:
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()

    def is_peer(self, fingerprints: Sequence[tuple[str, str]]) -> bool:
        """Return whether the other side has shown one of these certificates; none means any."""
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        return not fingerprints or (
            certificate is not None
            and any(certificate_fingerprint(certificate, a) == value for a, value in fingerprints)
        )

    def take_datagrams(self) -> list[bytes]:
        """Return what OpenSSL has written, whole records together; its BIO has no boundaries."""
        written = b""
        while True:
            try:
                written += self._connection.bio_read(65536)
            except SSL.WantReadError:
                break
        datagrams: list[bytes] = []
        while written:
            size = _RECORD_HEADER_SIZE + int.from_bytes(written[11:13], "big")
            record, written = written[:size], written[size:]
            if datagrams and len(datagrams[-1]) + size <= _MAX_DATAGRAM:
                datagrams[-1] += record
            else:
                datagrams.append(record)
        self.flight = datagrams or self.flight
        return datagrams

    def derive_keys(self) -> SrtpKeys:
        """Return the keys that a completed handshake has agreed on."""
        name = self._connection.get_selected_srtp_profile()
        profile, key, salt = _PROFILES[name]
        material = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        ours, theirs = (client, server) if self._is_active else (server, client)
        return SrtpKeys(
            name,
            pylibsrtp.Session(_policy(theirs, Policy.SSRC_ANY_INBOUND, profile)),
            pylibsrtp.Session(_policy(ours, Policy.SSRC_ANY_OUTBOUND, profile)),
        )


def _policy(key: bytes, direction: int, profile: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return policy
