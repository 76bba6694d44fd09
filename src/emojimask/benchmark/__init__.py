"""Measurements of the program itself: one file a benchmark."""
