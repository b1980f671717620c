"""Which layers look at all tokens, and which at the last few only."""

from __future__ import annotations

from ncutool.base.thresholds import IntThreshold
from ncutool.planning.llm.values import Values

_GEMMA3_PATTERN = IntThreshold(
    6,
    "layers",
    "Gemma 3 has one full layer after five with a window, where the configuration does not say",
    "transformers, Gemma3TextConfig: sliding_window_pattern",
)


def layer_windows(values: Values, layers: int) -> dict[int | None, int]:
    """Return the number of layers for each window in tokens; None is no window.

    A list of ``layer_types`` wins; else the family's own pattern: all layers (Mistral), every
    other one (Gemma 2, gpt-oss), five of six (Gemma 3), or none where ``use_sliding_window`` is
    false or no window is given.
    """
    window = _window(values)
    if window is None:
        return {None: layers}
    windowed = _windowed(values, layers)
    layers_of: dict[int | None, int] = {}
    if windowed < layers:
        layers_of[None] = layers - windowed
    if windowed:
        layers_of[window] = windowed
    return layers_of


def _window(values: Values) -> int | None:
    kind = values.text("model_type")
    defaults = {"gemma2": 4096, "gemma3_text": 4096, "gemma3": 4096}
    if kind.startswith("qwen") and not values.flag("use_sliding_window"):
        return None
    if values.given("sliding_window"):
        return values.count("sliding_window")
    if "sliding_window" in values.data:
        return None
    return defaults.get(kind)


def _windowed(values: Values, layers: int) -> int:
    """Return how many layers have the window."""
    kinds = values.texts("layer_types")
    if kinds is not None:
        if len(kinds) != layers:
            raise values.fail(f"layer_types lists {len(kinds)} layers of {layers}")
        unknown = set(kinds) - {"sliding_attention", "full_attention"}
        if unknown:
            raise values.fail(f"layer_types names {min(unknown)!r}, which is not known")
        return kinds.count("sliding_attention")
    kind = values.text("model_type")
    if kind in ("gemma2", "gpt_oss"):
        return (layers + 1) // 2
    if kind in ("gemma3", "gemma3_text"):
        names = ("sliding_window_pattern", "_sliding_window_pattern")
        pattern = values.count(*names, default=_GEMMA3_PATTERN)
        return layers - layers // pattern
    if kind.startswith("qwen"):
        # the first `max_window_layers` look at everything
        return max(0, layers - values.count("max_window_layers", default=layers, least=0))
    return layers
