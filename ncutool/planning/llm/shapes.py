"""Layers to matrices and caches: the arithmetic of parameter counts, one block at a time."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ncutool.planning.llm.model import Cache, Matrix, Part, Split


class HeadShape(Struct, frozen=True):
    """Attention with a key and a value head for one or more query heads."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int

    def matrices(self, layers: int, *, gated: bool = False) -> Iterator[Matrix]:
        """Query, key, value and output projections.

        Args:
            gated: whether the query projection brings a gate for the output too.
        """
        queries = self.heads * (2 if gated else 1)
        rows = (("query", queries), ("key", self.kv_heads), ("value", self.kv_heads))
        for name, heads in rows:
            yield Matrix(
                name, "attention", self.hidden, heads * self.head_dim, layers, layers, "outputs"
            )
        inner = self.heads * self.head_dim
        yield Matrix("output", "attention", inner, self.hidden, layers, layers, "inputs")

    def cache(self, layers: int, window: int | None, chunk: int | None = None) -> Cache:
        """One key and one value for each key-value head."""
        return Cache(
            layers=layers,
            values_per_token=2 * self.kv_heads * self.head_dim,
            heads=self.heads,
            score_dim=self.head_dim,
            value_dim=self.head_dim,
            prefill_score_dim=self.head_dim,
            prefill_value_dim=self.head_dim,
            shares=self.kv_heads,
            window=window,
            chunk=chunk,
        )

    def words(self) -> str:
        """Return the kind of attention in words."""
        if self.kv_heads == self.heads:
            return f"{self.kind}, {self.heads} heads of {self.head_dim}"
        many = "head" if self.kv_heads == 1 else "heads"
        return (
            f"{self.kind}, {self.kv_heads} key-value {many} for {self.heads} heads of "
            f"{self.head_dim}"
        )

    @property
    def kind(self) -> str:
        """How many query heads share a key-value head, by name."""
        if self.kv_heads == self.heads:
            return "multi-head"
        return "multi-query" if self.kv_heads == 1 else "grouped-query"


class LatentShape(Struct, frozen=True):
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): one compressed cache for all.

    Decoding folds the key and value up-projections into the query and the output ("absorbed"),
    so that each head works on the compressed vector itself.
    """

    hidden: int
    heads: int
    query_rank: int | None
    cache_rank: int
    plain_dim: int
    """Dimensions of a query and key head without position (``qk_nope_head_dim``)."""
    rotary_dim: int
    value_dim: int

    def matrices(self, layers: int) -> Iterator[Matrix]:
        """Down- and up-projections; those to a compressed vector are held whole by each device."""
        query = self.heads * (self.plain_dim + self.rotary_dim)
        shapes: list[tuple[str, int, int, Split]] = []
        if self.query_rank is None:
            shapes.append(("query", self.hidden, query, "outputs"))
        else:
            shapes.append(("query_down", self.hidden, self.query_rank, "none"))
            shapes.append(("query_up", self.query_rank, query, "outputs"))
        shapes.append(("kv_down", self.hidden, self.cache_rank + self.rotary_dim, "none"))
        up = self.heads * (self.plain_dim + self.value_dim)
        shapes.append(("kv_up", self.cache_rank, up, "outputs"))
        shapes.append(("output", self.heads * self.value_dim, self.hidden, "inputs"))
        for name, inputs, outputs, split in shapes:
            yield Matrix(name, "attention", inputs, outputs, layers, layers, split)

    def cache(self, layers: int, selected: int | None = None) -> Cache:
        """One compressed vector and one rotary key a token, shared by all heads.

        Args:
            selected: tokens attended to at most, though all are kept (sparse attention).
        """
        return Cache(
            layers=layers,
            values_per_token=self.cache_rank + self.rotary_dim,
            heads=self.heads,
            score_dim=self.cache_rank + self.rotary_dim,
            value_dim=self.cache_rank,
            prefill_score_dim=self.plain_dim + self.rotary_dim,
            prefill_value_dim=self.value_dim,
            shares=1,
            expansion=self.cache_rank * (self.plain_dim + self.value_dim),
            selected=selected,
        )

    def words(self) -> str:
        """Return the kind of attention in words."""
        return (
            f"{self.kind}, {self.heads} heads on {self.cache_rank} + {self.rotary_dim} cached "
            "values"
        )

    kind = "latent (MLA)"

    @property
    def norms(self) -> int:
        """Norm weights of a layer on the compressed vectors."""
        return self.cache_rank + (self.query_rank or 0)


def feed_forward(
    part: Part, hidden: int, inner: int, copies: int, uses: int, *, gated: bool = True
) -> Iterator[Matrix]:
    """Return the two (or with a gate, three) matrices of a feed-forward block."""
    for name in ("gate", "up") if gated else ("up",):
        yield Matrix(name, part, hidden, inner, copies, uses, "outputs")
    yield Matrix("down", part, inner, hidden, copies, uses, "inputs")
