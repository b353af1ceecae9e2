"""The asyncio and aiohttp shell: sockets, clock, tasks and routes live here and only here."""
