"""Keys, rooms and the token secret on disk.

One small TOML file each, so that any number of processes can create and delete at once without
meeting, and a person can read and repair what is there. `Store` in `store.py` is the way in.
"""
