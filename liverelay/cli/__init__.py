"""The Typer commands; no logic.

Nothing here imports aiohttp or aiortc at the top: a command on the store answers in a fraction of a
second, and `serve` alone pays for the server.
"""
