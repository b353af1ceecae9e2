"""The documentation that the server has at `/docs/`, made from the repository's Markdown."""
