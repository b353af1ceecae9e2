"""`liverelay serve`: the server."""

from __future__ import annotations

import os

from liverelay.cli.options import with_settings
from liverelay.config import Settings


@with_settings()
def serve(settings: Settings) -> None:
    """Run the server until Ctrl-C or SIGTERM; a second one ends it at once."""
    import asyncio

    from liverelay.server import logs, runner

    logs.configure_logging(settings.log_level, settings.log_format)
    first_key = os.environ.get(runner.BOOTSTRAP_VARIABLE) or None
    asyncio.run(runner.run(settings, first_key=first_key))
