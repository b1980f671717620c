"""The MCP server, asked by the SDK's own client."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from instructing_names import OF_KERNELS, planted, quotes, strings
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from ncutool.commands.mcp_child import NoAnswerError, Question, answer
from ncutool.commands.mcp_folders import Folders
from ncutool.commands.mcp_server import make
from ncutool.commands.schema import NAMES, schema_of
from ncutool.diagnose.bounded import NAME_KEYS
from ncutool_parsers.errors import UsageError

SAMPLE = Path(__file__).parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
TRACE, REPORT = f"{SAMPLE.name}.json.gz", f"{SAMPLE.name}.ncu-rep"
TOOLS = ["diagnose", "findings", "kernels", "explain", "diff", "next_capture"]
QUESTIONS: dict[str, dict[str, Any]] = {
    "diagnose": {"captures": [TRACE, REPORT], "budget": 4_000},
    "findings": {"capture": TRACE, "top": 2, "max_bytes": 4_000},
    "kernels": {"capture": REPORT, "top": 3, "max_bytes": 8_000},
    "explain": {"capture": TRACE, "launch": "longest"},
    "diff": {"before": TRACE, "after": TRACE, "top": 3},
    "next_capture": {"trace": TRACE},
}


LAUNCHES = 2_000


async def asked(client: Client, tool: str, arguments: dict[str, Any]) -> tuple[bool, str]:
    result = await client.call_tool(tool, arguments)
    return bool(result.is_error), result.content[0].text  # type: ignore[union-attr]  # all is text


def test_every_tool_over_stdio() -> None:
    """A process of its own, as agents start it: tools, resources, bounded answers."""

    async def talk() -> dict[str, Any]:
        process = StdioServerParameters(
            command=sys.executable, args=["-m", "ncutool", "mcp", str(SAMPLE)], env=dict(os.environ)
        )
        async with Client(stdio_client(process)) as client:
            tools = (await client.list_tools()).tools
            assert [tool.name for tool in tools] == TOOLS
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
            listed = (await client.list_resources()).resources
            assert [str(one.uri) for one in listed] == [f"ncutool://schema/{n}" for n in NAMES]
            schema = (await client.read_resource("ncutool://schema/diagnosis")).contents[0]
            assert json.loads(schema.text) == schema_of("diagnosis")  # type: ignore[union-attr]
            return {tool: await asked(client, tool, given) for tool, given in QUESTIONS.items()}

    answers = anyio.run(talk)
    assert {tool: failed for tool, (failed, _) in answers.items()} == dict.fromkeys(TOOLS, False)
    for tool, (_, text) in answers.items():
        assert len(text.encode()) <= QUESTIONS[tool].get("max_bytes", 16_000)
    diagnosis = json.loads(answers["diagnose"][1])
    jsonschema.validate(diagnosis, schema_of("diagnosis"))
    assert len(answers["diagnose"][1].encode()) < 4_000
    assert len(json.loads(answers["kernels"][1])["result"]) == 3
    assert json.loads(answers["diff"][1])["result"]["same_work"]["state"] == "same"
    assert json.loads(answers["explain"][1])["result"]["schema"] == "ncutool/explanation/1"


def test_what_is_refused_says_why() -> None:
    async def talk() -> list[tuple[bool, str]]:
        async with Client(make([SAMPLE], 600, "0")) as client:
            return [
                await asked(client, "diagnose", {"captures": ["/etc/passwd"]}),
                await asked(client, "kernels", {"capture": TRACE, "top": 9_999}),
                await asked(client, "explain", {"capture": TRACE, "launch": "--debug"}),
                await asked(client, "next_capture", {"trace": REPORT}),
            ]

    answers = anyio.run(talk)
    assert [failed for failed, _ in answers] == [True] * 4
    assert "is no file in the folders that this server was given" in answers[0][1]
    assert "less than or equal to 200" in answers[1][1]
    assert "none begins with -" in answers[2][1]
    assert "pass a trace" in answers[3][1]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace of 100 MB."""
    big = tmp_path_factory.mktemp("large") / "big.json"
    kernel = (
        '{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":%d,"dur":5,"args":'
        '{"device":0,"stream":7,"correlation":%d,"grid":[1,1,1],"block":[128,1,1]}}'
    )
    call = '{"ph":"X","cat":"python_function","name":"%s","pid":1,"tid":1,"ts":%d,"dur":1}'
    events = [kernel % (10 * n, n) for n in range(LAUNCHES)]
    events += [call % ("x" * 900, n) for n in range(103_000)]
    big.write_text(f'{{"traceEvents":[{",".join(events)}]}}')
    assert big.stat().st_size > 100e6
    return big.parent


def test_a_large_trace_does_not_block_others(large: Path) -> None:
    """While a trace of 100 MB is read the server answers; then the whole answer comes."""

    async def talk() -> tuple[int, tuple[bool, str]]:
        answers: list[tuple[bool, str]] = []
        listed = 0
        async with Client(make([large], 600.0, "0")) as client, anyio.create_task_group() as group:

            async def ask() -> None:
                answers.append(await asked(client, "diagnose", {"captures": ["big.json"]}))

            group.start_soon(ask)
            while not answers:
                await anyio.sleep(0.05)
                listed += len((await client.list_tools()).tools) > 0
        return listed, answers[0]

    listed, (failed, text) = anyio.run(talk)
    assert listed > 10
    assert not failed
    assert json.loads(text)["captures"][0]["coverage"]["launches"] == LAUNCHES


def test_what_takes_too_long_is_ended(large: Path) -> None:
    async def talk() -> tuple[bool, str]:
        async with Client(make([large], 0.2, "0")) as client:
            return await asked(client, "diagnose", {"captures": ["big.json"]})

    failed, said = anyio.run(talk)
    assert failed
    assert "took longer than 0.2 s" in said


def test_a_question_that_is_taken_back_ends_its_process(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[anyio.abc.Process] = []
    opened = anyio.open_process

    async def watched(*arguments: Any, **more: Any) -> anyio.abc.Process:
        started.append(await opened(*arguments, **more))
        return started[-1]

    monkeypatch.setattr(anyio, "open_process", watched)

    async def talk() -> tuple[bool, str]:
        async with Client(make([large], 600.0, "0")) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(asked, client, "diagnose", {"captures": ["big.json"]})
                while not started:
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
            with anyio.fail_after(60):
                while started[0].returncode is None:
                    await anyio.sleep(0.01)
            return await asked(client, "explain", {"capture": "none.json"})

    failed, said = anyio.run(talk)
    assert started[0].returncode == -9
    assert failed
    assert "is no file in the folders" in said


@pytest.mark.usefixtures("one_reading")
def test_names_are_data_in_every_answer(tmp_path: Path) -> None:
    """Thirty names that read like instructions: no sentence and no error repeats one."""
    capture = planted(tmp_path).name
    capture_after = "after.json"
    slower = json.loads((tmp_path / capture).read_text())
    for event in slower["traceEvents"]:
        if "dur" in event:
            event["dur"] *= 0.75
    (tmp_path / capture_after).write_text(json.dumps(slower))
    one, both = [str(tmp_path / capture)], [str(tmp_path / capture), str(tmp_path / capture_after)]
    questions = [
        Question("diagnose", ["diagnose", *both, "--budget=64000", "--format=json"]),
        Question("findings", ["diagnose", *one, "--budget=1048576", "--format=json"], 64_000, 50),
        Question("kernels", ["kernels", *one, "--top=60", "--format=json"], 64_000),
        Question("explain", ["explain", *one, "longest", "--format=json"], 16_000),
        Question("diff", ["diff", *both, "--top=40", "--format=json"], 64_000),
        Question("next_capture", ["next-capture", *one, "--format=json"], 16_000),
    ]
    seen = set()
    for question in questions:
        for key, text in strings(json.loads(answer(question))):
            assert text.isprintable()
            if quotes(text):
                assert key in NAME_KEYS, (question.tool, key, text)
                seen |= {name for name in OF_KERNELS if text.startswith(name[:40])}
    assert seen == set(OF_KERNELS)
    unknown = Question("explain", ["explain", *one, "no such launch", "--format=json"], 16_000)
    with pytest.raises(NoAnswerError, match=r"the most time is in \[name\]") as said:
        answer(unknown)
    assert not quotes(str(said.value))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    (inside / "deep" / "a.json").write_text("{}")
    (outside / "secret.json").write_text("{}")
    (inside / "link.json").symlink_to(outside / "secret.json")
    (inside / "folder").symlink_to(outside)
    (inside / "fine.json").symlink_to(inside / "deep" / "a.json")
    (inside / "loop").symlink_to(inside / "loop")
    os.mkfifo(inside / "pipe.json")
    return Folders([inside])


@pytest.mark.parametrize("name", ["deep/a.json", "fine.json", "deep/../deep/a.json"])
def test_files_inside_are_found(folders: Folders, name: str) -> None:
    assert folders.file(name) == folders.roots[0] / "deep" / "a.json"
    assert folders.file(str(folders.roots[0] / name)) == folders.roots[0] / "deep" / "a.json"


@pytest.mark.parametrize(
    "name",
    [
        "../out/secret.json", "link.json", "folder/secret.json", "/etc/passwd", "deep", "loop",
        "pipe.json", "no.json", "deep/a.json::member", "https://host/a.json", "a\0b", "",
        "deep/../../out/secret.json", "~/a.json", "DEEP/A.JSON/..", "file:///etc/passwd",
        "/proc/self/root/etc/passwd", "/proc/self/cwd", "/dev/stdin", "/dev/fd/0",
    ],
)  # fmt: skip
def test_files_outside_are_not(folders: Folders, name: str) -> None:
    with pytest.raises(UsageError, match="is no file in the folders"):
        folders.file(name)


def test_a_file_that_becomes_a_link_is_not_answered_for(folders: Folders) -> None:
    path = folders.file("deep/a.json")
    held = folders.identities([path])
    folders.check_same(held)
    path.unlink()
    path.symlink_to(folders.roots[0].parent / "out" / "secret.json")
    with pytest.raises(UsageError, match=r"a\.json: was replaced while it was read"):
        folders.check_same(held)
    path.unlink()
    path.write_text("another")
    (path.parent / "b.json").write_text("holds the number of the file that went")
    path.unlink()
    with pytest.raises(UsageError, match="was replaced"):
        folders.check_same(held)


def test_a_folder_that_becomes_a_link_is_not_answered_for(folders: Folders) -> None:
    path = folders.file("deep/a.json")
    held = folders.identities([path])
    path.parent.rename(folders.roots[0] / "elsewhere")
    path.parent.symlink_to(folders.roots[0] / "elsewhere")
    with pytest.raises(UsageError, match="was replaced"):
        folders.check_same(held)


def test_a_folder_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        Folders([tmp_path / "none"])
    with pytest.raises(UsageError, match="name the folders"):
        Folders([])
