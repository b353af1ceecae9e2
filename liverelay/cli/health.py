"""`liverelay health`: whether the servers that run on a store answer.

It needs no address: a server says in its data directory where this machine reaches it, whatever
flags it was started with. So it fits where those are not known, as in a container's health check.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from liverelay.cli.options import JsonOption, with_settings
from liverelay.cli.output import print_json, print_rows
from liverelay.config import Settings
from liverelay.errors import UnreachableError
from liverelay.store.live import read_live_servers
from liverelay.store.store import Store

if TYPE_CHECKING:
    from http.client import HTTPConnection

# Shorter than the health check of the Dockerfile waits.
_TIMEOUT = 3.0


@with_settings("data_dir")
def health(settings: Settings, as_json: JsonOption = False) -> None:
    """Ask the servers that run on the store how they are; exit 1 unless all are well."""
    servers = read_live_servers(Store(settings.data_dir).live_directory)
    if not servers:
        raise UnreachableError(f"no server runs on {settings.data_dir}")
    answers = {server.url: _ask(server.url) for server in servers}
    if as_json:
        # Each by itself, so that a script reads one server's answer as that of `GET /health`.
        for answer in answers.values():
            print_json(answer)
    else:
        rows = [(url, answer["status"]) for url, answer in answers.items()]
        print_rows(("SERVER", "STATUS"), rows, empty="")


def _ask(url: str) -> Any:  # noqa: ANN401  (decoded JSON)
    """Return what a server answers to `GET /health`.

    Raises:
        UnreachableError: It does not, or says that it is not well.
    """
    from http.client import OK, HTTPException

    connection = _connect(url)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        if answer.status != OK:
            raise UnreachableError(f"{url} answers {answer.status}")
        return json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(f"{url} does not answer: {error}") from None
    finally:
        connection.close()


def _connect(url: str) -> HTTPConnection:
    import ssl
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(url)
    assert parts.hostname is not None
    if parts.scheme == "http":
        return HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT)
    # The certificate is for the name that browsers use, and this machine asks itself.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(parts.hostname, parts.port, timeout=_TIMEOUT, context=context)
