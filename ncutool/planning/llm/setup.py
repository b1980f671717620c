"""A model in given types on given devices: its types, its roofs, and what a device keeps."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct, field

from ncutool.devices.resolve import Device
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.model import QUANTISED_PARTS, Cache, Matrix, Model, Part, State
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType, math_type
from ncutool_parsers.errors import UsageError


class Lane(Struct, frozen=True):
    """What one device's products with a matrix are worked at, however much passes."""

    size: float
    """Values of one copy of the device's share."""
    roof: str
    peak: float
    """Of the roof, in FLOP/s."""
    bytes_per_value: float


class Setup(Struct, frozen=True, dict=True):
    """What is planned. All bytes and FLOPs of its methods are those of one of the devices."""

    model: Model
    device: Device
    weights: str
    """A type's name, or ``native`` for the published checkpoint's own types."""
    kv: NumberType
    activations: NumberType | None = None
    """Type of the layers' inputs; None is what goes with the weights."""
    deployment: Deployment = field(default_factory=Deployment)

    @property
    def tensor_parallel(self) -> int:
        """Devices among which each layer is divided."""
        return self.deployment.tensor_parallel

    @cached_property
    def _lanes(self) -> dict[Matrix, Lane]:
        return {}

    def lane(self, matrix: Matrix) -> Lane:
        """Return what products with a matrix are worked at: found once, as searches for a batch
        ask hundreds of times."""
        found = self._lanes.get(matrix)
        if found is None:
            roof = self.roof(matrix)
            found = self._lanes[matrix] = Lane(
                matrix.values / self.divided(matrix),
                roof,
                self.peak(roof),
                self.stored(matrix).bytes_per_value,
            )
        return found

    @cached_property
    def sent_value_bytes(self) -> float:
        """Bytes of a value on its way to another device: inputs of layers may be sent as they are
        used."""
        used = [self.activation(one).bytes_per_value for one in self.model.matrices]
        return min([self.trained_bytes, *used])

    @property
    def bandwidth(self) -> float:
        """Peak DRAM bandwidth of a device, in byte/s."""
        return self.device.peak_bytes_per_s

    @property
    def trained_bytes(self) -> float:
        """Bytes of a value that is not quantised."""
        return NUMBER_TYPES[self.model.trained_type].bytes_per_value

    def stored(self, matrix: Matrix) -> NumberType:
        """Return the type a matrix is kept in."""
        return self.model.type_of(matrix, self.weights)

    def activation(self, matrix: Matrix) -> NumberType:
        """Return the type of a matrix's inputs and outputs: what is not quantised keeps its own.

        Where none was asked for it is what the checkpoint says, else the type of the weights,
        either only where the device has arithmetic for it.
        """
        if self.activations is not None and matrix.part in QUANTISED_PARTS:
            return self.activations
        return self.followed(matrix)

    def followed(self, matrix: Matrix) -> NumberType:
        """Return the type of inputs that goes with a matrix's weights on this device."""
        trained = NUMBER_TYPES[self.model.trained_type]
        stored = self.stored(matrix)
        said = matrix.inputs_type if self.weights == "native" else None
        if said is None and (stored.is_stored_only or stored.value_bits >= trained.value_bits):
            return trained
        wanted = NUMBER_TYPES[said or stored.name]
        return wanted if wanted.roofs[0] in self.device.peak_flop_per_s else trained

    def roof(self, matrix: Matrix) -> str:
        """Return the roof that a matrix's products are held against.

        Raises:
            UsageError: the device has no peak for it, or integers meet what is none.
        """
        return self._roof(math_type(self.stored(matrix), self.activation(matrix)))

    def attention_roof(self, cache: Cache | None = None) -> str:
        """Return the roof of the attention, whose operands are activations and the cache.

        Queries are taken in the cache's type where that is a narrow floating-point one, unless
        wider activations were asked for. Scores of integers are 16-bit.
        """
        kept = self.cache_type(cache)
        queries = NUMBER_TYPES[self.model.trained_type]
        asked = self.activations
        if kept.name.startswith("fp") and (asked is None or asked.value_bits < 16):
            queries = kept if kept.value_bits < queries.value_bits else queries
        elif asked is not None and asked.value_bits >= 16:
            queries = asked
        return self._roof(math_type(kept, queries))

    def plain_roof(self) -> str:
        """Return the roof of arithmetic in the type that the model was trained in."""
        return self._roof(NUMBER_TYPES[self.model.trained_type])

    def _roof(self, kind: NumberType) -> str:
        roof = self.device.first_roof(kind.roofs)
        if roof is None:
            raise UsageError(f"{self.device.name} has no peak for {kind.name} arithmetic")
        return roof

    def main_matrix(self) -> Matrix:
        """Return a matrix of the part with most of the arithmetic, whose roof the plan speaks
        of."""
        totals: dict[Part, int] = {}
        for matrix in self.model.matrices:
            totals[matrix.part] = totals.get(matrix.part, 0) + matrix.uses * matrix.values
        main = max(totals, key=lambda part: totals[part])
        of_it = [matrix for matrix in self.model.matrices if matrix.part == main]
        return max(of_it, key=lambda matrix: matrix.uses * matrix.values)

    def peak(self, roof: str) -> float:
        """Return a roof's dense peak, in FLOP/s."""
        return self.device.peak_flop_per_s[roof]

    def divided(self, matrix: Matrix) -> int:
        """Return among how many devices a matrix is divided."""
        return self.deployment.divided(matrix)

    def resident_weight_bytes(self) -> float:
        """Return the bytes of weights a device keeps: its share of matrices and tables, norms and
        encoders whole; of a pipeline, the mean of its stages."""
        stages = self.deployment.pipeline_parallel
        held = sum(
            matrix.copies
            * matrix.values
            / self.divided(matrix)
            * self.stored(matrix).bytes_per_value
            for matrix in self.model.matrices
        )
        table = self.model.embedding_parameters / self.deployment.table_shares
        encoders = sum(one.parameters for one in self.model.held)
        rest = self.trained_bytes * (table + encoders + self.model.other_parameters)
        return (held + rest) / stages

    def whole_in_groups_bytes(self) -> float:
        """Return what a device holds more if each data-parallel group keeps feed-forward layers,
        shared experts, head and input table whole, as some engines do."""
        deployment = self.deployment
        spread = 1 / deployment.tensor_parallel - 1 / deployment.stage_devices
        held = sum(
            one.copies * one.values * self.stored(one).bytes_per_value
            for one in self.model.matrices
            if one.split != "none" and one.part in ("mlp", "shared_experts", "head")
        )
        table = self.trained_bytes * self.model.embedding_parameters
        return spread * (held + table) / deployment.pipeline_parallel

    def all_weight_bytes(self) -> float:
        """Return the weights of the whole model, each once, on however many devices."""
        held = sum(
            matrix.copies * matrix.values * self.stored(matrix).bytes_per_value
            for matrix in self.model.matrices
        )
        encoders = sum(one.parameters for one in self.model.held)
        rest = self.model.embedding_parameters + encoders + self.model.other_parameters
        return held + self.trained_bytes * rest

    def activation_bytes(self, sequences: float) -> float | None:
        """Return the bytes that matrix products read and write beside weights; None without
        shapes.

        Args:
            sequences: of the whole group, each with one new token.
        """
        if not self.model.shapes_known:
            return None
        total = 0.0
        for matrix in self.model.matrices:
            shares = self.divided(matrix)
            inputs = matrix.inputs / (shares if matrix.split == "inputs" else 1)
            outputs = matrix.outputs / (shares if matrix.split == "outputs" else 1)
            size = self.activation(matrix).bytes_per_value
            rows = self.deployment.rows(matrix, sequences)
            total += rows * matrix.uses * (inputs + outputs) * size
        return total

    def cache_type(self, cache: Cache | None) -> NumberType:
        """Return the type a cache is kept in."""
        return self.kv if cache is None or cache.stored is None else cache.stored

    def cache_token_bytes(self, cache: Cache) -> float:
        """Return the bytes of one token in one layer's cache."""
        size = cache.values_per_token * self.cache_type(cache).bytes_per_value
        return size / self.deployment.cache_shares(cache)

    def state_bytes(self, state: State) -> float:
        """Return the bytes of one sequence's recurrent states, all layers together."""
        kind = state.stored or NUMBER_TYPES[self.model.trained_type]
        values = state.layers * state.values * kind.bytes_per_value
        return values / self.deployment.state_shares(state)

    @property
    def sequence_is_known(self) -> bool:
        """Whether it is known what the model keeps of a sequence."""
        return bool(self.model.caches or self.model.states)

    def kv_bytes(self, context_tokens: float) -> float | None:
        """Return what is kept of one sequence: caches, and states of layers without one; None where
        not known. Of a pipeline, the mean of its stages."""
        if not self.sequence_is_known:
            return None
        caches = sum(
            cache.layers * self.cache_token_bytes(cache) * cache.kept(context_tokens)
            for cache in self.model.caches
        )
        states = sum(self.state_bytes(state) for state in self.model.states)
        return (caches + states) / self.deployment.pipeline_parallel

    @property
    def heads_known(self) -> bool:
        """Whether the attention's arithmetic can be counted."""
        if not self.sequence_is_known:
            return False
        return all(cache.heads is not None for cache in self.model.caches)
