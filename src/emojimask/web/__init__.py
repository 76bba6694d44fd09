"""The page on this machine, and the class board (extra [web])."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""What this machine calls itself, and no other machine."""
