"""Takes the current folder off the path of modules where Python put it there: `python -m ncutool`.

Captures lie in that folder, and modules beside a capture are not to run. Imported before anything
that is not loaded when Python starts; ``import ncutool`` elsewhere changes nothing.
"""

from __future__ import annotations

import itertools
import os
import sys


def forget_current_folder(argv: list[str], command: list[str], path: list[str]) -> None:
    """Remove the first entry of a path where it is the current folder and ncutool is being run.

    Args:
        argv: ``sys.argv``, whose first word is ``-m`` as long as Python looks for the module.
        command: ``sys.orig_argv``, the words that Python was started with.
        path: ``sys.path``.
    """
    if argv[:1] != ["-m"] or ("-m", "ncutool") not in itertools.pairwise(command):
        return
    if path and path[0] in ("", os.getcwd()):
        del path[0]


forget_current_folder(sys.argv, sys.orig_argv, sys.path)
