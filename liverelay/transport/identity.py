"""The self-signed certificate that one end of a WebRTC connection shows to the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from liverelay.utc import utc_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}

# As browsers have it; nobody checks more than the fingerprint.
_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Identity:
    """A key and its certificate; many connections may share one."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate

    def fingerprint(self, algorithm: str = "sha-256") -> tuple[str, str]:
        return algorithm, certificate_fingerprint(self.certificate, algorithm)


def generate_identity(name: str = "liverelay") -> Identity:
    """Return a new P-256 identity, the kind that browsers make."""
    return sign_identity(ec.generate_private_key(ec.SECP256R1()), name)


def sign_identity(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> Identity:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day back, for peers whose clocks are behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)


def certificate_fingerprint(certificate: x509.Certificate, algorithm: str) -> str:
    """Return the certificate's hash as "AB:CD:…".

    Raises:
        KeyError: `algorithm` is none of SHA-2.
    """
    digits = certificate.fingerprint(_DIGESTS[algorithm]).hex().upper()
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
