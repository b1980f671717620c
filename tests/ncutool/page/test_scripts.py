"""The scripts of a page share one scope, since they are joined into one element."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ncutool import page

TEMPLATES = Path(page.__file__).parent / "templates"
DECLARED = re.compile(r"^(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def test_no_name_is_declared_twice() -> None:
    """A second function of a name would replace the first without a word."""
    counted = Counter(
        name
        for script in page._SCRIPTS
        for name in DECLARED.findall((TEMPLATES / f"{script}.js").read_text(encoding="utf-8"))
    )
    assert counted["make"] == 1
    assert [name for name, times in counted.items() if times > 1] == []
