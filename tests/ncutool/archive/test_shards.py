"""Shards: which files are whose, and what the environment says of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import archive_factory as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.archive.engines.shards import Shard, from_environment, parse, share
from ncutool.archive.inputs import Input
from ncutool_parsers.errors import UsageError


@given(st.lists(st.text(max_size=30), unique=True, max_size=50), st.integers(1, 9))
def test_every_file_is_of_one_shard(paths: list[str], count: int) -> None:
    """None is left out and none is of two, whatever it is called."""
    sources = [Input(path, path) for path in paths]
    shards = [list(share(sources, Shard(n, count, "test"))) for n in range(count)]
    assert sorted(one.path for shard in shards for one in shard) == sorted(paths)


def test_shards_count_from_one() -> None:
    """`--shard 2/4` is the second of four."""
    assert (parse("2/4").index, parse("2/4").count) == (1, 4)
    for wrong in ("0/4", "5/4", "4", "a/b", "-1/4", "1/0", "1/4/2"):
        with pytest.raises(UsageError, match=r"from 1/N to N/N"):
            parse(wrong)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8"}, (3, 8)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "14",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "2",
            },
            (2, 3),
        ),
        ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "1"}, None),
        ({"SLURM_PROCID": "2", "SLURM_NTASKS": "4"}, (2, 4)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, None),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_STEP_ID": "0"}, (0, 4)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "1",
                "SLURM_ARRAY_TASK_COUNT": "2",
                "SLURM_PROCID": "2",
                "SLURM_STEP_NUM_TASKS": "3",
            },
            (5, 6),
        ),
        ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "5"}, (0, 5)),
        ({"SGE_TASK_ID": "5", "SGE_TASK_FIRST": "3", "SGE_TASK_LAST": "9"}, (2, 7)),
        ({"SGE_TASK_ID": "undefined"}, None),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, (1, 2)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, (1, 2)),
    ],
)  # fmt: skip
def test_what_schedulers_set_is_understood(
    environment: dict[str, str], expected: tuple[int, int] | None
) -> None:
    """The script of a Slurm job has the number of its first task, and takes all files."""
    found = from_environment(environment)
    assert (None if found is None else (found.index, found.count)) == expected


def test_a_number_without_a_count_is_refused() -> None:
    """Taking all files in every process, or one share in all, would both be guesses."""
    with pytest.raises(UsageError, match=r"JOB_COMPLETIONS .* not of how many"):
        from_environment({"JOB_COMPLETION_INDEX": "2"})
    with pytest.raises(UsageError, match=r"beyond the 4 shards"):
        from_environment({"OMPI_COMM_WORLD_RANK": "4", "OMPI_COMM_WORLD_SIZE": "4"})


def test_four_processes_of_a_slurm_array_make_one_dataset(tmp_path: Path) -> None:
    """They start together, know nothing of each other, and one of them dies and comes again."""
    archive, dataset = tmp_path / "archive", tmp_path / "dataset"
    made.traces(archive, 20)
    (archive / "copy.json").write_bytes((archive / "run0" / "000.json").read_bytes())
    (archive / "bad.txt").write_text("nothing")
    command = made.command("batch", archive, "-o", dataset, "-j", "1")

    def start(number: int) -> subprocess.Popen[Any]:
        array = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": "4"}
        more = {"SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "4"}
        return subprocess.Popen(
            command, env={**os.environ, **array, **more}, stderr=subprocess.PIPE, text=True
        )

    running = [start(number) for number in (1, 2, 3, 4)]
    running[2].kill()
    running[2].communicate(timeout=60)
    running[2] = start(3)
    said = [process.communicate(timeout=180)[1] for process in running]
    assert sum(process.returncode for process in running) == 1, said
    assert "ncutool: shard 2 of 4, by SLURM_ARRAY_TASK_ID\n" in said[1]
    made.batch([archive], tmp_path / "alone")
    made.assert_same(made.content(dataset), made.content(tmp_path / "alone"))
    assert made.leftovers(dataset) == []
