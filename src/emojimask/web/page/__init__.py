"""The page of this machine: its camera, files dropped on it, and the way into a class."""
