"""``python -m ncutool``."""

import sys

from ncutool.commands import main

if __name__ == "__main__":
    sys.exit(main())
