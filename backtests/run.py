"""Predicts captures from other captures and holds the prediction to what came.

    python backtests/run.py [--captures DIR] [--manifest pairs.toml]
    python backtests/run.py BEFORE AFTER [--applied graph,fuse]
    python backtests/run.py --sweep A B C ...

Without arguments it predicts what pairs.toml names, as far as its captures are there.
Exit code 1: a goal of a sweep was missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import changes
import scaled
import sweeps
from ncutool_parsers.errors import NcutoolError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
CAPTURES = HERE.parent.parent / "shared" / "corpus"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except NcutoolError as error:
        raise SystemExit(str(error)) from error


def _run(options: argparse.Namespace) -> int:
    if options.sweep:
        return 0 if _sweep("named captures", options.sweep) else 1
    if options.paths:
        if len(options.paths) != 2:
            raise SystemExit("name two captures, before and after the change, or use --sweep")
        applied = tuple(filter(None, options.applied.split(",")))
        before, after = options.paths
        _change(changes.Change("named captures", before, after, applied))
        return 0
    return _manifest(options.manifest, options.captures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="*", type=Path, help="a capture before and one after")
    parser.add_argument("--applied", default="", help="kinds or ids of findings carried out")
    parser.add_argument("--sweep", nargs="+", type=Path, help="captures of one program by size")
    parser.add_argument("--captures", type=Path, default=CAPTURES, help="folder of the manifest's")
    parser.add_argument("--manifest", type=Path, default=HERE / "pairs.toml")
    return parser


def _manifest(manifest: Path, captures: Path) -> int:
    named = tomllib.loads(manifest.read_text(encoding="utf-8"))
    if not captures.is_dir():
        print(f"No folder of captures at {captures}: only what lies beside the manifest is read.")
    met = True
    verdicts = []
    for sweep in named.get("sweep", []):
        paths = _matching(sweep["captures"], manifest, captures)
        if len(paths) < 2:
            print(f"Skipped: {sweep['name']}: no two captures {sweep['captures']} there.")
            continue
        met &= _sweep(sweep["name"], paths)
    for row in named.get("change", []):
        before, after = (_located(row[name], manifest, captures) for name in ("before", "after"))
        absent = [path.name for path in (before, after) if not path.is_file()]
        if absent:
            print(f"Skipped: {row['name']}: {' and '.join(absent)} not there.")
            continue
        verdicts.append(_change(_of_row(row, before, after)))
    if verdicts:
        print(changes.summary(verdicts))
    return 0 if met else 1


def _of_row(row: dict[str, Any], before: Path, after: Path) -> changes.Change:
    return changes.Change(
        name=row["name"],
        before=before,
        after=after,
        applied=tuple(row.get("applied", ())),
        steps_before=row.get("steps_before", 1),
        steps_after=row.get("steps_after", 1),
    )


def _located(name: str, manifest: Path, captures: Path) -> Path:
    return (manifest.parent if name.startswith("./") else captures) / name


def _matching(pattern: str, manifest: Path, captures: Path) -> list[Path]:
    root = manifest.parent if pattern.startswith("./") else captures
    return sorted(root.glob(pattern.removeprefix("./"))) if root.is_dir() else []


def _sweep(name: str, paths: list[Path]) -> bool:
    captures = sweeps.sizes(paths)
    found = sweeps.pairs(captures)
    met, verdict = sweeps.verdict(found)
    print(f"{name}: kernel time of each capture, predicted from each other one alone")
    print("\n".join(sweeps.table(found)))
    print()
    print("\n".join(sweeps.family_table(found)))
    outside = sweeps.misses(found)
    if outside:
        print("\nFamilies whose sum lies outside:")
        print("\n".join(outside))
    print(f"\n{verdict}: {'met' if met else 'MISSED'}\n")
    print("By what-if: of the other capture only its batch and length are used")
    print("\n".join(scaled.table(scaled.scaled(captures))) + "\n")
    return met


def _change(change: changes.Change) -> bool | None:
    verdict, text = changes.lines(change)
    print("\n".join(text) + "\n")
    return verdict


if __name__ == "__main__":
    sys.exit(main())
