"""Which layers look at all tokens, and which at the last few or at those of their chunk only."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.values import Values

FULL, SLIDING, CHUNKED = "full", "sliding", "chunked"
_KINDS = {
    "full_attention": FULL,
    "attention": FULL,
    "global": FULL,
    "global_attention": FULL,
    "sliding_attention": SLIDING,
    "sliding_window": SLIDING,
    "local": SLIDING,
    "chunked_attention": CHUNKED,
}


class Span(Struct, frozen=True):
    """How far a layer looks back; all None is everything."""

    window: int | None = None
    chunk: int | None = None


class Windows(Struct, frozen=True):
    """How a family says which layers have a window."""

    kinds: Callable[[Values, int], list[str]] | None = None
    """Kind of each layer where ``layer_types`` does not list them; None: no layer has a window."""
    window: int | None = None
    """The window where the configuration does not give one."""


def every_layer(values: Values, layers: int) -> list[str]:
    """Return a window for each layer (Mistral)."""
    return [SLIDING] * layers


def every_other(values: Values, layers: int) -> list[str]:
    """Return a window for the first layer and each second one after it (Gemma 2, gpt-oss)."""
    return [FULL if index % 2 else SLIDING for index in range(layers)]


def full_everywhere(values: Values, layers: int) -> list[str]:
    """Return no window, if ``attn_type_list`` marks each layer as attention (MiniMax-M2)."""
    marks = values.numbers("attn_type_list")
    if marks is not None and (len(marks) != layers or set(marks) != {1}):
        raise refuse(values, "attn_type_list marks layers without attention")
    return [FULL] * layers


def last_of(usual: int) -> Callable[[Values, int], list[str]]:
    """Return windows for all layers but the last of each group of so many."""

    def kinds(values: Values, layers: int) -> list[str]:
        names = ("sliding_window_pattern", "_sliding_window_pattern")
        for name in names:
            given = values.data.get(name)
            if isinstance(given, str):  # e.g. LLLG: local and global layers in turn
                values.known(name)
                if not given or set(given) - {"L", "G"}:
                    raise refuse(values, f"{name} {given[:20]!r} is no row of L and G")
                return [
                    SLIDING if given[index % len(given)] == "L" else FULL for index in range(layers)
                ]
        group = values.count(*names, default=0, least=0)
        if not group:
            group = values.default("sliding_window_pattern", usual)
        return [SLIDING if (index + 1) % group else FULL for index in range(layers)]

    return kinds


def past_the_first(values: Values, layers: int) -> list[str]:
    """Return a window for layers past ``max_window_layers``, where windows are used (Qwen)."""
    if not values.flag("use_sliding_window"):
        if not values.given("use_sliding_window") and values.given("sliding_window"):
            values.assumed.append("no window (use_sliding_window is not given)")
        values.known("sliding_window", "max_window_layers")
        return [FULL] * layers
    first = values.count("max_window_layers", default=layers, least=0)
    return [SLIDING if index >= first else FULL for index in range(layers)]


def only_if_used(values: Values, layers: int) -> list[str]:
    """Return no window unless ``use_sliding_window`` says so, which then lists its layers."""
    if values.flag("use_sliding_window"):
        raise refuse(values, "use_sliding_window without layer_types")
    values.known("sliding_window", "max_window_layers")
    return [FULL] * layers


def chunks(values: Values, layers: int) -> list[str]:
    """Return chunks for layers with rotary positions, everything for those without (Llama 4)."""
    listed = values.numbers("no_rope_layers") or ()
    step = values.count("no_rope_layer_interval", default=4)
    if listed and len(listed) != layers:
        raise refuse(values, f"no_rope_layers lists {len(listed)} layers of {layers}")
    rope = listed or [int((index + 1) % step != 0) for index in range(layers)]
    has_chunks = values.given("attention_chunk_size")
    if not has_chunks:
        values.assumed.append("no chunks (attention_chunk_size)")
    return [CHUNKED if has_chunks and each else FULL for each in rope]


def attention_layers(
    values: Values, layers: int, windows: Windows, attending: set[int]
) -> dict[Span, int]:
    """Return how many of the attending layers look back how far.

    Args:
        layers: all layers of the model.
        attending: those of them that have attention.
    """
    found: dict[Span, int] = {}
    spans: dict[str, Span] = {FULL: Span()}
    for index, kind in enumerate(_kinds(values, layers, windows, attending)):
        if index not in attending:
            continue
        if kind not in spans:
            spans[kind] = _span(values, kind, windows)
        found[spans[kind]] = found.get(spans[kind], 0) + 1
    return dict(sorted(found.items(), key=lambda item: item[0] != Span()))


def _kinds(values: Values, layers: int, windows: Windows, attending: set[int]) -> list[str]:
    listed = values.texts("layer_types")
    if listed is None:
        return [FULL] * layers if windows.kinds is None else windows.kinds(values, layers)
    if len(listed) != layers:
        raise values.fail(f"layer_types lists {len(listed)} layers of {layers}")
    unknown = {listed[index] for index in attending} - set(_KINDS)
    if unknown:
        raise refuse(values, f"layer_types names {min(unknown)!r}, which is not known")
    kinds = [_KINDS.get(kind, FULL) for kind in listed]
    values.known("sliding_window_pattern", "_sliding_window_pattern", "use_sliding_window")
    values.known("max_window_layers")
    if SLIDING not in kinds:
        values.known("sliding_window")
    return kinds


def _span(values: Values, kind: str, windows: Windows) -> Span:
    if kind == CHUNKED:
        return Span(chunk=values.count("attention_chunk_size"))
    if values.given("sliding_window"):
        return Span(window=values.count("sliding_window"))
    if "sliding_window" in values.data:
        if values.texts("layer_types") is not None:
            raise values.fail("layer_types names layers with a window, and sliding_window is null")
        if windows.kinds is not every_layer:
            values.assumed.append("no window (sliding_window is null)")
        return Span()
    if windows.window is None:
        if values.texts("layer_types") is not None:
            raise values.fail("sliding_window is missing, and layer_types names layers with one")
        return Span()
    return Span(window=values.default("sliding_window", windows.window))
