"""`python -m inference`, or `digit-recognizer` where the wheel is installed."""

import sys

from .command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
