"""How long a client may take over each part of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds; a client that exceeds them holds a connection that others could use.

    `head`: from the connection to the end of its first request's head, and for a TLS handshake
    before that. One on a bad mobile link needs a second or two. `body`: for the body after it,
    enough for 256 KiB at 250 kbit/s. `idle`: from one answer to the end of the next request's head;
    longer than the 60 s after which common reverse proxies close, so that a proxy never sends into
    a connection that is just closing. `write`: how long a client may take nothing of its answer.
    """

    head: float = 10.0
    body: float = 10.0
    idle: float = 75.0
    write: float = 10.0
