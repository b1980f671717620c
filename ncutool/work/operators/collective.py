"""Communication between devices: bytes from its metadata, no FLOPs, never on a compute roof."""

from __future__ import annotations

from ncutool.work.operators.tensor import COLLECTIVE_DTYPES, ITEMSIZE

FAMILY = "collective"
REASON = "communication"
OPERATOR = r"^(record_param_comms|c10d::|nccl:|symm_mem::|vllm::all_reduce|_C_custom_ar::)"
"""Operators that communicate (a regular expression on their names)."""
KERNEL = (
    r"(?i)^(void )?(nccl(Dev)?Kernel|rccl|mscclKernel|dpsk::ep::|multimem_|"
    r"(\w+::)*cross_device_reduce|(\w+::)*allreduce_)"
)
"""Kernels that communicate, whoever launched them."""


def message_bytes(
    dtype: str | None, in_elements: int | None, out_elements: int | None
) -> int | None:
    """Bytes that one rank reads and writes in its own memory: input once, output once."""
    size = ITEMSIZE.get(COLLECTIVE_DTYPES.get(dtype or "", ""))
    if size is None or in_elements is None or out_elements is None:
        return None
    return (in_elements + out_elements) * size
