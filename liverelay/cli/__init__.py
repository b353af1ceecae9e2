"""The Typer commands; no logic."""
