"""Measurements of the program itself: one file or folder a benchmark, and what they share."""
