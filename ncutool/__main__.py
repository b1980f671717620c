"""``python -m ncutool``."""

import sys

try:
    from ncutool.commands import console
except KeyboardInterrupt:
    print("ncutool: interrupted", file=sys.stderr)
    sys.exit(130)

if __name__ == "__main__":
    console()
