"""Pairs of SRTP sessions, as a handshake leaves them."""

from __future__ import annotations

from pylibsrtp import Policy, Session

PROFILES = (
    Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
)


def srtp_session(direction: int, profile: int = PROFILES[0], key: bytes = bytes(44)) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)


def inbound_session(profile: int = PROFILES[0]) -> Session:
    return srtp_session(Policy.SSRC_ANY_INBOUND, profile)


def outbound_session(profile: int = PROFILES[0]) -> Session:
    return srtp_session(Policy.SSRC_ANY_OUTBOUND, profile)
