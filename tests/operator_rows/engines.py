"""All calls of engine operators in one."""

from __future__ import annotations

from operator_rows import Row
from operator_rows.engine_attention import FLASH, OVER_CACHES
from operator_rows.engine_caches import CACHES, ROTATIONS
from operator_rows.engine_norms import ACTIVATIONS, NORMS, QUANTISATION
from operator_rows.engine_packed import EXPERTS, PACKED_PRODUCTS
from operator_rows.engine_products import SCALED_PRODUCTS
from operator_rows.engine_rows import MOVED_ROWS, STATE_SPACES

CALLS: tuple[Row, ...] = (
    *CACHES, *FLASH, *OVER_CACHES, *ROTATIONS, *ACTIVATIONS, *NORMS, *QUANTISATION, *EXPERTS,
    *PACKED_PRODUCTS, *SCALED_PRODUCTS, *MOVED_ROWS, *STATE_SPACES,
)  # fmt: skip
