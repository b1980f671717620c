"""Writes docs/rules: a page of each rule of advice, and a list of them; a test holds them to the
catalogue.

python docs/make_rules.py
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ncutool.advice.catalogue import Rule, rules
from ncutool.advice.kernels.tune_remedies import words
from ncutool.base.thresholds import ThresholdTable

FOLDER = Path(__file__).parent / "rules"
MADE = "<!-- Written by docs/make_rules.py from ncutool/advice/catalogue; do not edit. -->"
PER = {
    "window": "The saving is of the window: it gets so much shorter.",
    "row": "The saving is per row: the window stays as long and does more rows.",
    "sample": "The saving is per sample: the window stays as long and does more samples.",
}
OF_ALL = (
    "advice.price.rank.SMALL_PCT",
    "advice.price.rank.ALTERNATIVE_PCT",
    "advice.price.rank.ALIKE_PCT",
    "advice.price.rank.HOST_WORTH",
    "advice.fuse.unfusable.MIN_SHARE",
    "advice.kernels.tune.MUCH_PCT",
    "advice.host.launch.DECLINED_PCT",
    "advice.host.synchronization.DECLINED_PCT",
    "advice.host.communication.DECLINED_PCT",
    "advice.view.context.OVERLAP_SHARE",
)
"""Thresholds that concern every finding, or what is declined."""


def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    return {"README.md": _index()} | {f"{name}.md": _page(rule) for name, rule in rules().items()}


def _index() -> str:
    lines = [
        "# Rules\n", MADE,
        "\nEach finding names the rule that found it (`rule`), of which there is a page here.",
    ]  # fmt: skip
    for kind in dict.fromkeys(rule.kind for rule in rules().values()):
        lines += [f"\n## {kind}\n", "| rule | what it sees |", "| --- | --- |"]
        lines += [
            f"| [{name}]({name}.md) | {_cell(rule.sees)} |"
            for name, rule in rules().items()
            if rule.kind == kind
        ]
    lines += ["\n## What concerns all of them\n", _thresholds(OF_ALL)]
    return "\n".join(lines) + "\n"


def _page(rule: Rule) -> str:
    told = words(amd=False, compiled=False) if rule.kind == "tune" else {}
    matters = rule.matters.format(**told) if told else rule.matters
    parts = [
        f"# {rule.title.replace('{}', 'a kernel')}", MADE,
        f"Rule `{rule.name}`, of kind `{rule.kind}`. {PER[rule.per]}",
        f"## What it sees\n\n{rule.sees}", f"## Why it matters\n\n{matters}",
    ]  # fmt: skip
    if rule.remedy:
        remedy = rule.remedy.format(**told) if told else rule.remedy
        code = f"\n\n```\n{rule.code}\n```" if rule.code else ""
        parts.append(f"## What to do\n\n{remedy}{code}")
    parts += [f"## When it is wrong\n\n{rule.wrong}", f"## Example\n\n{rule.example}"]
    if rule.thresholds:
        parts.append(f"## What it rests on\n\n{_thresholds(rule.thresholds)}")
    if rule.references:
        parts.append("## References\n\n" + "\n".join(f"- <{link}>" for link in rule.references))
    return "\n\n".join(parts) + "\n"


def _thresholds(names: tuple[str, ...]) -> str:
    head = "| number | value | unit | meaning | source |\n| --- | ---: | --- | --- | --- |"
    rows = []
    for path in names:
        module, _, name = path.rpartition(".")
        number = getattr(import_module(f"ncutool.{module}"), name)
        if isinstance(number, ThresholdTable):
            value = "; ".join(f"{row}: {values}" for row, values in number.items())
        else:
            value = f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"
        cells = (value, number.unit, number.meaning, number.source)
        rows.append(f"| `{path}` | " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([head, *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(FOLDER)
