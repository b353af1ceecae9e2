"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long it takes to make up data says how busy the machine is, and nothing about the code.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
