"""The type of whatever a published checkpoint does not quantise."""

from __future__ import annotations

from ncutool.base.user_files import shown
from ncutool.planning.llm.values import Values

_TRAINED = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


def trained_type(values: Values) -> str:
    """Return the type of whatever is not quantised; bf16 where the configuration does not say.

    Checkpoints that were saved in float32 are served in bf16, and are counted so.
    """
    named = (values.text("torch_dtype") or values.text("dtype")).removeprefix("torch.")
    if named and named not in (*_TRAINED, "auto"):
        raise values.fail(
            f"torch_dtype {shown(named)} is not known; known are {', '.join(_TRAINED)}"
        )
    kind = _TRAINED.get(named, "bf16")
    return "bf16" if kind == "fp32" else kind
