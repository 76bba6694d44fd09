"""The class board: rooms, who is in them, and what the host sees."""
