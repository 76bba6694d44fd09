"""Videos as files: encoded, timed as the original is, with its sound, and read once more at the end."""
