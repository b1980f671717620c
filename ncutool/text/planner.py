"""A product and an attention held against devices, as sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from ncutool.planning.planner.attending import AttentionPlan
    from ncutool.planning.planner.comparing import AtIntensity
    from ncutool.planning.planner.placing import Measured, Place
    from ncutool.planning.planner.products import GemmOnDevice, GemmPlan
    from ncutool.planning.planner.tiling import Tiling

PLACE = ("device", "roof", "peak", "TB/s", "ridge", "side", "attainable")
"""Headings over :func:`place_cells`."""
SCALE = "peaks and rates dense, in TFLOP/s"
WORDS = frozenset(("device", "roof", "side"))
_FEW = 3
"""Devices whose tiles are listed one by one."""


def gemm_sheet(plan: GemmPlan) -> Sheet:
    """Return a product's figures, its devices, and for a few devices every usual tile."""
    named = [row for row in plan.devices if row.tiles]
    tiles = [_tiles(row) for row in named] if len(plan.devices) <= _FEW else []
    many = f"{units.count(plan.batch)} products " if plan.batch > 1 else "product "
    times = "·batch" if plan.batch > 1 else ""
    added = " and a bias" if plan.bias else ""
    return Sheet(
        headline=f"{many}[{plan.m},{plan.k}] × [{plan.k},{plan.n}]{added} in {plan.dtype}, "
        f"result in {plan.out_dtype}",
        facts=(
            (
                "FLOPs",
                units.flop(plan.flop),
                f"{plan.flop:,} = 2·M·N·K{times}",
            ),
            ("traffic", units.data(plan.bytes), f"{plan.bytes:,} B, each operand once"),
            ("intensity", units.intensity(plan.intensity_flop_per_byte), f"by {plan.operator}"),
            *_measured(plan.devices[0].measured),
        ),
        grids=(_gemm_devices(plan), *tiles),
        notes=(*plan.notes, *_missing(plan.dtype, [row.place for row in plan.devices])),
    )


def _gemm_devices(plan: GemmPlan) -> Grid:
    tile = next((row.tile for row in plan.devices if row.tile is not None), None)
    tiled = () if tile is None else ("tiles", "waves", "tile share", "estimate")
    rows = []
    for row in plan.devices:
        cells = [*place_cells(row.place), units.time(row.place.floor_ns)]
        if tile is not None:
            cells += _tiled(row.tile)
        rows.append(tuple(cells))
    title = f"Devices; {SCALE}"
    if tile is not None:
        title += f"; estimates in tiles of {tile.tile_m} × {tile.tile_n}"
    return Grid(title, (*PLACE, "floor", *tiled), tuple(rows), WORDS)


def _tiled(tile: Tiling | None) -> list[str]:
    if tile is None:
        return [units.UNKNOWN] * 4
    return [
        units.count(tile.tiles),
        units.count(tile.waves),
        units.percent(tile.efficiency_pct),
        units.time(tile.estimate_ns),
    ]


def _tiles(row: GemmOnDevice) -> Grid:
    rows = tuple(
        (
            f"{tile.tile_m} × {tile.tile_n}",
            units.count(tile.tiles),
            units.count(tile.waves),
            units.percent(tile.wave_efficiency_pct),
            units.percent(100 - tile.useful_work_pct),
            units.percent(tile.efficiency_pct),
            units.time(tile.estimate_ns),
        )
        for tile in row.tiles
    )
    return Grid(
        f"Tiles on the {units.count(row.tiles[0].sm_count)} multiprocessors of {row.place.device}",
        ("tile", "tiles", "waves", "of the waves", "padding", "tile share", "estimate"),
        rows,
        frozenset(("tile",)),
    )


def attention_sheet(plan: AttentionPlan) -> Sheet:
    """Return an attention's figures by every convention, fused and unfused, and its devices."""
    unfused = plan.unfused
    facts = [
        ("FLOPs", units.flop(plan.flop), f"{plan.flop:,}: {_pairs(plan)}"),
        *_conventions(plan),
        ("traffic", units.data(plan.bytes), f"{plan.bytes:,} B, fused: no scores"),
        ("intensity", units.intensity(plan.intensity_flop_per_byte), f"by {plan.operator}"),
    ]
    if unfused is not None:
        facts += [
            (
                "unfused traffic",
                units.data(unfused.bytes),
                f"{unfused.bytes:,} B; {units.data(unfused.score_bytes)} of it scores, written "
                "and read before and after softmax",
            ),
            (
                "unfused intensity",
                units.intensity(unfused.intensity_flop_per_byte),
                f"{units.flop(unfused.flop)}: no mask saves any",
            ),
        ]
    facts += _measured(plan.devices[0].measured)
    return Sheet(
        headline=_attention_headline(plan),
        facts=tuple(facts),
        grids=(_attention_devices(plan),),
        notes=(*plan.notes, *_missing(plan.attention.dtype, [row.place for row in plan.devices])),
    )


def _attention_headline(plan: AttentionPlan) -> str:
    asked = plan.attention
    masked = ", causal" if asked.causal else ""
    window = "" if asked.window is None else f", window {units.count(asked.window)}"
    heads = f"{asked.heads} heads"
    if asked.kv_heads != asked.heads:
        heads += f" on {asked.kv_heads} key-value heads"
    kept = (
        ""
        if asked.kv_dtype == ("fp32" if asked.dtype == "tf32" else asked.dtype)
        else f", cache in {asked.kv_dtype}"
    )
    if asked.latent:
        heads = f"{asked.heads} heads on {asked.kv_heads} latent"
    pass_ = "backward" if asked.backward else "decode" if asked.seq == 1 else "forward"
    return (
        f"attention {pass_}: batch {asked.batch}, {heads} of {asked.head_dim}, "
        f"{units.count(asked.seq)} × {units.count(asked.kv_seq)} tokens{masked}{window}, "
        f"{asked.dtype}{kept}"
    )


def _pairs(plan: AttentionPlan) -> str:
    asked = plan.attention
    how = "all pairs"
    if asked.causal:
        square = asked.seq == asked.kv_seq and asked.window is None
        how = "S (S + 1) / 2" if square else "those of the mask"
    return f"{plan.pairs:,} pairs a head, {how}"


def _conventions(plan: AttentionPlan) -> list[tuple[str, str, str]]:
    if plan.full_flop == plan.flop:
        return []
    facts = [
        ("", units.flop(plan.full_flop), f"{plan.full_flop:,} as PyTorch's flop_counter: no mask")
    ]
    if plan.halved_flop is not None:
        facts.append(
            (
                "",
                units.flop(plan.halved_flop),
                f"{plan.halved_flop:,} as FlashAttention's benchmarks: half of all",
            )
        )
    return facts


def _attention_devices(plan: AttentionPlan) -> Grid:
    unfused = plan.unfused is not None
    rows = []
    for row in plan.devices:
        cells = [*place_cells(row.place), units.time(row.place.floor_ns)]
        if unfused:
            cells.append(units.time(row.unfused_floor_ns))
        rows.append(tuple(cells))
    headings = (*PLACE, "floor", *(("unfused",) if unfused else ()))
    return Grid(f"Devices; {SCALE}", headings, tuple(rows), WORDS)


def place_cells(place: Place | AtIntensity) -> list[str]:
    """Return the cells under :data:`PLACE`."""
    ridge = place.ridge_point_flop_per_byte
    return [
        place.device,
        units.UNKNOWN if place.roof is None else place.roof.replace("_", " "),
        tera(place.peak_flop_per_s),
        tera(place.peak_bytes_per_s),
        units.UNKNOWN if ridge is None else f"{ridge:.1f}",
        place.roof_side or units.UNKNOWN,
        tera(place.attainable_flop_per_s),
    ]


def tera(value: float | None) -> str:
    """Return a rate in units of 1e12 a second."""
    if value is None:
        return units.UNKNOWN
    return f"{value / 1e12:,.0f}" if value >= 1e15 else units.significant(value / 1e12)


def _measured(measured: Measured | None) -> list[tuple[str, str, str]]:
    """Return the fact of the measured time; none where no time was given."""
    if measured is None:
        return []
    share = "no roof to hold it against"
    if measured.roofline_pct is not None:
        share = f"{units.percent(measured.roofline_pct)} of the roofline"
    rates = f"{units.flop_rate(measured.achieved_flop_per_s)}, " + units.data_rate(
        measured.achieved_bytes_per_s
    )
    return [("measured", units.time(measured.measured_ns), f"{share}: {rates}")]


def _missing(dtype: str, places: Sequence[Place]) -> list[str]:
    without = [place for place in places if place.missing_reason is not None]
    if len(without) <= 1:
        return [place.missing_reason or "" for place in without]
    names = ", ".join(place.device for place in without)
    return [f"{names}: each has no peak for {dtype} products, so that there is no floor"]
