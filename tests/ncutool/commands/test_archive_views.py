"""``ncutool job``, ``trends`` and ``fleet`` from outside: forms, exit codes, refusals."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from job_factory import Plan, write

from ncutool.commands import main

Runner = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Runner:
    """Run a command in an empty folder at 100 columns: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def one(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return one


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces of a job of eight ranks with a straggler and a slow link."""
    folder = tmp_path_factory.mktemp("job")
    write(folder, Plan(ranks=8, steps=16, straggler=5, slow_pair=0))
    return folder


@pytest.fixture(scope="module")
def dataset(job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a batch over them and a text keeps."""
    (job / "notes.txt").write_text("no capture")
    into = tmp_path_factory.mktemp("out") / "dataset"
    with pytest.raises(SystemExit):
        raise SystemExit(main(["batch", str(job), "-o", str(into), "-j", "1", "--page"]))
    return into


def test_a_job_of_traces_names_both(run: Runner, job: Path) -> None:
    """The rank by its number and the link by its ranks, in the text and in JSON."""
    code, out, _ = run("job", job)
    assert code == 0
    assert out.startswith("Rank 5 holds the others up: they wait ")
    assert "the link of ranks 0–1 is slow" in " ".join(out.splitlines()[:2])
    assert max(map(len, out.splitlines())) <= 100
    _, out, _ = run("job", job, "--format", "json")
    (told,) = json.loads(out)["jobs"]
    assert [one["rank"] for one in told["stragglers"]] == [5]
    assert [one["ranks"] for one in told["slow_links"]] == [[0, 1]]
    assert [one["rank"] for one in told["ranks"]] == list(range(8))
    assert {one["calls"] for one in told["collectives"]} == {16}


def test_a_dataset_gives_the_same_job(run: Runner, job: Path, dataset: Path) -> None:
    """Figures and verdicts; only where it lies differs."""
    told = [json.loads(run("job", place, "-f", "json")[1])["jobs"][0] for place in (job, dataset)]
    for one in told:
        one.pop("job")
    assert told[0] == told[1]
    code, _, err = run("job", dataset, "--where", "path~nothing-of-that-name")
    assert code == 2
    assert "no capture is left" in err


def test_a_job_is_read_wherever_its_traces_lie(run: Runner, job: Path, tmp_path: Path) -> None:
    """A list, a pattern, a tar, and members of a zip: the same facts but for where they lie."""
    traces = sorted(job.glob("*.json.gz"))[:3]
    (tmp_path / "ranks.txt").write_text("# of tonight\n" + "\n".join(map(str, traces)))
    with tarfile.open(tmp_path / "job.tar.gz", "w:gz") as tar:
        for path in traces:
            tar.add(path, path.name)
    with zipfile.ZipFile(tmp_path / "job.zip", "w") as archive:
        for path in traces:
            archive.write(path, f"run/{path.name}")
        archive.writestr("run/notes.txt", "no trace")
    facts = []
    asked = (f"@{tmp_path}/ranks.txt", f"{job}/rank[0-2].json.gz", tmp_path / "job.tar.gz")
    for given in (*asked, f"{tmp_path}/job.zip::run/*"):
        code, out, err = run("job", given, "-f", "json")
        assert (code, err) == (0, "")
        (told,) = json.loads(out)["jobs"]
        assert told["headline"] == "3 ranks of 8: 5 missing, nobody is named"
        facts.append({key: value for key, value in told.items() if key != "job"})
    assert facts == [facts[0]] * 4
    code, _, err = run("job", f"{tmp_path}/job.zip::run/*.txt")
    assert code == 2
    assert "holds no .json or .json.gz file" in err


def test_rows_of_ranks(run: Runner, job: Path) -> None:
    """CSV and Parquet hold a row a rank."""
    run("job", job, "-o", "ranks.parquet")
    table = pl.read_parquet("ranks.parquet")
    assert table.height == 8
    assert table.filter(pl.col("straggler"))["rank"].to_list() == [5]
    assert run("job", job, "-f", "csv")[1].count("\n") == 9


def test_the_page_of_a_job(run: Runner, job: Path) -> None:
    """A bar a rank; the one that is named is marked."""
    assert run("job", job, "-o", "job.html")[0] == 0
    page = Path("job.html").read_text()
    assert page.count('<td class="bar">') == 8
    assert page.count('<tr class="named"><td><b>5</b>') == 1
    assert "https://" not in page


def test_ranks_that_only_the_paths_tell(
    run: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without a pattern nothing is guessed; with one the job is whole as far as is known."""
    folder = tmp_path_factory.mktemp("dynolog")
    write(folder, Plan(ranks=4, steps=16, straggler=2), info=False, steps=False)
    code, _, err = run("job", folder)
    assert code == 2
    assert "--pattern" in err
    code, out, _ = run("job", folder, "--pattern", "rank{rank}.json.gz")
    assert code == 0
    assert out.startswith("Rank 2 holds the others up")
    assert "How many ranks the job has is not recorded" in out.replace("\n", " ")


def test_wrong_uses_of_job(run: Runner, job: Path, tmp_path: Path) -> None:
    """Each says what to do."""
    assert "needs {rank} once" in run("job", job, "--pattern", "x{node}")[2]
    assert "there is none of that name" in run("job", job, "--job", "other")[2]
    twice = tmp_path / "twice"
    twice.mkdir()
    for name in ("rank0.json.gz", "rank1.json.gz"):
        shutil.copy(job / name, twice / name)
    write(twice, Plan(ranks=2, steps=3, seed=9))
    shutil.copy(job / "rank0.json.gz", twice / "again.json.gz")
    code, out, err = run("job", twice)
    assert (code, out) == (1, "")
    assert "disagree on how many ranks" in err
    wrong = tmp_path / "rank7.json.gz"
    shutil.copy(job / "rank0.json.gz", wrong)
    code, _, err = run("job", wrong, "--pattern", "rank{rank}.json.gz")
    assert code == 2
    assert "is rank 7 by --pattern and rank 0 by what it records" in err


def test_the_page_of_a_dataset(run: Runner, job: Path, dataset: Path) -> None:
    """Written by batch, and anew with trends and pages of captures."""
    before = (dataset / "index.html").read_text()
    assert "8 captures" in before
    assert "1 file could not be analysed" in before
    code, _, err = run("fleet", dataset, "--pages", job, "--where", "path=rank3.json.gz")
    assert (code, "1 page written" in err) == (0, True)
    assert len(list((dataset / "pages").glob("*.html"))) == 1
    assert "check --where" in run("fleet", dataset, "--pages", job, "--where", "path=no")[2]
    assert "pass --pages too" in run("fleet", dataset, "--where", "path=no")[2]
    code, _, err = run("fleet", dataset, "--by", "name", "--order-by", "path", "--pages", job)
    assert code == 0
    assert "7 pages written" in err
    assert "1 there before" in err
    assert "index.html" in err
    after = (dataset / "index.html").read_text()
    assert after.count('href="pages/') >= 8
    assert len(list((dataset / "pages").glob("*.html"))) == 8
    assert 'id="trends"' in after
    code, _, err = run("fleet", job)
    assert code == 2
    assert "is no dataset" in err


def test_trends_of_a_dataset(run: Runner, dataset: Path) -> None:
    """Every form; what is wrong is said."""
    code, out, _ = run("trends", dataset, "--by", "name", "--order-by", "path")
    assert code == 0
    assert out.startswith("Too few points to tell a change: 1 of the same work")  # of one rank
    facts = json.loads(
        run("trends", dataset, "--by", "name", "--order-by", "path", "-f", "json")[1]
    )
    assert facts["schema"] == "ncutool/trends/1"
    run("trends", dataset, "--by", "name", "--order-by", "path", "-o", "points.csv")
    assert "point" in Path("points.csv").read_text().splitlines()[0]
    code, _, err = run("trends", dataset, "--by", "commit")
    assert code == 2
    assert "no column 'commit'" in err
