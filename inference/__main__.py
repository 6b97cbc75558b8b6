"""`python -m inference`; installed, `python -m digit_recognizer` or `digit-recognizer`."""

import sys

from .command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
