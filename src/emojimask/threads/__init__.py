"""Threads: of the same work for several faces, of an iterator that runs ahead, and those that may hang."""
