"""Which faces are covered in a frame, and when the whole frame is: fail closed, live and in files.

A lost face goes from tracked to held, its mask growing with the time since it was seen, and then:

- live: the whole frame is shielded, as it is before the first face was ever seen;
- files: the future is known. A gap is covered from both sides, and a stretch with no face near it passes. Nor need
  every frame be looked at: while all faces are in sight and calm, those in between are filled in.
"""

from emojimask.policy.file import Decided, FilePolicy, Look
from emojimask.policy.live import LivePolicy
from emojimask.policy.shown import Shown, ShownOverTime
from emojimask.policy.stacking import Stacking

__all__ = ["Decided", "FilePolicy", "LivePolicy", "Look", "Shown", "ShownOverTime", "Stacking"]
