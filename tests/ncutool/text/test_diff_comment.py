"""The comment of a comparison: what it says, what it never lets a name do, and its length."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from diff_factory import call, finding, kernel, report, side, trace
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ncutool import diff
from ncutool.diff.gate import Rules, check
from ncutool.text.diff_comment import LONGEST, diff_comment, marker

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](https://evil.example)",
    "![x](https://evil.example/a.png)", "https://evil.example", "www.evil.example", "@octocat",
    "a@evil.example", "#12 GH-12", "a | b | c", "`code` ``two`` ```three", "</details><h1>big",
    "<!-- hidden", "--> shown", "**bold** _it_ ~~gone~~", "\\`\\|", "\n\n# heading\n\n- list",
    "&lt;b&gt; &#60;b&#62;", "$\\math$", "0123456789abcdef0123456789abcdef01234567",
    "| --- |", "\u202ename\u202c", "x" * 3000, "",
)  # fmt: skip


class _Elements(HTMLParser):
    """Counts the elements of HTML, and keeps the texts of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1


def rendered(text: str) -> str:
    """The comment by GitHub's rules, raw HTML let through so that an injected element is seen."""
    html: str = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    return html


def elements(text: str) -> dict[str, int]:
    """How many there are of each element in a comment."""
    parser = _Elements()
    parser.feed(rendered(text))
    parser.close()
    return parser.tags


def pair(name: str, other: str = "steady") -> diff.Diff:
    """Two traces whose kernel, operator, shapes and file have a name; one kernel got slower."""
    sides = [
        side(trace([call(name, name, name, took), call("mm", "[1]", other, 1_000_000)], name=name))
        for took in (1_000_000, 1_800_000)
    ]
    return diff.compare(*sides)


def plain(text: str) -> str:
    """The comment with spaces that may break, as it is typed here."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_it_says_all_in_one_screen() -> None:
    """The first line tells bots, the second readers; a slower kernel is bold, before the folds."""
    rows = [kernel("work", 2_000_000, roofline_pct=50.0), kernel("steady", 1_000_000)]
    slow = [kernel("work", 3_000_000, roofline_pct=33.4), kernel("steady", 1_000_000)]
    answer = diff.compare(side(report(rows, name="main.ncu-rep")), side(report(slow, name="x")))
    text = plain(diff_comment(answer, accuracy="max error 1e-6, unchanged"))
    lines = text.splitlines()
    assert lines[0] == "<!-- ncutool-diff: main-x -->"
    assert lines[1] == "### 33.3 % more time: 3.000 → 4.000 ms"
    assert "**How sure?** n = 1 + 1, no interval; verdict slower. One capture a side" in text
    row = next(line for line in lines if "`work`" in line)
    assert row == (
        "| **`work`** | **2.00 → 3.00 ms** | **+50.0 %** | **slower** | 1.00 GFLOP | 100 MB "
        "| 50.0 → 33.4 |"
    )
    steady = next(line for line in lines if "`steady`" in line)
    assert steady.startswith("| `steady` | 1.00 → 1.00 ms | 0.0 % |")
    assert "Worst shape: **`work` +50.0 %** (+1.00 ms, 33.3 % of the launch time before)." in text
    assert "End to end: not measured: a report times launches, not the program." in text
    assert "Accuracy: max error 1e-6, unchanged." in text
    first = lines.index(next(line for line in lines if line.startswith("<details>")))
    assert first <= 20


def test_what_was_not_given_is_said() -> None:
    """No accuracy, no clocks of a trace, no driver, no commit, and no private command."""
    text = diff_comment(pair("mul"))
    assert "Accuracy: _not given_." in text
    assert "clocks not recorded" in text
    assert "| driver, commit | not read from captures | not read from captures |" in text
    assert "| command | private, so not shown | private, so not shown |" in text
    assert "results (accuracy is never compared" in text


def test_notes_stand_before_the_folds() -> None:
    """Driver, commit and command as their author gives them, as text and code alone."""
    text = diff_comment(pair("mul"), notes=["commit `1a2b3c4d`, driver 550", "<b>@octocat</b>"])
    first = text.index("<details>")
    assert 0 < text.index("commit `1a2b3c4d`, driver 550") < first
    assert "&lt;b&gt;@<!-- -->octocat&lt;/b&gt;" in text


def test_other_work_comes_first_and_no_speed() -> None:
    """The heading refuses, times stand there uncompared, and no kernel is listed."""
    one, other = (
        side(trace([call("mm", f"[{rows},64]", "gemm", took, flop=rows * 1e6)], batch=rows))
        for rows, took in ((16, 1_000_000), (64, 3_000_000))
    )
    text = diff_comment(diff.compare(one, other))
    assert text.splitlines()[1] == (
        "### Not the same work: batch 16 → 64, 4.00 times the FLOP. No speed verdict."
    )
    assert "| wall time | 1.00 ms | 3.00 ms | not compared |" in text
    assert "| **batch** | **16** | **64** | **4.00** |" in text
    assert "faster" not in text
    assert "slower" not in text


def test_repeats_have_an_interval() -> None:
    """Five runs a side in turn: the interval stands in the heading, noise and order below it."""
    runs = [
        [report([kernel("work", round(took * (1 + noise / 1000)))]) for noise in (0, 1, -1, 2, -2)]
        for took in (1_000_000, 1_100_000)
    ]
    text = diff_comment(diff.compare(side(*runs[0]), side(*runs[1]), order="AB" * 5))
    assert re.search(r"^### 10\.0 % more time: .* \(\+9\.\d to \+10\.\d %\)$", text, re.MULTILINE)
    assert "**How sure?** n = 5 + 5, interval +9." in text
    assert "from run to run; verdict slower" in text
    assert "Order of runs: ABABABABAB, as given." in text


def test_findings_say_what_became_of_predictions() -> None:
    """A fusion that was carried out: resolved, what was predicted, what came."""
    before = trace(
        [call("mm", "[2]", "gemm", 1_000_000), call("pow", "[1]", "pow", 100_000, op_id=7),
         call("mul", "[1]", "mul", 100_000, op_id=8), call("mm", "[3]", "gemm2", 1_000_000)],
        findings=(finding("fuse-norm", (1, 2), 90_000, 110_000),),
    )  # fmt: skip
    after = trace(
        [call("mm", "[2]", "gemm", 1_000_000), call("norm", "[1]", "fused", 100_000, op_id=7),
         call("mm", "[3]", "gemm2", 1_000_000)]
    )  # fmt: skip
    text = diff_comment(diff.compare(side(before), side(after)))
    assert "<summary>Findings: 1 resolved</summary>" in text
    assert "| resolved | fuse-norm | 90–110 µs | 100 µs less |" in text


def test_the_gate_stands_below_the_verdict() -> None:
    """What it asked for and what came of it."""
    answer = pair("mul")
    text = diff_comment(answer, check(answer, Rules(fail_over=3.0)))
    assert "**Gate** `--fail-over 3%`: **regression**, wall +40.0 %" in text


def test_ten_thousand_groups_fit() -> None:
    """Rows of the folded table go first, and how many is said; the head stays whole."""
    rows = [
        call("mm", f"[{at},64]", f"gemm_of_a_rather_long_name_{at}", 10_000) for at in range(10_000)
    ]
    slow = [row | {"duration_ns": 14_000} for row in rows]
    text = diff_comment(diff.compare(side(trace(rows)), side(trace(slow))))
    assert len(text) <= LONGEST
    assert len(text.encode()) <= LONGEST
    assert "<summary>All 10,000 groups, worst first: 10,000 slower</summary>" in text
    left = re.search(r"^([\d,]+) groups that changed less not shown", text, re.MULTILINE)
    assert left is not None
    shown = sum(line.startswith("| **`mm") for line in text.splitlines()) - 6
    assert int(left[1].replace(",", "")) == 10_000 - shown
    assert "How it was run, and what was not measured" in text
    assert elements(text)["details"] == 2


def test_a_bot_finds_its_comment_by_any_name() -> None:
    """The marker is one comment of HTML, whatever the name."""
    assert marker("main → new") == "<!-- ncutool-diff: main-new -->"
    assert marker("--> <script>") == "<!-- ncutool-diff: script -->"
    assert marker("") == "<!-- ncutool-diff: comparison -->"
    text = diff_comment(pair("mul"), name="nightly")
    assert text.splitlines()[0] == "<!-- ncutool-diff: nightly -->"


PLAIN = elements(diff_comment(pair("plain")))


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80)))
@settings(max_examples=40, deadline=None)
@example("@octocat #12 https://evil.example a@b.example")
@example("a|b`c|d`e")
@example("</summary></details><a href=x>y</a>")
def test_no_name_injects_anything(name: str) -> None:
    """A kernel, operator, shape and file of any name make the very elements of a plain name.

    So there is no link, no image, no script, no table cell and no row more or less.
    """
    found = elements(diff_comment(pair(name)))
    for tag in ("a", "img", "script", "h1", "h2", "pre", "del", "ul"):
        assert tag not in found, tag
    for tag in ("table", "tr", "td", "th", "details", "summary", "h3"):
        assert found[tag] == PLAIN[tag], tag


@given(st.sampled_from(HOSTILE))
@settings(max_examples=24, deadline=None)
def test_a_refused_comparison_injects_nothing_either(name: str) -> None:
    """Names, devices and the accuracy that someone gives stand there as text."""
    one = trace([call("mm", name, name, 10_000)], name=name, batch=1)
    other = trace([call("mm", name, name, 10_000)], name=name, batch=2)
    found = elements(diff_comment(diff.compare(side(one), side(other)), accuracy=name))
    for tag in ("a", "img", "script", "h1", "h2", "pre", "del"):
        assert tag not in found, tag
    assert found["h3"] == 1
    assert found["table"] == 2


def test_mentions_and_references_are_broken_in_two() -> None:
    """Outside of code, where GitHub would notify or link, a comment of HTML stands between."""
    one = trace([call("mm", "[1]", "k", 10_000)], name="@octocat #12 GH-7 abcdef1234.json", batch=1)
    other = trace([call("mm", "[1]", "k", 10_000)], name="b", batch=2)
    text = diff_comment(diff.compare(side(one), side(other)))
    row = next(line for line in text.splitlines() if line.startswith("| captures"))
    assert "@<!-- -->octocat #<!-- -->12 GH-<!-- -->7 abcdef<!-- -->1234.json" in row
