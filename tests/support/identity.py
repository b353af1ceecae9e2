"""Certificates as real peers have them: ECDSA P-256 as browsers make, RSA as GStreamer does."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from liverelay.transport.identity import Identity, generate_identity, sign_identity


@cache
def ecdsa_identity(name: str = "peer") -> Identity:
    return generate_identity(name)


@cache
def rsa_identity(name: str = "peer") -> Identity:
    return sign_identity(rsa.generate_private_key(public_exponent=65537, key_size=2048), name)
