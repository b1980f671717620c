"""A model in given types on a given number of devices: its bytes and its arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.devices.resolve import Device
from ncutool.planning.llm.model import QUANTISED_PARTS, ROUTED_PARTS, Cache, Matrix, Model, Part
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType, math_type
from ncutool_parsers.errors import UsageError


@dataclass(frozen=True)
class Setup:
    """What is planned. All bytes and FLOPs of its methods are those of one of the devices."""

    model: Model
    device: Device
    weights: str
    """A type's name, or ``native`` for the published checkpoint's own types."""
    kv: NumberType
    activations: NumberType
    tensor_parallel: int

    @property
    def bandwidth(self) -> float:
        """Peak DRAM bandwidth of a device, in byte/s."""
        return self.device.peak_bytes_per_s

    def stored(self, part: Part) -> NumberType:
        """Return the type a part's weights are kept in."""
        return NUMBER_TYPES[self.model.type_of(part, self.weights)]

    def activation(self, part: Part) -> NumberType:
        """Return the type of a part's inputs and outputs: what is not quantised keeps its own."""
        if part in QUANTISED_PARTS:
            return self.activations
        return NUMBER_TYPES[self.model.trained_type]

    def roof(self, part: Part) -> str:
        """Return the roof that a part's matrix products are held against.

        Raises:
            UsageError: the device has no peak for it, or integers meet what is none.
        """
        return self._roof(math_type(self.stored(part), self.activation(part)))

    def attention_roof(self) -> str:
        """Return the roof of the attention, whose operands are activations and the cache."""
        return self._roof(math_type(self.kv, self._attention_type()))

    def _attention_type(self) -> NumberType:
        """Return the type of the attention: never integers, since scores of int8 are 16-bit."""
        if self.activations.name.startswith("fp") or self.activations.value_bits >= 16:
            return self.activations
        return NUMBER_TYPES[self.model.trained_type]

    def _roof(self, kind: NumberType) -> str:
        roof = self.device.first_roof(kind.roofs)
        if roof is None:
            raise UsageError(f"{self.device.name} has no peak for {kind.name} arithmetic")
        return roof

    def main_part(self) -> Part:
        """Return the part with most of the arithmetic, whose roof the plan speaks of."""
        totals: dict[Part, int] = {}
        for matrix in self.model.matrices:
            totals[matrix.part] = totals.get(matrix.part, 0) + matrix.uses * matrix.values
        return max(totals, key=lambda part: totals[part])

    def peak(self, roof: str) -> float:
        """Return a roof's dense peak, in FLOP/s."""
        return self.device.peak_flop_per_s[roof]

    def divided(self, matrix: Matrix) -> int:
        """Return among how many devices a matrix is divided."""
        return 1 if matrix.split == "none" else self.tensor_parallel

    def resident_weight_bytes(self) -> float:
        """Return the bytes of weights a device keeps: its share of matrices and tables, norms
        whole."""
        trained = NUMBER_TYPES[self.model.trained_type].bytes_per_value
        held = sum(
            matrix.copies
            * matrix.values
            / self.divided(matrix)
            * self.stored(matrix.part).bytes_per_value
            for matrix in self.model.matrices
        )
        table = self.model.embedding_parameters / self.tensor_parallel
        return held + trained * (table + self.model.other_parameters)

    def all_weight_bytes(self) -> float:
        """Return the weights of the whole model, on however many devices."""
        trained = NUMBER_TYPES[self.model.trained_type].bytes_per_value
        held = sum(
            matrix.copies * matrix.values * self.stored(matrix.part).bytes_per_value
            for matrix in self.model.matrices
        )
        rest = self.model.embedding_parameters + self.model.other_parameters
        return held + trained * rest

    def read_weight_bytes(self, experts_touched: float | None, *, head: bool = True) -> float:
        """Return the bytes that a pass over the layers reads: touched experts, no input table.

        Args:
            experts_touched: distinct experts of a layer that some token was sent to; None where
                the model has none.
        """
        trained = NUMBER_TYPES[self.model.trained_type].bytes_per_value
        total = trained * self.model.other_parameters
        for matrix in self.model.matrices:
            if matrix.part == "head" and not head:
                continue
            share = 1.0
            if matrix.part in ROUTED_PARTS and experts_touched is not None and self.model.experts:
                share = experts_touched / self.model.experts.count
            size = matrix.copies * matrix.values * self.stored(matrix.part).bytes_per_value
            total += share * size / self.divided(matrix)
        return total

    def matrix_flop(self, tokens: float) -> float:
        """Return the FLOPs of the matrix products for this many tokens."""
        return sum(
            2 * tokens * matrix.uses * matrix.values / self.divided(matrix)
            for matrix in self.model.matrices
        )

    def matrix_seconds(self, tokens: float, *, head_tokens: float | None = None) -> float:
        """Return the time (s) of the matrix products at their peaks.

        Args:
            head_tokens: tokens that need logits, where these are not all.
        """
        total = 0.0
        for matrix in self.model.matrices:
            count = tokens if matrix.part != "head" or head_tokens is None else head_tokens
            flop = 2 * count * matrix.uses * matrix.values / self.divided(matrix)
            total += flop / self.peak(self.roof(matrix.part))
        return total

    def activation_bytes(self, tokens: float) -> float | None:
        """Return the bytes that matrix products read and write beside weights; None without
        shapes."""
        if not self.model.shapes_known:
            return None
        total = 0.0
        for matrix in self.model.matrices:
            inputs = matrix.inputs / (self.tensor_parallel if matrix.split == "inputs" else 1)
            outputs = matrix.outputs / (self.tensor_parallel if matrix.split == "outputs" else 1)
            size = self.activation(matrix.part).bytes_per_value
            total += tokens * matrix.uses * (inputs + outputs) * size
        return total

    def cache_shares(self, cache: Cache) -> int:
        """Return among how many devices a cache is divided: at most its heads, then copies are
        held."""
        return min(self.tensor_parallel, cache.shares)

    def kv_bytes(self, context_tokens: float) -> float | None:
        """Return the cache of one sequence, as kept and as read by one step; None where not
        known."""
        if not self.model.caches:
            return None
        return sum(
            cache.layers
            * cache.values_per_token
            * cache.attended(context_tokens)
            * self.kv.bytes_per_value
            / self.cache_shares(cache)
            for cache in self.model.caches
        )

    def attention_flop(self, context_tokens: float) -> float | None:
        """Return the FLOPs of one query token against its context; None where heads are not
        known."""
        if not self.model.caches or any(cache.heads is None for cache in self.model.caches):
            return None
        return sum(
            2
            * cache.layers
            * (cache.heads or 0)
            * (cache.score_dim + cache.value_dim)
            * cache.attended(context_tokens)
            / self.tensor_parallel
            for cache in self.model.caches
        )
