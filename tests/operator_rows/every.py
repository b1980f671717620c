"""All tables of operator calls, by what they hold."""

from __future__ import annotations

from operator_rows import Row
from operator_rows.attention import ATTENTION
from operator_rows.elementwise import ELEMENTWISE, FUSED
from operator_rows.engine_attention import FLASH, OVER_CACHES
from operator_rows.engine_caches import CACHES, ROTATIONS
from operator_rows.engine_norms import ACTIVATIONS, NORMS, QUANTISATION
from operator_rows.engine_packed import EXPERTS, PACKED_PRODUCTS
from operator_rows.engine_products import SCALED_PRODUCTS
from operator_rows.engine_rows import MOVED_ROWS, STATE_SPACES
from operator_rows.moving import COPIES, LOOKUPS, OPTIMIZER_STEPS, RESIZES
from operator_rows.products import CONVOLUTIONS, MATRIX_PRODUCTS
from operator_rows.reductions import NORMALIZATIONS, REDUCTIONS

TABLES: dict[str, tuple[Row, ...]] = {
    "attention": ATTENTION,
    "convolutions": CONVOLUTIONS,
    "copies": COPIES,
    "elementwise": ELEMENTWISE,
    "fused": FUSED,
    "lookups": LOOKUPS,
    "matrix products": MATRIX_PRODUCTS,
    "normalizations": NORMALIZATIONS,
    "optimizer steps": OPTIMIZER_STEPS,
    "reductions": REDUCTIONS,
    "engines: activations": ACTIVATIONS,
    "engines: attention over caches": OVER_CACHES,
    "engines: caches": CACHES,
    "engines: experts": EXPERTS,
    "engines: flash attention": FLASH,
    "engines: moved rows": MOVED_ROWS,
    "engines: normalisations": NORMS,
    "engines: packed products": PACKED_PRODUCTS,
    "engines: quantisation": QUANTISATION,
    "engines: rotations": ROTATIONS,
    "engines: scaled products": SCALED_PRODUCTS,
    "engines: state spaces": STATE_SPACES,
    "resizes": RESIZES,
}
