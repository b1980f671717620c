"""Views and templates to one HTML file that may run its own scripts and nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from ncutool.analysis import labels
from ncutool.base.untrusted import json_for_html
from ncutool.page import vega
from ncutool.page.findings import with_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.page.view import View
    from ncutool_parsers.formats import Format

_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("format", "dom", "groups", "explained", "table", "timeline", "chart", "views")


def assemble(views: Sequence[View]) -> str:
    """The page of these views; vega's script is left out where no view has a chart."""
    script = _script()
    charted = any(drawing.spec is not None for view in views for drawing in view.drawings)
    library = vega.javascript() if charted else ""
    page: str = (
        environment()
        .get_template("page.html")
        .render(
            # JSON and scripts are made safe for their element here; all else is escaped.
            views=[_Shown(view) for view in views],
            words=Markup(json_for_html({"bounds": labels.SHORT_BOUNDS, "sources": labels.SOURCES})),
            bounds=labels.BOUNDS,
            policy=policy([script, library] if library else [script]),
            version=this_version(),
            title=_title(views),
            method=" ".join(_method(form) for form in _formats(views)),
            css=Markup(file("page.css")),
            vega=Markup(library),
            script=Markup(script),
        )
    )
    # A name that UTF-8 cannot hold must not keep the page from being written.
    return page.encode("utf-8", "replace").decode("utf-8")


def _formats(views: Sequence[View]) -> list[Format]:
    """The formats of the captures that the page shows, each once, by name."""
    return sorted({view.format for view in views}, key=lambda form: form.source)


def _method(form: Format) -> str:
    """How figures of captures of a format come about, in sentences."""
    traits = form.traits
    if traits.figures_counted:
        figures = "FLOPs and bytes are hardware counters where it has them"
    elif traits.records_operators:
        figures = (
            "FLOPs and bytes follow from operator shapes. Bytes are compulsory traffic: each "
            "distinct input read once, each output written once"
        )
    else:
        figures = "it records neither counters nor operator shapes, so FLOPs and bytes are unknown"
    peaks = (
        ", held against peaks at the clocks it recorded itself."
        if traits.peaks_recorded
        else ". Peaks are dense, from the device table."
    )
    counters = " Counters of an Nsight Compute report of the same run replace them."
    alone = f" {form.tool} runs kernels one by one with cold caches."
    return (
        f"From a {form.noun}: {figures}{peaks}"
        f"{'' if traits.figures_counted else counters}"
        f"{alone if traits.launches_serialised else ''}"
    )


class _Shown:
    """A view and its data as JSON, which is not escaped twice."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.json = Markup(json_for_html(view.data))

    def __getattr__(self, name: str) -> object:
        return getattr(self._view, name)


def policy(scripts: Sequence[str]) -> str:
    """A Content-Security-Policy: these very scripts run, nothing is loaded, no eval.

    Styles may be inline because vega and the bars set them so.
    """
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


@cache
def file(name: str) -> str:
    """The text of one of the templates' files."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    body = "\n".join(file(f"{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


@cache
def environment() -> jinja2.Environment:
    """How templates are filled: all is escaped, and an unknown name is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["kebab"] = lambda text: text.replace("_", "-")
    environment.filters["with_code"] = with_code
    return environment


def _title(views: Sequence[View]) -> str:
    first = views[0].heading.capture
    more = f" and {len(views) - 1} more" if len(views) > 1 else ""
    return f"{first}{more} · ncutool"


def this_version() -> str:
    """The version of ncutool that writes the page."""
    try:
        return version("ncutool")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "(not installed)"
