"""Files: that appear whole or not at all, of one process at a time, brought by other packages, in TOML."""
