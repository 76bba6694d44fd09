"""Measures of what emojimask does: how well expressions are read, how much of a face gets out. No files, no models."""
