"""The page on this machine, and the class board (extra [web])."""
