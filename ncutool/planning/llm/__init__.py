"""Plans a language model on a device before anything is bought or profiled.

>>> from ncutool.planning import llm
>>> found = llm.plan("llama-3-8b", "H100 SXM", batch=1, context_tokens=8192)
>>> found.memory.kv_bytes_per_token
131072.0
"""

from ncutool.planning.llm.config import from_config, read_config
from ncutool.planning.llm.model import Cache, Experts, Matrix, Model
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.planning import plan
from ncutool.planning.llm.presets import preset, preset_names

__all__ = [
    "Cache",
    "Experts",
    "Matrix",
    "Model",
    "Plan",
    "from_config",
    "plan",
    "preset",
    "preset_names",
    "read_config",
]


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
