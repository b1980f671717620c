"""Writes the templates of pages as Python, which Jinja would make anew for every page.

python docs/make_templates.py
"""

from __future__ import annotations

from pathlib import Path

from ncutool.page import compiled, html

FOLDER = Path(compiled.__file__).parent


def files() -> dict[Path, str]:
    """Return the text of every module by its path."""
    environment = html.environment()
    return {
        FOLDER / f"{compiled.module_of(path.name)}.py": compiled.as_module(
            environment, path.name, path.read_text(encoding="utf-8")
        )
        for path in sorted(html.TEMPLATES.glob("*.html"))
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
