"""Data sets, each read from the files that people really hold."""
