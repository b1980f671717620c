"""What is installed and what runs: few packages, each locked, licensed and none from elsewhere."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from torch_factory import small, write

REPOSITORY = Path(__file__).resolve().parent.parent
LOCKED = REPOSITORY / "requirements" / "demo.txt"
LICENCES = REPOSITORY / "docs" / "licences.md"
MOST_PACKAGES = 35
MOST_BYTES = 560_000_000
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


def installed_bytes(name: str) -> int:
    """What the files of an installed package take, what Python compiled of them included."""
    paths = [Path(str(one.locate())) for one in distribution(name).files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_little_is_installed() -> None:
    """`make size` measures the same in a fresh environment."""
    missing = set()
    total = 0
    for name in here():
        try:
            total += installed_bytes(name)
        except PackageNotFoundError:  # of another Python or platform
            missing.add(name)
    if len(missing) > 2:
        pytest.skip(f"not installed here: {', '.join(sorted(missing))}")
    assert 100e6 < total <= MOST_BYTES


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


OUTSIDE = """
import socket, sys
with socket.socket(type=socket.SOCK_DGRAM) as one, socket.create_server(("127.0.0.1", 0)) as here:
    socket.create_connection(here.getsockname()).close()
    for attempt in (
        lambda: socket.create_connection(("192.0.2.1", 80), 1),
        lambda: one.connect(("192.0.2.1", 53)),
        lambda: one.sendto(b"x", ("192.0.2.1", 53)),
        lambda: socket.getaddrinfo("example.org", 443),
        lambda: socket.gethostbyname("example.org"),
    ):
        try:
            attempt()
        except OSError as error:
            print(error)
"""
CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {OUTSIDE!r}], check=True)
"""


def test_the_suite_has_no_network() -> None:
    """Neither the tests nor what they start, nor what that starts, reaches another machine."""
    with socket.socket() as one, pytest.raises(ConnectionRefusedError, match="no network in tests"):
        one.connect(("192.0.2.1", 80))
    with pytest.raises(socket.gaierror, match="no network in tests"):
        socket.getaddrinfo("example.org", 443)
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.count("no network in tests") == 5, done.stdout + done.stderr


def test_ncutool_opens_no_connection(tmp_path: Path) -> None:
    """Not even to this machine: a command that analyses a capture makes no socket at all."""
    capture = write(tmp_path / "capture.json", small())
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(
        "import sys\n"
        "def audit(event, arguments):\n"
        "    if event.startswith('socket.') and event != 'socket.gethostname':\n"
        f"        with open({str(tmp_path / 'sockets')!r}, 'a') as log:\n"
        "            log.write(f'{event} {arguments}\\n')\n"
        "sys.addaudithook(audit)\n"
    )
    path = os.pathsep.join([str(spy), os.environ["PYTHONPATH"]])
    report = next(iter(sorted(REPOSITORY.glob("reports/samples/*/*.ncu-rep"))))
    done = subprocess.run(
        [sys.executable, "-m", "ncutool", "report", str(capture), str(report), "-o", "x.html"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.html").is_file()
    assert not (tmp_path / "sockets").exists(), (tmp_path / "sockets").read_text()
