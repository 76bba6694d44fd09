"""Whole archives: every file of a folder, on all cores of one machine or on many machines."""
