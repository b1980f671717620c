"""The process that runs cases, one after the other, for :mod:`fuzz_pool`.

It reads a case a line from standard input and answers each with a line of JSON. What the commands
print does not come near its own streams.
"""

from __future__ import annotations

import json
import sys

import fuzz_paths  # noqa: F401 - lets the imports below be found
from fuzz_cases import Case, contents
from fuzz_judge import Place, bound, judge


def main() -> int:
    """Answer cases until there are no more."""
    place = Place()
    bound()
    try:
        for line in sys.stdin:
            case = Case.from_json(line)
            data = contents(case)
            verdict = judge(case, data, place)
            answer = {"code": verdict.code, "problem": verdict.problem, "bytes": len(data)}
            print(json.dumps(answer), flush=True)
    finally:
        place.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
