"""`python -m memlearn.cli`: the same as the command `memlearn`."""

import sys

from memlearn.cli import main

sys.exit(main())
