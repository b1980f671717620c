"""What is installed and what runs: few packages, each locked, licensed and none from elsewhere."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from torch_factory import small, write

REPOSITORY = Path(__file__).resolve().parent.parent
LOCKED = REPOSITORY / "requirements" / "demo.txt"
LICENCES = REPOSITORY / "docs" / "licences.md"
MOST_PACKAGES = 35
BESIDE = (
    *("typer", "polars", "msgspec", "rich", "jinja2", "numpy", "ncu_report", "isal", "altair"),
    *("sitecustomize", "usercustomize", "pathlib", "typing", "json", "shlex", "tempfile"),
)
"""Modules of a folder that must not run."""
PLATFORM = {
    "python_version": "3.12", "python_full_version": "3.12.4", "sys_platform": "linux",
    "platform_machine": "x86_64", "platform_system": "Linux", "os_name": "posix",
    "implementation_name": "cpython", "platform_python_implementation": "CPython", "extra": "",
}  # fmt: skip


def locked() -> list[tuple[Requirement, str]]:
    """Each package of the lock with the text that holds its hashes."""
    text = LOCKED.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return [(Requirement(line.split("--hash")[0].strip()), line) for line in lines]


def rows() -> list[tuple[str, str, str]]:
    """The packages of docs/licences.md: name, licence, what for."""
    text = LICENCES.read_text(encoding="utf-8").partition("|---|")[2]
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)


def here() -> list[str]:
    """Packages that run on a usual machine; those that only install ncutool are left out."""
    installing = {name for name, _, what in rows() if what == "installing"}
    return sorted(
        one.name
        for one, _ in locked()
        if (one.marker is None or one.marker.evaluate(PLATFORM)) and one.name not in installing
    )


def test_few_packages_are_installed() -> None:
    """A package more is a maker more to trust; pyarrow alone would weigh 170 MB."""
    assert len(here()) == len(set(here())) <= MOST_PACKAGES
    assert "pyarrow" not in here()


def test_every_package_is_locked_and_hashed() -> None:
    """Nothing is installed whose bytes are not known."""
    for requirement, line in locked():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), line[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line[:80]


def test_every_package_has_its_licence_listed() -> None:
    """docs/licences.md has a row for each, and for no other."""
    assert [name for name, _, _ in rows()] == sorted({one.name for one, _ in locked()})


def test_listed_licences_are_those_of_the_packages() -> None:
    """As the packages that are installed here say themselves."""
    for name, listed, _ in rows():
        try:
            said = metadata(name)
        except PackageNotFoundError:  # of another Python or platform
            continue
        expression = said.json.get("license_expression")
        if expression is not None:
            assert listed == expression, name


def test_nothing_of_the_current_folder_runs(tmp_path: Path) -> None:
    """`python -m ncutool` imports no module that lies beside a capture, whatever its name."""
    for name in BESIDE:
        (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()\nraise SystemExit(7)\n")
    (tmp_path / "pyproject.toml").write_text("[tool.ncutool]\n")
    capture = write(tmp_path / "capture.json", small())
    for command in (("findings", capture.name), ("report", capture.name, "-o", "x.html")):
        done = subprocess.run(
            [sys.executable, "-m", "ncutool", *command],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_suite_has_no_network() -> None:
    """The fixture of conftest.py denies every address but those of this machine."""
    with socket.socket() as one, pytest.raises(ConnectionRefusedError, match="no network in tests"):
        one.connect(("192.0.2.1", 80))
    with pytest.raises(socket.gaierror, match="no network in tests"):
        socket.getaddrinfo("example.org", 443)
