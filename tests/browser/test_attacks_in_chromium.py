"""A capture whose every string attacks, in every page that ncutool writes, opened in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch_factory as made
from browser_driver import Browser, why_not

from ncutool.commands import main

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

ATTACKS = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=`owned`">',
    "'><svg/onload=document.title='owned'>",
    "<!--<script>document.title='owned'//-->",
    "]]></style></title><iframe src=//evil.example/x></iframe>",
    "{{ 7 * 7 }}{% raw %}${document.title='owned'}",
    "javascript:document.title='owned'//\\u0022-alert(1)-\\u0022",
    "url(//evil.example/x);} * { background: url(https://evil.example/y) } <base href=//evil.ex>",
    "&lt;img src=x onerror=document.title='owned'&gt; &#60;script&#62;",
    "<meta http-equiv=refresh content=0;url=//evil.example> \u2028 \u202e xlink:href",
    "__proto__",
    "constructor",
)


def attacks() -> Iterator[str]:
    """Each attack in turn, again and again."""
    number = 0
    while True:
        yield f"{ATTACKS[number % len(ATTACKS)]}"
        number += 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with Browser() as found:
        yield found


def capture(path: Path, slower: float = 1.0, rank: int = 0, world: int = 1) -> Path:
    """Write a trace of some steps with an attack in the place of every text."""
    say = attacks()
    events: list[made.Event] = []
    for step in range(4):
        start = 10_000.0 * step
        events.append(made.event("user_annotation", f"ProfilerStep#{step}", start, 9_990.0))
        events.append(made.event("user_annotation", next(say), start + 1, 9_000.0))
        for index, attack in enumerate(ATTACKS):
            key, at = 100 * step + index + 1, start + 100.0 + 600.0 * index
            types = {"Input Dims": [[512, 512], [512, 512]], "Input type": ["float", next(say)],
                     "Concrete Inputs": ["", next(say)], "kernel_backend": next(say)}  # fmt: skip
            events.append(made.op(f"aten::mm{attack}", at, 80.0, key, args=types))
            events.append(made.call(at + 10, 5.0, key))
            events.append(
                made.kernel(attack, at + 50, 300.0 * slower, key, grid=[64, 1, 1],
                            block=[128, 1, 1], **{next(say): next(say)})
            )  # fmt: skip
        if world > 1:
            events += _all_reduce(start + 8_100, 100 * step + 99, next(say))
        events.append(made.event("overhead", next(say), start + 8_000, 20.0))
        events.append(made.event("python_function", next(say), start + 1, 50.0))
    devices: list[dict[str, Any]] = [
        {"id": 0, "name": f"NVIDIA H100 80GB HBM3 {ATTACKS[0]}", "computeMajor": 9,
         "computeMinor": 0, "numSms": 132, "totalGlobalMem": 85017624576}
    ]  # fmt: skip
    groups = [{"pg_name": ATTACKS[1], "pg_desc": ATTACKS[2], "ranks": [0]}]
    about = {"backend": ATTACKS[0], "rank": rank, "world_size": world, "pg_config": groups}
    return made.write(
        path, events, deviceProperties=devices, distributedInfo=about, traceName=ATTACKS[1],
        hostname=ATTACKS[2], **{ATTACKS[3]: ATTACKS[4]},
    )  # fmt: skip


def _all_reduce(start: float, key: int, group: str) -> list[made.Event]:
    """A collective of a group whose name attacks."""
    told = {
        **{"Collective name": "allreduce", "Group size": 2, "dtype": "Float"},
        **{"In msg nelems": 1 << 20, "Out msg nelems": 1 << 20},
        **{"Process Group Name": group, "Process Group Description": group},
        "Process Group Ranks": f"[0, 1] {group}",
    }
    name = "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)"
    return [
        made.call(start, 5.0, key),
        made.kernel(name, start + 20, 300.0, key, grid=[24, 1, 1], block=[512, 1, 1], **told),
    ]


def _plan(folder: Path, name: str) -> list[str]:
    """A plan of a model and a device of the user's own, whose every text attacks."""
    config = folder / name
    told = {
        **{"model_type": "llama", "architectures": [ATTACKS[0]], "_name_or_path": ATTACKS[1]},
        **{"hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8},
        **{"intermediate_size": 4096, "vocab_size": 32000, "torch_dtype": "bfloat16"},
        **{"hidden_act": "silu", "max_position_embeddings": 4096},
    }
    config.write_text(json.dumps(told), encoding="utf-8")
    device = ATTACKS[1].replace("`owned`", "1")
    rows = folder / "devices.toml"
    rows.write_text(
        f"[[device]]\nname = {json.dumps(device)}\ncompute_capability = '9.0'\nsm_count = 132\n"
        "memory_bytes = 80_000_000_000\nl2_bytes = 52428800\npeak_bytes_per_s = 3.35e12\n"
        "source = 'https://example.org'\n"
        "[device.peak_flop_per_s]\nfp32 = 6.69e13\nbf16_tensor = 9.89e14\n",
        encoding="utf-8",
    )
    return ["plan", "llm", "--config", str(config), "--device", device, "--device-file", str(rows)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of page and picture of such captures."""
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "runs").mkdir()
    name = "a<img src=x onerror=document.title=`owned`>'\"&.json"
    before = capture(folder / "runs" / name)
    after = capture(folder / "runs" / f"after-{name}", 1.5)
    written = {
        "page": ("report", before, after),
        "picture": ("report", before),
        "diff": ("diff", before, after, "--force"),
        "diff picture": ("diff", before, after, "--force"),
        "what if": ("whatif", before, "--on", "A100 80GB SXM", "--on", "H200 SXM"),
    }
    found: dict[str, Path] = {}
    for kind, command in written.items():
        place = folder / f"{kind.replace(' ', '-')}{'.svg' if 'picture' in kind else '.html'}"
        assert main([*map(str, command), "-o", str(place)]) == 0, kind
        found[kind] = place
    ranks = folder / "ranks <img src=x onerror=document.title=`owned`>"
    ranks.mkdir()
    for rank in range(2):
        capture(ranks / f"rank{rank}-{name}", 1.0 + rank, rank, 2)
    found["job"] = folder / "job.html"
    assert main(["job", str(ranks), "-o", str(found["job"])]) == 0
    found["plan"] = folder / "plan.html"
    assert main([*_plan(folder, name), "-o", str(found["plan"])]) == 0
    dataset = folder / "set"
    assert main(["batch", str(folder / "runs"), "-o", str(dataset), "--jobs", "1"]) == 0
    found["fleet"] = folder / "fleet.html"
    assert main(["fleet", str(dataset), "-o", str(found["fleet"])]) == 0
    return found


@pytest.mark.parametrize(
    "kind", ["page", "picture", "diff", "diff picture", "what if", "fleet", "job", "plan"]
)
def test_nothing_runs_loads_or_breaks_the_policy(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    """Every string stands there as text, after everything that can be opened was opened."""
    browser.open(pages[kind])
    if kind.endswith("picture"):
        assert (
            browser.evaluate("document.querySelectorAll('script, image, foreignObject').length")
            == 0
        )
    else:
        browser.evaluate(
            "document.querySelectorAll('summary, tr[data-group] button')"
            ".forEach(one => one.click())"
        )
        unwanted = "img, iframe, base, object, embed, [onload], [onerror], meta[content*=evil]"
        assert browser.evaluate(f"document.querySelectorAll({unwanted!r}).length") == 0
        assert browser.evaluate("document.body.textContent").count("document.title=") > 0
    assert browser.evaluate("document.title") != "owned"
    assert browser.evaluate(
        "[...document.querySelectorAll('a[href]')].every(one => "
        "/^(#|https:\\/\\/|[\\w.-]+\\.html)/.test(one.getAttribute('href')))"
    )
    assert browser.complaints() == []
    assert not [one for one in browser.requests() if not one.startswith(pages[kind].as_uri())]
