"""``emojimask join``: a class at the terminal."""
