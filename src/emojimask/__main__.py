"""``python -m emojimask``."""

import sys

from emojimask.cli import main

sys.exit(main())
