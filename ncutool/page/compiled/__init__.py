"""The templates of pages as Python: Jinja takes a tenth of the time of a small report to make it.

``docs/make_templates.py`` writes one module a template here. Each says which Jinja made it, and of
which state of its template; where either is another now, Jinja compiles the template itself. So
what lies here is never out of date, only slower.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jinja2

from ncutool.base.packaged import stamp

if TYPE_CHECKING:
    from collections.abc import MutableMapping


class Loader(jinja2.FileSystemLoader):
    """Loads templates from files, and takes what was compiled of them before."""

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's name for it
    ) -> jinja2.Template:
        """Return a template, compiled now where it was not before."""
        source, _, _ = self.get_source(environment, name)
        made = _made_of(name, source)
        if made is None:
            return super().load(environment, name, globals)
        return environment.template_class.from_module_dict(environment, made, globals or {})


def module_of(template: str) -> str:
    """Return the name of the module that a template becomes."""
    return template.replace(".", "_")


def as_module(environment: jinja2.Environment, name: str, source: str) -> str:
    """Return the text of the module that :class:`Loader` takes in place of a template."""
    code = environment.compile(source, name, raw=True, defer_init=True)
    return (
        f'"""Made of {name} by docs/make_templates.py."""\n\n'
        f"made_by = {_jinja()!r}\nmade_of = {stamp(source.encode())}\n\n{code}\n"
    )


def _made_of(name: str, source: str) -> dict[str, Any] | None:
    """Return the content of a template's module; None where it would be another now."""
    try:
        made = vars(import_module(f"{__name__}.{module_of(name)}"))
    except ImportError:  # not compiled before, or by a Jinja with other names
        return None
    current = (_jinja(), stamp(source.encode()))
    return made if (made["made_by"], made["made_of"]) == current else None


@cache
def _jinja() -> str:
    """Return the version of Jinja that compiles templates here."""
    return version("jinja2")
