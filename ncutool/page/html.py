"""Templates to one HTML file that may run its own scripts and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.page.code import with_code
from ncutool.page.compiled import Loader

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_OF_A_TEXT = 3000
"""Characters of a text that a page shows: a name from a capture may be as long as its file."""
TEMPLATES = Path(__file__).parent / "templates"


def html_page(
    template: str,
    *,
    styles: Sequence[str],
    scripts: Sequence[str],
    **values: object,
) -> str:
    """Return a template filled, with its styles, its scripts and their policy.

    Args:
        template: name of its file.
        styles: names of CSS files, without their ending.
        scripts: names of JavaScript files, without their ending; they share one scope.
        values: what the template shows. Text is escaped; JSON must be :class:`Markup` already.
    """
    script = _script(tuple(scripts)) if scripts else ""
    page: str = (
        environment()
        .get_template(template)
        .render(
            policy=policy([script] if script else []),
            version=this_version(),
            css=Markup("".join(short_css(_file(f"{name}.css")) for name in styles)),
            script=Markup(script),
            **values,
        )
    )
    # A name that UTF-8 cannot hold must not keep the page from being written.
    return page.encode("utf-8", "replace").decode("utf-8")


def policy(scripts: Sequence[str]) -> str:
    """Return a Content-Security-Policy: these very scripts run, nothing is loaded, no eval.

    Styles may be inline because bars and scripts set them so.
    """
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


_TEXTS = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_CSS = re.compile(rf"({_TEXTS})|/\*.*?\*/|\n\s+", re.DOTALL)
_SCRIPT = re.compile(
    rf"({_TEXTS}|`(?:[^`\\]|\\.)*`)|(?:^|\n)[ \t]*//[^\n]*|\n[ \t]*(?=\n)|(\n)[ \t]+", re.DOTALL
)


def short_css(text: str) -> str:
    """Return CSS without comments and indentation; strings stay as they are.

    Line ends stay, since one may stand between two parts of a selector.
    """
    return _CSS.sub(lambda found: found[1] or ("\n" if found[0][0] == "\n" else ""), text)


def short_script(text: str) -> str:
    """Return JavaScript without indentation and without lines that are only a comment.

    Line ends stay, since a statement may end at one. Strings and templates stay as they are.
    """
    return _SCRIPT.sub(lambda found: found[1] or found[2] or "", text)


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


@cache
def _file(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _script(names: tuple[str, ...]) -> str:
    body = "\n".join(short_script(_file(f"{name}.js")) for name in names)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


@cache
def environment() -> jinja2.Environment:
    """Return how templates are filled: text is made printable and escaped, and an unknown name
    is an error."""
    made = jinja2.Environment(
        loader=Loader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
    )
    made.globals["quantity"] = units.quantity
    made.filters |= {
        "count": units.count,
        "counted": units.counted,
        "kebab": lambda text: text.replace("_", "-"),
        "percent": units.percent,
        "time": units.time,
        "with_code": with_code,
    }
    return made


def _printable(value: object) -> object:
    """Return text from a capture without control characters; mark-up of our own as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return shorten(value, _MOST_OF_A_TEXT)
    return value


def this_version() -> str:
    """Return the version of ncutool that writes the page."""
    try:
        return version("ncutool")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "(not installed)"
