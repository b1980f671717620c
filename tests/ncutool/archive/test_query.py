"""`ncutool query`: SQL that reads a dataset and nothing else, and conditions without SQL."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import dataset_factory
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.archive import sql, sql_types
from ncutool.archive.dataset import Dataset
from ncutool.archive.reading import tables_of
from ncutool.archive.selection import ORDERS, SHORT
from ncutool.archive.tables import TABLES
from ncutool.base import units
from ncutool.commands import main
from ncutool.commands.options import Format
from ncutool.commands.writing import _parquet, row_parts
from ncutool_parsers.errors import UsageError

DOCUMENT = (Path(__file__).parents[3] / "docs" / "archives.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```sql\n(.*?)```", DOCUMENT.partition("## Recipes")[2], re.DOTALL)
SECRET = "do not read me"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six traces of three runs, two commits, and a file that is none; a secret lies beside it."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "secret.csv").write_text(SECRET)
    first = dataset_factory.write_traces(folder / "captures", 4)
    later = dataset_factory.write_traces(folder / "captures", 2, first=4)
    (folder / "captures" / "bad.json").write_text("no capture")
    dataset_factory.analysed(folder / "DS", first, {"commit": "aaa"})
    later.append(folder / "captures" / "bad.json")
    dataset_factory.analysed(folder / "DS", later, {"commit": "bbb"})
    return folder / "DS"


def ask(capsys: pytest.CaptureFixture[str], dataset: Path, *arguments: str) -> str:
    """What a query prints."""
    code = main(["query", str(dataset), *arguments])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    return shown.out


def refused(capsys: pytest.CaptureFixture[str], dataset: Path, *arguments: str) -> str:
    """The one line that a query is refused with."""
    assert main(["query", str(dataset), *arguments]) in (1, 2)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def test_without_a_question_it_lists_what_there_is(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables, rows and columns, those of the metadata too."""
    shown = ask(capsys, dataset)
    assert re.findall(r"^(\w+): (\d+) rows$", shown, re.MULTILINE) == [
        ("captures", "6"), ("launches", "12"), ("inside", "0"), ("findings", "6"),
        ("gaps", "18"), ("collectives", "0"), ("errors", "1"),
    ]  # fmt: skip
    assert "notices, commit" in shown


@pytest.mark.parametrize("recipe", RECIPES, ids=[str(n) for n in range(len(RECIPES))])
def test_every_recipe_of_the_documents_runs(
    recipe: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands there."""
    pytest.importorskip("duckdb")
    columns = json.loads(ask(capsys, dataset, f"DESCRIBE {recipe}", "--format", "json"))["rows"]
    assert columns
    json.loads(ask(capsys, dataset, recipe, "--format", "json"))


def test_there_are_seven_recipes_at_least() -> None:
    """In docs/archives.md."""
    assert len(RECIPES) >= 7


def test_every_table_has_an_order_and_columns_for_a_terminal() -> None:
    """One that is added to a dataset can be asked at once."""
    names = {table.name for table in TABLES}
    assert set(ORDERS) == set(SHORT) == names


def test_sql_and_polars_tell_the_same(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of every table, whole."""
    pytest.importorskip("duckdb")
    with tables_of(dataset) as tables:
        for name in tables.names:
            by_polars = tables.scan(name).drop("bucket").collect()
            with tables.answered(f"FROM {name}") as answer:
                by_sql = answer.rows
            assert by_sql.columns == by_polars.columns
            key = by_polars.columns[:3]
            assert by_sql.sort(key).rows() == by_polars.sort(key).rows()


def test_forms(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each form holds the same rows; sums of whole numbers stay whole numbers."""
    pytest.importorskip("duckdb")
    sql = 'SELECT "commit", count(*) AS n, sum(launch_ns) AS total_ns FROM captures GROUP BY 1'
    sql += " ORDER BY 1"
    wanted = [
        {"commit": "aaa", "n": 4, "total_ns": 4 * 2500 + 10_000 * 4 + 6_000},
        {"commit": "bbb", "n": 2, "total_ns": 2 * 2500 + 10_000 * 2 + 9_000},
    ]
    assert json.loads(ask(capsys, dataset, sql, "--format", "json")) == {
        "schema": "ncutool/query/1",
        "rows": wanted,
    }
    lines = ask(capsys, dataset, sql, "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == wanted
    table = csv.DictReader(io.StringIO(ask(capsys, dataset, sql, "--format", "csv")))
    assert list(table) == [{key: str(value) for key, value in row.items()} for row in wanted]
    ask(capsys, dataset, sql, "-o", str(tmp_path / "a.parquet"))
    assert pl.read_parquet(tmp_path / "a.parquet").to_dicts() == wanted
    assert "| aaa | 4 | 56.0 µs |" in ask(capsys, dataset, sql, "--format", "md")
    assert "56.0 µs" in ask(capsys, dataset, sql)


def test_a_terminal_shows_so_many_rows_and_says_how_many_more(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By SQL and by conditions."""
    pytest.importorskip("duckdb")
    shown = ask(capsys, dataset, "FROM range(50)")
    assert shown.endswith("10 more rows; --top 0 shows all\n")
    assert len(ask(capsys, dataset, "FROM range(50)", "--top", "0").splitlines()) == 51
    assert len(ask(capsys, dataset, "FROM range(50)", "--top", "3").splitlines()) == 4
    assert len(json.loads(ask(capsys, dataset, "FROM range(50)", "--format", "json"))["rows"]) == 50


@pytest.mark.parametrize(
    "sql",
    [
        "COPY captures TO '{beside}'",
        "COPY captures FROM '{beside}'",
        "CREATE TABLE x AS FROM captures",
        "INSERT INTO captures SELECT * FROM captures",
        "DROP VIEW captures",
        "ATTACH '{beside}' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET threads",
        "PRAGMA database_list",
        "EXPORT DATABASE '{beside}'",
        "EXPLAIN ANALYZE COPY captures TO '{beside}'",
        "PREPARE x AS SELECT 1",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY captures TO '{beside}'",
        "",
        "-- nothing",
        "WITH x AS (SELECT 1) INSERT INTO captures FROM x",
    ],
)
def test_what_does_more_than_read_is_refused(
    sql: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its kind, as DuckDB's own parser tells it, and nothing is written."""
    pytest.importorskip("duckdb")
    beside = dataset.parent / "written"
    refused(capsys, dataset, sql.format(beside=beside))
    assert not beside.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_blob('{dataset}/_schema.json')",
        "SELECT * FROM read_text('{dataset}/captures/../../secret.csv')",
        "SELECT * FROM read_csv('https://127.0.0.1:9/x.csv')",
        "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT getenv('HOME')",
        "SELECT * FROM sql",
        "SELECT * FROM tables",
        "SELECT (SELECT content FROM read_text('{secret}')) FROM captures",
        "WITH a AS (FROM read_text('{secret}')) FROM a",
    ],
)
def test_a_query_reads_nothing_but_the_tables(
    sql: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file beside them, no network, no variable of the process, no environment."""
    pytest.importorskip("duckdb")
    secret = dataset.parent / "secret.csv"
    said = refused(capsys, dataset, sql.format(secret=secret, dataset=dataset))
    assert SECRET not in said


def test_what_holds_a_query_in_cannot_be_changed_by_it(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings are closed."""
    pytest.importorskip("duckdb")
    names = ["autoload_known_extensions", "enable_external_access", "lock_configuration"]
    sql = f"SELECT value FROM duckdb_settings() WHERE name IN {tuple(names)} ORDER BY name"
    rows = json.loads(ask(capsys, dataset, sql, "--format", "json"))["rows"]
    assert [row["value"] for row in rows] == ["false", "false", "true"]


def test_errors_say_what_there_is(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables and columns, in one line."""
    pytest.importorskip("duckdb")
    assert "errors has path, name, bytes" in refused(capsys, dataset, "SELECT nope FROM errors")
    assert "tables: captures, launches, inside" in refused(capsys, dataset, "SELECT 1 FROM nope")
    assert "syntax error" in refused(capsys, dataset, "SELEC 1")


def test_memory_and_time_are_limited(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do."""
    pytest.importorskip("duckdb")
    endless = "SELECT count(*) FROM range(1000000000000) a"
    assert "raise --timeout" in refused(capsys, dataset, endless, "--timeout", "0.2")
    large = "SELECT list(range) FROM range(100000000)"
    assert "raise --max-memory" in refused(capsys, dataset, large, "--max-memory", str(64 * 2**20))


def test_what_fails_late_is_told_as_what_fails_at_once(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that were found before it are not shown."""
    pytest.importorskip("duckdb")
    late = "SELECT CASE WHEN range < 900000 THEN 1 ELSE CAST('x' || range AS INT) END"
    said = refused(capsys, dataset, f"{late} FROM range(1000000)", "--format", "json")
    assert "SQL: Conversion Error: Could not convert string 'x900000'" in said
    slow = "SELECT range, repeat('a', 1000) FROM range(100000000)"
    assert "raise --timeout" in refused(capsys, dataset, slow, "--timeout", "0.2", "--top", "0")


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("SELECT 1 FROM captures", ["captures"]),
        ('select 1 from "Gaps" join LAUNCHES using (capture_id)', ["launches", "gaps"]),
        ("SELECT 1", list(sql._NAMES)),
        ("SHOW TABLES", list(sql._NAMES)),
        ("FROM query_table('cap' || 'tures')", list(sql._NAMES)),
        ("SELECT 1 FROM captures, information_schema.tables", list(sql._NAMES)),
    ],
)
def test_only_tables_that_can_be_asked_are_opened(text: str, opened: list[str]) -> None:
    """By name, or all where names are made or listed."""
    assert list(sql._named(text)) == opened


def test_tables_are_found_without_their_names(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a function, and in the list of all."""
    pytest.importorskip("duckdb")
    named = "SELECT count(*) AS n FROM query_table('cap' || 'tures')"
    plain = "SELECT count(*) AS n FROM captures"
    assert ask(capsys, dataset, named) == ask(capsys, dataset, plain)
    listed = json.loads(ask(capsys, dataset, "SHOW TABLES", "--format", "json"))["rows"]
    assert {row["name"] for row in listed} >= set(sql._NAMES)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_sql_loads_what_it_needs(dataset: Path, form: str) -> None:
    """Neither what other engines take rows with nor what checks plain words."""
    pytest.importorskip("duckdb")
    code = (
        "import sys; from ncutool.commands import main; code = main(sys.argv[1:]);"
        "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    command = ["query", str(dataset), "SELECT name FROM captures", "--format", form]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    found = set(done.stderr.splitlines()[-1].split())
    assert found & {"pyarrow", "pandas", "pydantic", "ncutool.advice"} == set()


def test_without_duckdb_sql_names_the_extra_and_conditions_work(
    dataset: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--where` needs polars alone."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'ncutool[query]'" in refused(capsys, dataset, "SELECT 1")
    assert "rank0.json.gz" in ask(capsys, dataset, "--table", "captures", "--where", "commit=aaa")


def test_conditions_columns_and_order(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column that a table has not comes from its capture."""
    shown = ask(
        capsys, dataset, "--table", "launches", "--where", "commit=bbb", "--where", "bound!=copy",
        "--select", "duration_ns,commit,captures.path", "--format", "json",
    )  # fmt: skip
    assert json.loads(shown)["rows"] == [
        {"duration_ns": 15000, "commit": "bbb", "captures.path": "run2/rank1.json.gz"},
        {"duration_ns": 14000, "commit": "bbb", "captures.path": "run2/rank0.json.gz"},
    ]
    shown = ask(
        capsys, dataset, "--table", "captures", "--sort", "-path", "--select", "path", "--top", "1",
        "--format", "csv",
    )  # fmt: skip
    assert shown == "path\nrun2/rank1.json.gz\n"


def test_a_value_that_fits_the_captures_column_alone_is_asked_of_it(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`device` is a number in launches and a name in captures; no device is none."""
    assert main(["query", str(dataset), "--table", "launches", "--where", "device=H100"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("no rows; columns: ")
    rows = ask(capsys, dataset, "--table", "launches", "--where", "device=0", "--format", "jsonl")
    assert len(rows.splitlines()) == 12


def test_where_nothing_is_found_the_values_there_are_are_told(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And how to search within them."""
    assert main(["query", str(dataset), "--table", "captures", "--where", "commit=AA"]) == 0
    shown = capsys.readouterr()
    assert "there are 'aaa', 'bbb'; commit~AA searches within it" in shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "bound=memory"], "--table says which table"),
        (["--table", "kernels"], "no such table; there are captures, launches"),
        (["--table", "launches", "--where", "durtion_ns>1"], "did you mean 'duration_ns'?"),
        (["--table", "errors", "--select", "xyzzy"], "no column 'xyzzy'; there are path, name"),
        (["--table", "errors", "--select", "path,,name"], "column names with commas"),
        (["--table", "launches", "--sort", "-nope"], "--sort: no column 'nope'"),
        (["SELECT 1", "--table", "errors"], "SQL says itself which rows"),
    ],
)
def test_wrong_usage_says_what_to_write(
    arguments: list[str], said: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line."""
    assert said in refused(capsys, dataset, *arguments)


def test_what_is_no_dataset_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, and a file."""
    assert "ncutool batch PATH... -o" in refused(capsys, tmp_path)


def test_an_empty_dataset_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables without a file have their columns all the same."""
    pytest.importorskip("duckdb")
    dataset_factory.analysed(tmp_path / "DS", [])
    assert isinstance(dataset_factory.analysed(tmp_path / "DS", []), Dataset)
    assert ask(capsys, tmp_path / "DS", "SELECT count(*) AS n FROM launches") == "n\n0\n"
    assert (
        ask(capsys, tmp_path / "DS", "--table", "errors")
        == "no rows; columns: path, kind, message\n"
    )


def test_a_query_may_stand_in_a_file(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As @FILE."""
    pytest.importorskip("duckdb")
    (tmp_path / "q.sql").write_text("SELECT count(*) AS n FROM captures -- all of them\n;")
    assert ask(capsys, dataset, f"@{tmp_path / 'q.sql'}") == "n\n6\n"
    assert "the query cannot be read" in refused(capsys, dataset, f"@{tmp_path / 'none.sql'}")


def test_columns_of_one_name_are_told_apart() -> None:
    """A join has one of each table; a name that is there already is not taken."""
    assert sql_types.unlike(["a", "b", "a", "a_1", "a"]) == ["a", "b", "a_2", "a_1", "a_3"]
    assert sql_types.unlike([]) == []


ODD = (
    "SELECT {'a': '=1', 'b': [1]} AS record, map {'k': 1} AS pairs, [true] AS flags, "
    "[['a']] AS lists, interval 3 day AS span, 'x'::BLOB AS bytes, 1::BIT AS bits, "
    '\'NaN\'::DOUBLE AS nan, 1 AS "=cmd", 2 AS "a\nb|<b>"'
)
"""A column of each type that some form lacks, and names that attack."""


def test_every_form_holds_every_type(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a form has no type for is text there; what is no number is unknown."""
    pytest.importorskip("duckdb")
    (row,) = json.loads(ask(capsys, dataset, ODD, "--format", "json"))["rows"]
    assert (row["record"], row["flags"], row["lists"]) == ({"a": "=1", "b": [1]}, [True], [["a"]])
    assert (row["pairs"], row["span"], row["bytes"], row["nan"]) == ("{k=1}", "3 days", "x", None)
    (cells,) = csv.DictReader(io.StringIO(ask(capsys, dataset, ODD, "--format", "csv")))
    assert cells["flags"] == "[true]"
    assert (cells["nan"], cells["'=cmd"], cells["a b|<b>"]) == ("", "1", "2")
    lines = ask(capsys, dataset, ODD, "--format", "md").splitlines()
    assert lines[0].endswith("| =cmd | a b\\|&lt;b&gt; |") or lines[0].endswith(
        "| \\=cmd | a b\\|&lt;b&gt; |"
    )
    assert len(lines) == 3
    assert "3 days" in ask(capsys, dataset, ODD)
    json.loads(ask(capsys, dataset, ODD, "--format", "jsonl"))


WHOLE = st.integers(-(2**127) + 1, 2**127 - 1) | st.integers(-(2**66), 2**66)


@st.composite
def decimals(draw: st.DrawFn) -> tuple[str, str]:
    """A type of decimals, and a number that it holds."""
    width = draw(st.integers(1, 38))
    scale = draw(st.integers(0, width))
    digits = draw(st.integers(0, 10**width - 1))
    sign = draw(st.sampled_from(["", "-"]))
    text = f"{digits:0{scale + 1}d}"
    whole, part = text[: len(text) - scale], text[len(text) - scale :]
    return f"DECIMAL({width},{scale})", f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def _asked(text: str) -> tuple[pl.DataFrame, list[tuple[str, ...]]]:
    """What ncutool makes of an answer, and DuckDB's own text of every cell."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        relation = connection.sql(text)
        names = sql_types.unlike(relation.columns)
        own = relation.project(
            ", ".join(f"CAST(#{place} AS VARCHAR)" for place in range(1, len(names) + 1))
        ).fetchall()
        wide = sql_types.wide_numbers(relation)
        return sql_types.plain(pl.DataFrame(sql_types.readable(relation)), wide), own


@given(st.lists(WHOLE | st.none(), min_size=1, max_size=5))
def test_whole_numbers_are_never_others(numbers: list[int | None]) -> None:
    """Of 128 bits, in JSON, CSV, a table, Markdown and Parquet, as DuckDB writes them."""
    told = ", ".join("(NULL)" if one is None else f"('{one}'::HUGEINT)" for one in numbers)
    frame, own = _asked(f"SELECT n FROM (VALUES {told}) AS t(n)")
    texts = [text for (text,) in own]
    assert texts == [None if one is None else str(one) for one in numbers]
    assert frame["n"].cast(pl.String).to_list() == texts
    rows = b"".join(row_parts(frame, Format.JSONL, str, str, str)).decode().splitlines()
    assert [json.loads(row)["n"] for row in rows] == numbers
    written = b"".join(row_parts(frame, Format.CSV, str, str, str)).decode()
    assert [line or None for line in written.splitlines()[1:]] == texts
    read = sql_types.for_reading(frame)
    shown = [one.replace(",", "") for one in map(partial(units.quantity, "n"), read["n"])]
    assert shown == ["–" if text is None else text for text in texts]
    if any(one is not None and abs(one) >= 10**38 for one in numbers):
        with pytest.raises(UsageError, match=r"more than 38 digits.*CAST\(\"n\" AS VARCHAR\)"):
            sql_types.for_parquet(frame)
        return
    kept = pl.read_parquet(io.BytesIO(_parquet(sql_types.for_parquet(frame))))
    assert [None if one is None else int(one) for one in kept["n"]] == numbers


@given(st.lists(decimals(), min_size=1, max_size=4))
def test_decimals_are_never_other_numbers(numbers: list[tuple[str, str]]) -> None:
    """In each form the number that DuckDB has, as a number where 64 bits give it back."""
    chosen = ", ".join(f"'{text}'::{kind} AS c{n}" for n, (kind, text) in enumerate(numbers))
    frame, (own,) = _asked(f"SELECT {chosen}")
    exact = [Decimal(text) for text in own]
    assert exact == [Decimal(text) for _, text in numbers]
    (row,) = b"".join(row_parts(frame, Format.JSONL, str, str, str)).decode().splitlines()
    told = json.loads(row, parse_float=Decimal, parse_int=Decimal)
    assert [Decimal(told[f"c{n}"]) for n in range(len(numbers))] == exact
    written = b"".join(row_parts(frame, Format.CSV, str, str, str)).decode()
    (cells,) = csv.DictReader(io.StringIO(written))
    assert [Decimal(cells[f"c{n}"].removeprefix("'")) for n in range(len(numbers))] == exact
    kept = pl.read_parquet(io.BytesIO(_parquet(sql_types.for_parquet(frame)))).row(0)
    assert [Decimal(repr(one) if isinstance(one, float) else one) for one in kept] == exact
    for n, (kind, text) in enumerate(numbers):
        if frame[f"c{n}"].dtype.is_decimal():
            read = sql_types.for_reading(frame)[f"c{n}"].item()
            assert Decimal(units.quantity(f"c{n}", read)) == Decimal(text), kind


OTHERS = (
    *("uuid '00000000-0000-0000-0000-00000000000a'", "interval '1 month 2 days 3 microseconds'"),
    *("time '12:00:01.000001'", "time_ns '12:00:00.123456789'", "timetz '12:00:00+02'"),
    *("'\\xAA\\x00b'::BLOB", "'101'::BIT", "'a'::ENUM('a', 'b')", "map([1, 2], ['x', NULL])"),
    *("union_value(a := 340282366920938463463374607431768211455::UHUGEINT)", "12::BIGNUM"),
    *("[map([1], [2])]", "{'a': interval '1 day'}", "'{\"a\": 1}'::JSON"),
    *(
        "timestamptz '2020-01-01 00:00:00.5+00'",
        "340282366920938463463374607431768211455::UHUGEINT",
    ),
)


@pytest.mark.parametrize("value", OTHERS)
def test_other_types_are_duckdbs_own_text(value: str) -> None:
    """No form has them."""
    frame, ((own,),) = _asked(f"SELECT {value} AS c")
    assert frame["c"].to_list() == [own]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("[170141183460469231731687303715884105727::HUGEINT]",
         ["170141183460469231731687303715884105727"]),
        ("{'a': [0.12345678901234567891::DECIMAL(30,20)], 'b': 1}",
         {"a": ["0.12345678901234567891"], "b": 1}),
        ("[timestamp_ns '2020-01-01 00:00:00.123456789']", ["2020-01-01 00:00:00.123456789"]),
        ("[1, NULL]::BIGINT[]", [1, None]),
        ("[9007199254740993]::BIGINT[1]", [9007199254740993]),
    ],
)  # fmt: skip
def test_wide_numbers_in_lists_and_records_are_text(value: str, told: object) -> None:
    """Those of 64 bits stay numbers."""
    frame, _ = _asked(f"SELECT {value} AS c")
    rows = b"".join(row_parts(frame, Format.JSONL, str, str, str))
    assert json.loads(rows)["c"] == told


@pytest.mark.parametrize(
    "value",
    ["'infinity'::TIMESTAMP", "'-infinity'::DATE", "DATE '10000-01-01'", "DATE '0044-03-15 (BC)'"],
)
def test_dates_that_a_form_lacks_are_refused_with_the_cast(
    dataset: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """They would be shown as other dates; as text they are shown."""
    pytest.importorskip("duckdb")
    said = refused(capsys, dataset, f"SELECT {value} AS c", "--format", "json")
    assert 'CAST("c" AS VARCHAR) gives them as text' in said
    cast = f"SELECT CAST({value} AS VARCHAR) AS c"
    assert json.loads(ask(capsys, dataset, cast, "--format", "json"))["rows"][0]["c"]


def test_a_time_to_the_nanosecond_is_shown_whole(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's own times end at microseconds."""
    pytest.importorskip("duckdb")
    asked = "SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS c"
    for form in ("table", "json", "csv"):
        assert ".123456789" in ask(capsys, dataset, asked, "--format", form)


def test_sums_beyond_64_bits_are_numbers(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In every form; in Parquet a decimal of 38 digits."""
    pytest.importorskip("duckdb")
    asked = "SELECT sum(9223372036854775807) AS n, sum(range) AS m FROM range(3)"
    row = json.loads(ask(capsys, dataset, asked, "--format", "json"))["rows"][0]
    assert row == {"n": 27670116110564327421, "m": 3}
    assert "27670116110564327421,3" in ask(capsys, dataset, asked, "--format", "csv")
    assert "27,670,116,110,564,327,421" in ask(capsys, dataset, asked)
    assert "27,670,116,110,564,327,421" in ask(capsys, dataset, asked, "--format", "md")
    assert "9,223,372,036,854,775,807" in ask(capsys, dataset, "SELECT 9223372036854775807 AS n")


def test_what_is_unknown_in_a_list_keeps_its_place(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Joined by semicolons, its place is empty."""
    pytest.importorskip("duckdb")
    found = ask(capsys, dataset, "SELECT [NULL, 1.5::DOUBLE, NULL] AS c", "--format", "csv")
    assert found == "c\n; 1.5; \n"
