"""Options of ``ncutool batch`` that say which files there are, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from ncutool.commands.options import option
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.archive.source import Input


class Arranged(Struct, frozen=True):
    """What is said of the files beside where they are."""

    metadata: Annotated[
        list[str],
        option(
            "--metadata",
            words="A column of text for every capture of this run (may be repeated).",
            metavar="KEY=VALUE",
        ),
    ] = ()  # type: ignore[assignment]  # typer's lists are lists; a field needs one that stays
    path_pattern: Annotated[
        str | None,
        option(
            "--path-pattern",
            words="Names in the paths that become columns: '{run}/{commit}/rank{rank}.json.gz'.",
            metavar="PATTERN",
        ),
    ] = None
    pair: Annotated[
        list[str],
        option(
            "--pair",
            words="What lies beside a capture and goes with it: '{stem}.ncu-rep', "
            "'capture-trace={stem}.warmup.json' (may be repeated).",
            metavar="[ROLE=]PATTERN",
        ),
    ] = ()  # type: ignore[assignment]  # the same
    manifest: Annotated[
        Path | None,
        option(
            "--manifest",
            words="Captures, companions and metadata as a list: .toml, .json or .csv.",
            metavar="FILE",
        ),
    ] = None

    def files(
        self, paths: Sequence[str], dataset: Path | None, *, keep_listings: bool = True
    ) -> tuple[list[Input], list[str]]:
        """Return the captures with their companions, and the columns of metadata.

        Args:
            paths: as they stand on the command line.
            dataset: the folder that the results go to.
            keep_listings: keep in it what archives hold, for later runs.

        Raises:
            UsageError: nothing is named, or what is named is not there or makes no sense.
        """
        from ncutool.archive.arranging import Pair, PathPattern, columns_of, paired, with_fields
        from ncutool.archive.inputs import gather
        from ncutool.archive.manifest import inputs_of

        said = key_values(self.metadata)
        pattern = None if self.path_pattern is None else PathPattern.of(self.path_pattern)
        pairs = [Pair.of(text) for text in self.pair]
        if not paths and self.manifest is None:
            raise UsageError(
                "PATH is missing: name captures, folders that hold them, or --manifest"
            )
        sources = list(gather(paths, leave_out=dataset, metadata=said, keep_listings=keep_listings))
        if self.manifest is not None:
            listed = inputs_of(self.manifest, leave_out=dataset)
            sources += [_with(one, said) for one in listed]
        if not sources:
            raise UsageError("no file found: name captures, or folders that hold them")
        sources = paired(with_fields(sources, pattern), pairs)
        fields = () if pattern is None else pattern.fields
        return sources, columns_of(sources, dict.fromkeys([*said, *fields], ""))


def key_values(pairs: Sequence[str]) -> dict[str, str]:
    """Return what KEY=VALUE arguments say.

    Raises:
        UsageError: one is not of that form, or a key is given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"--metadata {pair!r}: it is KEY=VALUE, with a word for the key")
        if key in found:
            raise UsageError(f"--metadata {key}: given twice")
        found[key] = value
    return found


def _with(source: Input, said: Mapping[str, str]) -> Input:
    from dataclasses import replace

    return replace(source, metadata={**said, **source.metadata})
