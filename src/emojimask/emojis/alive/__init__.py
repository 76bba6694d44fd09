"""The living emoji: a head drawn once, and features drawn anew for every frame from the face's own movement."""
