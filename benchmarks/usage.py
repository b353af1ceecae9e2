"""What a process has used, as the kernel counts it, and what the machine is."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of all threads since the start, and resident memory in bytes."""

    user: float
    system: float
    resident: int


def usage(pid: int) -> Usage:
    """Read the figures of a running process."""
    # The name of the program, in parentheses, may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Usage(int(fields[11]) / _TICKS, int(fields[12]) / _TICKS, int(fields[21]) * _PAGE_SIZE)


def describe_machine() -> dict[str, str | int | float]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 0,
        # What comes behind the number is the builder's own.
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }
