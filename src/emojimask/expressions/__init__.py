"""Reads the expression off a face, and steadies it over time."""
