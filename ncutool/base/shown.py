"""Results that show themselves: on one line, in a notebook, as a file.

Pages and pictures are made in rooms above those of the results, so a result cannot call them.
Instead the package says at its start, by name, which function does what (:func:`shown_by`), and
that function is imported when something is first shown.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing takes longer to load than a help to print
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, Literal

    Way = Literal["line", "html", "file"]

_SHOWERS: dict[Way, str] = {}


def shown_by(**showers: str) -> None:
    """Say what shows results.

    Args:
        showers: for a way of showing, `line`, `html` or `file`, a function as `module:name`.
    """
    for way in ("line", "html", "file"):
        if way in showers:
            _SHOWERS[way] = showers[way]


def _shower(way: Way) -> Any:
    module, _, name = _SHOWERS[way].partition(":")
    return getattr(import_module(module), name)


class Listed(type):
    """A class of which only the names in ``_public`` complete, where it has any.

    Notebooks ask the class too, not only the object.
    """

    _public: tuple[str, ...] = ()

    def __dir__(cls) -> list[str]:
        return _listed(list(super().__dir__()), cls._public)


def _listed(names: list[str], public: tuple[str, ...]) -> list[str]:
    if not public:
        return names
    return [*(name for name in names if name.startswith("__")), *public]


class Shown:
    """A result with one line for a terminal and a small page for a notebook."""

    __slots__ = ()
    _public: tuple[str, ...] = ()

    def __dir__(self) -> list[str]:
        return _listed(list(super().__dir__()), type(self)._public)

    def __repr__(self) -> str:
        line: str = _shower("line")(self)
        return line

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it: HTML that needs no script and styles only itself."""
        html: str = _shower("html")(self)
        return html


class Saved(Shown, metaclass=Listed):
    """A result that can be written to a file."""

    __slots__ = ()

    def save(self, path: str | PathLike[str], *, show_private: bool = False) -> None:
        """Write it to a file, over what is there, in the form that the ending of its name asks for.

        A page (``.html``), a comment for a pull request (``.md``), a picture to paste (``.svg`` or
        ``.png``), or JSON (``.json``): what ``ncutool report -o`` writes.

        Args:
            path: the file.
            show_private: also write the host names, paths and command lines that the capture
                holds, where the form has them.

        Raises:
            ncutool_parsers.errors.UsageError: the ending asks for no form that there is.
            ncutool_parsers.errors.OutputError: the file cannot be written.
        """
        _shower("file")(self, path, show_private=show_private)
