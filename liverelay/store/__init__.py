"""Keys, rooms and the token secret on disk."""
