"""Geometry over points and time that several rooms share."""
