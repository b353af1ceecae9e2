"""Certificates as real peers have them: ECDSA P-256 as browsers make, RSA as GStreamer does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}


@dataclass(frozen=True)
class Identity:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate

    def fingerprint(self, algorithm: str = "sha-256") -> tuple[str, str]:
        digits = self.certificate.fingerprint(_DIGESTS[algorithm]).hex().upper()
        return algorithm, ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


@cache
def ecdsa_identity(name: str = "peer") -> Identity:
    return _self_signed(ec.generate_private_key(ec.SECP256R1()), name)


@cache
def rsa_identity(name: str = "peer") -> Identity:
    return _self_signed(rsa.generate_private_key(public_exponent=65537, key_size=2048), name)


def _self_signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> Identity:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)
