"""The wheel holds both packages and their data, and nothing else; so does the sdist."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def build(kind: str, target: Path) -> Path:
    """Builds one distribution with the backend that pyproject.toml names."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel"))) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in the sdist, without its top folder."""
    with tarfile.open(build("sdist", tmp_path_factory.mktemp("sdist"))) as archive:
        return {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}


def packaged(root: Path, package: str) -> set[str]:
    """Every file of a package in the tree, as the wheel should name it."""
    return {
        path.relative_to(root).as_posix()
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_both_packages_whole(wheel: set[str]) -> None:
    """Modules, templates, device table and type markers all travel."""
    expected = packaged(REPOSITORY, "ncutool") | packaged(REPOSITORY / "parsers", "ncutool_parsers")
    assert {
        "ncutool/py.typed",
        "ncutool_parsers/py.typed",
        "ncutool/devices/devices.toml",
    } <= expected
    assert any(name.startswith("ncutool/page/templates/") for name in expected)
    assert expected - wheel == set()


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    """A bare `parsers`, `tests` or `reports` would land in everyone's site-packages."""
    tops = {name.split("/", 1)[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ncutool", "ncutool_parsers"}


def test_the_sdist_builds_the_same_and_no_samples(sdist: set[str], wheel: set[str]) -> None:
    """The sdist holds the sources, tests and licence; captures stay in the repository."""
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"} <= sdist
    code = {name for name in wheel if ".dist-info/" not in name}
    as_sdist = {f"parsers/{name}" if name.startswith("ncutool_parsers/") else name for name in code}
    assert as_sdist - sdist == set()
    assert {name for name in sdist if name.split("/", 1)[0] in ("reports", "benchmarks")} == set()


def test_the_locks_name_no_index_and_pin_every_package_by_hash() -> None:
    """The lock installs from any index and takes no file that was not seen when it was made."""
    for lock in (REPOSITORY / "requirements").glob("*.txt"):
        lines = lock.read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith(("#", " "))]
        assert pins
        assert [line for line in pins if "==" not in line or not line.endswith("\\")] == []
        assert [line for line in lines if "://" in line or line.startswith("-")] == []


def test_every_dependency_is_locked() -> None:
    """A dependency added to pyproject.toml without `make lock` would break `make demo`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {
        line.split("==")[0]
        for line in (REPOSITORY / "requirements" / "demo.txt").read_text().splitlines()
        if "==" in line
    }
    for requirement in project["dependencies"]:
        name = requirement.split(">")[0].split(";")[0].strip().lower()
        assert name in locked
