"""Puts the folders whose modules make the seeds on the path of imports."""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent
for _name in ("tests", "reports/samples", "fuzz", "parsers", "."):
    _folder = str(_REPOSITORY / _name)
    if _folder not in sys.path:
        sys.path.insert(0, _folder)
