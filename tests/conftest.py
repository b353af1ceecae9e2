"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How fast anything is, no property test judges: on a busy machine any example may take a second.
# What never ends meets the time limit of every test.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
