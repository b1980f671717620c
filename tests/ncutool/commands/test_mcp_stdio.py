"""A line that is no message: an agent gets an answer all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

from ncutool.commands.mcp_stdio import answer_to

PARSE, INVALID = -32700, -32600
CALL = '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"findings","arguments":%s}}'
PING = '{"jsonrpc":"2.0","id":99,"method":"ping"}'
UNREADABLE = {
    "half a surrogate pair": (CALL % r'{"capture":"\ud800"}', PARSE, 3),
    "the id too": (r'{"jsonrpc":"2.0","id":"\ud800","method":"ping"}', PARSE, None),
    "100,000 brackets": (CALL % ("[" * 100_000 + "]" * 100_000), PARSE, None),
    "a number of 5,000 digits": ('{"jsonrpc":"2.0","id":%s}' % ("9" * 5_000), PARSE, None),
    "no JSON": ("hello", PARSE, None),
    "cut short": ('{"jsonrpc":"2.0","id":5,', PARSE, None),
    "a list": ("[]", INVALID, None),
    "a batch": ('[{"jsonrpc":"2.0","id":6,"method":"ping"}]', INVALID, None),
    "no method": ('{"jsonrpc":"2.0","id":"a"}', INVALID, "a"),
    "a number as method": ('{"jsonrpc":"2.0","id":8,"method":5}', INVALID, 8),
    "true as id": ('{"jsonrpc":"2.0","id":true,"method":5}', INVALID, None),
    "another version": ('{"jsonrpc":"1.0","id":9,"method":"ping"}', INVALID, 9),
    "a number as params": ('{"jsonrpc":"2.0","id":10,"method":"ping","params":5}', INVALID, 10),
}
NOTHING_ASKED = ("\n", "  \n", '{"jsonrpc":"2.0","id":1,"result":5}', '{"jsonrpc":"2.0","error":5}')


def told(line: str) -> JSONRPCError | None:
    with pytest.raises(ValidationError) as caught:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    return answer_to(caught.value)


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_line_that_is_no_message_is_answered(name: str) -> None:
    line, code, number = UNREADABLE[name]
    answer = told(line)
    assert answer is not None
    assert (answer.error.code, answer.id) == (code, number)
    assert "a message is one JSON object a line" in answer.error.message


@pytest.mark.parametrize("line", NOTHING_ASKED)
def test_what_asks_nothing_is_not_answered(line: str) -> None:
    assert told(line) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_messages = st.fixed_dictionaries(
    {}, optional={"jsonrpc": st.just("2.0") | _values, "id": _values, "method": _values,
                  "params": _values, "result": _values, "error": _values},
)  # fmt: skip


@given(st.text() | _messages.map(json.dumps) | _values.map(json.dumps))
def test_whatever_comes_the_answer_can_be_sent(line: str) -> None:
    try:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        answer = answer_to(error)
        if answer is not None:
            sent: dict[str, Any] = json.loads(answer.model_dump_json(by_alias=True))
            assert sent["error"]["code"] in (PARSE, INVALID)
            assert len(sent["error"]["message"]) < 400


def test_over_standard_input(tmp_path: Path) -> None:
    """One answer to each line, in order, and the server answers on."""
    start = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}}}  # fmt: skip
    ready = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    lines = [json.dumps(start), ready, *(line for line, _, _ in UNREADABLE.values()), "", PING]
    with subprocess.Popen(
        [sys.executable, "-m", "ncutool", "mcp", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("\n".join(lines) + "\n")
        server.stdin.flush()
        answers = [json.loads(server.stdout.readline()) for _ in range(len(UNREADABLE) + 2)]
        server.stdin.close()
        assert server.wait(60) == 0
    assert answers[0]["id"] == 1
    assert answers[-1] == {"jsonrpc": "2.0", "id": 99, "result": {}}
    codes = [answer["error"]["code"] for answer in answers[1:-1]]
    assert codes == [code for _, code, _ in UNREADABLE.values()]
