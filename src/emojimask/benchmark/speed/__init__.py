"""``emojimask bench speed``: what masking costs on this machine."""
