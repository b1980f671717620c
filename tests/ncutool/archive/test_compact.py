"""Few large files in place of many small ones, whoever is killed and whoever else does it too."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import archive_factory as made
import pytest

from ncutool.archive.compact import compact
from ncutool.archive.dataset import existing
from ncutool.commands import main

SCRIPT = (
    "import sys; from pathlib import Path; from ncutool.archive.compact import compact\n"
    "from ncutool.archive.dataset import existing\n"
    "print('ready', flush=True); compact(existing(Path(sys.argv[1])))"
)


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that eight runs of two captures each have written to."""
    folder = tmp_path_factory.mktemp("compact")
    files = made.traces(folder / "in", 16)
    for number in range(8):
        made.batch(files[2 * number : 2 * number + 2], folder / "DS")
    return folder / "DS"


@pytest.fixture
def dataset(small_files: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_files, tmp_path / "DS")
    return tmp_path / "DS"


def test_the_rows_are_the_same_and_the_files_are_few(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second time changes nothing; the command says what became of the files."""
    before = made.content(dataset)
    assert main(["batch", "-o", str(dataset), "--compact"]) == 0
    assert " files became " in capsys.readouterr().err
    after = made.content(dataset)
    for name, frame in before.items():
        assert after[name].equals(frame, null_equal=True)
    assert all(len(list(folder.glob("*"))) <= 1 for folder in dataset.glob("captures/*"))
    again = compact(existing(dataset))
    assert again.before == again.after


def test_what_is_no_dataset_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is made."""
    assert main(["batch", "-o", str(tmp_path / "DS"), "--compact"]) == 2
    assert "is no dataset of ncutool" in capsys.readouterr().err
    assert not (tmp_path / "DS").exists()


def start(dataset: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(dataset)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_loses_and_doubles_nothing(dataset: Path, seed: int) -> None:
    """What a reader sees afterwards is what was there; the next one completes it."""
    before = made.content(dataset)
    process = start(dataset)
    time.sleep(random.Random(seed).uniform(0, 0.15))
    process.kill()
    process.communicate()
    for _ in range(2):
        after = made.content(dataset)
        for name, frame in before.items():
            assert after[name].equals(frame, null_equal=True)
        compact(existing(dataset))
    assert made.leftovers(dataset) == []


def test_two_at_once_take_turns(dataset: Path) -> None:
    """Neither fails, and the rows are the same."""
    before = made.content(dataset)
    processes = [start(dataset) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    after = made.content(dataset)
    for name, frame in before.items():
        assert after[name].equals(frame, null_equal=True)
