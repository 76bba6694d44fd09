"""The emoji of colour fonts, of whatever kind their colour is."""
