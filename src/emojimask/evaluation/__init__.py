"""How well expressions are read: figures, tables and plots. No files, no models."""
