"""Encoders of images that stand beside a decoder: their weights, which no step of it reads.

Sizes that a configuration leaves out are those that all published models of the family have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ncutool.planning.llm.keys import refuse
from ncutool.planning.llm.model import Held
from ncutool.planning.llm.values import Values

Tower = Callable[[Values, Values, int], int]


def _sizes(values: Values, usual: Mapping[str, int]) -> dict[str, int]:
    """Return sizes by name; the family's own where they are not given, which is noted."""
    return {
        name: values.count(name) if values.given(name) else values.default(f"vision {name}", value)
        for name, value in usual.items()
    }


def _siglip(vision: Values, outer: Values, hidden: int) -> int:
    """SigLIP as in Gemma 3, with the projection to the decoder."""
    usual = {
        "hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304,
        "num_channels": 3, "patch_size": 14, "image_size": 896,
    }  # fmt: skip
    wide, layers, inner, channels, patch, image = _sizes(vision, usual).values()
    block = 4 * (wide * wide + wide) + 2 * wide * inner + inner + wide + 4 * wide
    places = (image // patch) ** 2 * wide
    patches = channels * patch * patch * wide + wide
    return layers * block + places + patches + 2 * wide + wide * hidden + wide


def _pixtral(vision: Values, outer: Values, hidden: int) -> int:
    """Pixtral as in Mistral Small 3.1, with the merger of patches."""
    usual = {
        "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096,
        "num_channels": 3, "patch_size": 14,
    }  # fmt: skip
    wide, layers, inner, channels, patch = _sizes(vision, usual).values()
    merged = outer.count("spatial_merge_size", default=2) ** 2
    block = 4 * wide * wide + 3 * wide * inner + 2 * wide
    patches = channels * patch * patch * wide + wide
    bias = 2 * hidden if outer.flag("multimodal_projector_bias") else 0
    projector = wide + merged * wide * wide + wide * hidden + hidden * hidden + bias
    return layers * block + patches + projector


def _qwen2_5(vision: Values, outer: Values, hidden: int) -> int:
    """Qwen2.5-VL: gated blocks with biases, and a merger of four patches."""
    usual = {
        "hidden_size": 1280, "depth": 32, "intermediate_size": 3420, "patch_size": 14,
        "temporal_patch_size": 2, "spatial_merge_size": 2,
    }  # fmt: skip
    wide, depth, inner, patch, frames, merge = _sizes(vision, usual).values()
    channels = vision.count("in_channels", "in_chans", default=3)
    block = wide * 3 * wide + 3 * wide + wide * wide + wide
    block += 3 * wide * inner + 2 * inner + wide + 2 * wide
    return (
        depth * block
        + channels * frames * patch * patch * wide
        + _merger(wide, merge, vision.count("out_hidden_size", default=hidden), norm=wide)
    )


def _qwen2(vision: Values, outer: Values, hidden: int) -> int:
    """Qwen2-VL: blocks of two matrices with biases and LayerNorm."""
    usual = {
        "embed_dim": 1280, "depth": 32, "mlp_ratio": 4, "patch_size": 14,
        "temporal_patch_size": 2, "spatial_merge_size": 2,
    }  # fmt: skip
    wide, depth, ratio, patch, frames, merge = _sizes(vision, usual).values()
    channels = vision.count("in_channels", "in_chans", default=3)
    inner = ratio * wide
    block = 4 * wide * wide + 4 * wide + 2 * wide * inner + inner + wide + 4 * wide
    out = vision.count("hidden_size", default=hidden)
    return (
        depth * block
        + channels * frames * patch * patch * wide
        + _merger(wide, merge, out, norm=2 * wide)
    )


def _qwen3(vision: Values, outer: Values, hidden: int) -> int:
    """Qwen3-VL and Qwen3.5: learned positions, and a merger for each deep layer besides."""
    names = ("hidden_size", "depth", "intermediate_size", "patch_size")
    wide, depth, inner, patch = (vision.count(name) for name in names)
    frames = vision.count("temporal_patch_size", default=2)
    merge = vision.count("spatial_merge_size", default=2)
    channels = vision.count("in_channels", default=3)
    places = vision.count("num_position_embeddings")
    out = vision.count("out_hidden_size", default=hidden)
    block = 4 * wide * wide + 4 * wide + 2 * wide * inner + inner + wide + 4 * wide
    patches = channels * frames * patch * patch * wide + wide
    deep = len(vision.numbers("deepstack_visual_indexes") or ())
    mergers = _merger(wide, merge, out, norm=2 * wide)
    mergers += deep * _merger(wide, merge, out, norm=2 * wide * merge * merge)
    return depth * block + patches + places * wide + mergers


def _merger(wide: int, merge: int, out: int, *, norm: int) -> int:
    """Return a norm and two matrices with biases on merged patches."""
    merged = wide * merge * merge
    return norm + merged * merged + merged + merged * out + out


def _llama4(vision: Values, outer: Values, hidden: int) -> int:
    """Llama 4: a ViT with learned positions, an adapter and the projection to the decoder."""
    usual = {
        "hidden_size": 1408, "num_hidden_layers": 34, "intermediate_size": 5632,
        "num_channels": 3, "patch_size": 14, "image_size": 336, "projector_input_dim": 4096,
        "projector_output_dim": 4096, "vision_output_dim": 4096,
    }  # fmt: skip
    sizes = _sizes(vision, usual)
    wide, layers, inner, channels, patch, image, narrow, out, given = sizes.values()
    ratio = (
        0.5
        if vision.data.get("pixel_shuffle_ratio") is None
        else vision.data["pixel_shuffle_ratio"]
    )
    if not isinstance(ratio, int | float) or isinstance(ratio, bool) or not 0 < ratio <= 1:
        raise vision.fail("pixel_shuffle_ratio must be above 0 and at most 1")
    block = 4 * (wide * wide + wide) + 2 * wide * inner + inner + wide + 4 * wide
    patches = channels * patch * patch * wide
    places = ((image // patch) ** 2 + 1) * wide + wide
    adapter = inner * narrow + narrow * out
    return layers * block + patches + places + 4 * wide + adapter + given * hidden


TOWERS: Mapping[str, Tower] = {
    "gemma3": _siglip,
    "mistral3": _pixtral,
    "qwen2_vl": _qwen2,
    "qwen2_5_vl": _qwen2_5,
    "qwen3_vl": _qwen3,
    "qwen3_vl_moe": _qwen3,
    "qwen3_5": _qwen3,
    "qwen3_5_moe": _qwen3,
    "llama4": _llama4,
}
"""``model_type`` of a multimodal configuration to what counts its encoder."""


def encoder(outer: Values, hidden: int, assumed: list[str]) -> Held | None:
    """Return the encoder of images that a configuration describes; None where it has none.

    Raises:
        UsageError: it has one whose weights cannot be counted, or another encoder besides.
    """
    for name in (
        "audio_config",
        "speech_config",
        "talker_config",
        "thinker_config",
        "audio_processor",
    ):
        if outer.data.get(name):
            raise refuse(outer, f"{name}: encoders of sound are not known")
    vision = outer.inner("vision_config")
    kind = outer.text("model_type")
    if vision is None:
        if kind in TOWERS:
            assumed.append("no encoder of images (vision_config)")
        return None
    count = TOWERS.get(kind)
    if count is None:
        raise outer.fail(
            f"how many weights the image encoder of {kind or 'this model'} has is not known; to "
            "plan the decoder alone, give its text_config as a config.json of its own"
        )
    parameters = count(vision, outer, hidden)
    assumed += vision.assumed
    return Held("the encoder of images", parameters)
