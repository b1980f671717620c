"""The samples' workload as a tree of operators: two decoder layers, a prefill and four decodes.

It is `capture.py` written out: what PyTorch dispatches for each line of that script, with the
arguments it would record.
"""

from __future__ import annotations

from collections.abc import Sequence

import sample_kernels as kernels
from sample_ops import (
    DTYPE_CODES,
    Argument,
    Call,
    Copy,
    Kernel,
    Launch,
    Node,
    Recorder,
    Synchronize,
    Tensor,
    dense,
    scalar_tensor,
)

BATCH, PROMPT, STEPS = 4, 1024, 4
LAYERS, HIDDEN, HEADS, HEAD_DIM, INTERMEDIATE, VOCABULARY = 2, 2048, 16, 128, 5632, 32000
BF16 = "c10::BFloat16"
_AT = "at::native::"
Cache = tuple[Tensor, Tensor]


class Workload:
    """Records the operators of each step into a :class:`Recorder`."""

    def __init__(self) -> None:
        self.recorder = Recorder()

    def run(self) -> Recorder:
        """Prefill, then :data:`STEPS` decodes, each followed by reading a token back."""
        caches: list[Cache | None] = [None] * LAYERS
        with self.recorder.annotation("prefill"):
            caches = self._forward(dense((BATCH, PROMPT), "long int"), 0, caches)
        for step in range(STEPS):
            with self.recorder.annotation("decode"):
                caches = self._forward(dense((BATCH, 1), "long int"), PROMPT + step, caches)
        return self.recorder

    def layer(self, past: int) -> list[Kernel]:
        """The kernels of one layer alone, in order of launch; ``past`` tokens are cached."""
        alone = Workload()
        tokens = 1 if past else PROMPT
        part = dense((BATCH, HEADS, past, HEAD_DIM))
        x = dense((BATCH, tokens, HIDDEN))
        tables = dense((tokens, HEAD_DIM))
        alone._layer(x, tables, (part, part) if past else None)
        return [node.kernel for node in walk_launches(alone.recorder.root.children)]

    def _forward(self, ids: Tensor, past: int, caches: list[Cache | None]) -> list[Cache | None]:
        tokens = ids.shape[1]
        tables = dense((PROMPT + STEPS, HEAD_DIM))
        for _ in ("cos", "sin"):
            self._slice(tables, 0, past, past + tokens)
        tables = dense((tokens, HEAD_DIM))
        x = self._embedding(ids)
        grown: list[Cache | None] = []
        for cache in caches:
            x, kept = self._layer(x, tables, cache)
            grown.append(kept)
        last = Tensor((BATCH, 1, HIDDEN), (tokens * HIDDEN, HIDDEN, 1), BF16)
        self._slice(x, 1, -1, 9223372036854775807)
        logits = self._linear(self._norm(last), VOCABULARY, False)
        token = dense((BATCH, 1), "long int")
        with self.recorder.op("aten::argmax", logits, -1, False):
            self._launch(kernels.argmax(logits, token))
        self._read_back(token)
        return grown

    def _layer(self, x: Tensor, tables: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        tokens = x.shape[1]
        qkv = self._linear(self._norm(x), 3 * HIDDEN, True)
        query, key, value = self._split_heads(qkv, tokens)
        query, key = self._rotate(query, tables), self._rotate(key, tables)
        if cache is not None:
            key = self._cat([cache[0], key], 2)
            value = self._cat([cache[1], value], 2)
        mixed = self._attention(query, key, value, cache is None)
        merged = self._transpose(mixed)
        shape = (BATCH, tokens, HIDDEN)
        with self.recorder.op("aten::reshape", merged, shape):
            self.recorder.leaf("aten::view", merged, shape)
        x = self._binary("add", x, self._linear(dense(shape), HIDDEN, False))
        wide = self._norm(x)
        gate = self._silu(self._linear(wide, INTERMEDIATE, False))
        gated = self._binary("mul", gate, self._linear(wide, INTERMEDIATE, False))
        x = self._binary("add", x, self._linear(gated, HIDDEN, False))
        return x, (key, value)

    def _embedding(self, ids: Tensor) -> Tensor:
        table = dense((VOCABULARY, HIDDEN))
        flat = dense((ids.elements,), "long int")
        output = dense((*ids.shape, HIDDEN))
        with self.recorder.op("aten::embedding", table, ids, -1, False, False):
            with self.recorder.op("aten::reshape", ids, (-1,)):
                self.recorder.leaf("aten::view", ids, (-1,))
            with self.recorder.op("aten::index_select", table, 0, flat):
                self.recorder.leaf("aten::empty", (0,), 15, 0, None, None, None)
                self._launch(kernels.gather(output, flat))
            self.recorder.leaf("aten::view", dense((ids.elements, HIDDEN)), output.shape)
        return output

    def _norm(self, x: Tensor) -> Tensor:
        wide = self._to(x, "float")
        rows = wide.dense(*x.shape[:-1], 1)
        with self.recorder.op("aten::pow", wide, 2):
            self.recorder.leaf("aten::result_type", wide, 2)
            self.recorder.leaf("aten::to", wide, DTYPE_CODES["float"], False, False, None)
            functor = (
                f"{_AT}(anonymous namespace)::pow_tensor_scalar_kernel_impl<float, float>"
                "(at::TensorIteratorBase&, float)::{lambda(float)#1}"
            )
            self._launch(kernels.vectorized(functor, wide, wide, fmul=1))
        with self.recorder.op("aten::mean", wide, (-1,), True, None):
            self._launch(kernels.mean(wide, rows))
        with self.recorder.op("aten::add", rows, scalar_tensor("double"), 1):
            functor = f"{_AT}CUDAFunctorOnSelf_add<float>"
            self._launch(kernels.vectorized(functor, rows, rows, ffma=1))
        with self.recorder.op("aten::rsqrt", rows):
            self._launch(kernels.vectorized(kernels.unary("rsqrt", "float"), rows, rows, fmul=2))
        with self.recorder.op("aten::mul", wide, rows):
            functor = kernels.binary("mul", "float")
            self._launch(kernels.strided(functor, wide, wide, rows, fmul=1))
        narrow = self._to(wide, BF16)
        weight = dense((HIDDEN,))
        with self.recorder.op("aten::mul", weight, narrow):
            functor = kernels.binary("mul", "c10::BFloat16")
            self._launch(kernels.strided(functor, narrow, weight, narrow, fmul=1))
        return narrow

    def _to(self, x: Tensor, dtype: str) -> Tensor:
        code = DTYPE_CODES[dtype]
        output = x.dense(*x.shape, dtype=dtype)
        with (
            self.recorder.op("aten::to", x, code, False, False, None),
            self.recorder.op("aten::_to_copy", x, code, None, None, None, False, None),
        ):
            self.recorder.leaf(
                "aten::empty_strided", output.shape, output.strides, code, 0, None, False
            )
            with self.recorder.op("aten::copy_", output, x, False):
                verb = "bfloat16_copy" if dtype == BF16 else "direct_copy"
                functor = kernels.unary(verb, "float" if dtype == BF16 else BF16)
                self._launch(kernels.vectorized(functor, output, x))
        return output

    def _linear(self, x: Tensor, columns: int, has_bias: bool) -> Tensor:
        inner = x.shape[-1]
        rows = x.elements // inner
        weight, flat = dense((columns, inner)), dense((rows, inner))
        swapped = Tensor((inner, columns), (1, inner), BF16)
        output = dense((*x.shape[:-1], columns))
        bias = dense((columns,)) if has_bias else None
        kernel = kernels.gemm(flat, swapped, dense((rows, columns)), bias)
        with self.recorder.op("aten::linear", x, weight, bias):
            if bias is not None:
                self.recorder.leaf("aten::view", x, flat.shape)
            with (
                self.recorder.op("aten::t", weight),
                self.recorder.op("aten::transpose", weight, 0, 1),
            ):
                self.recorder.leaf("aten::as_strided", weight, swapped.shape, swapped.strides, None)
            if bias is not None:
                with self.recorder.op("aten::addmm", bias, flat, swapped, 1, 1):
                    self._launch(kernel, "cudaLaunchKernelExC")
                self.recorder.leaf("aten::view", dense((rows, columns)), output.shape)
            else:
                with self.recorder.op("aten::matmul", x, swapped):
                    with self.recorder.op("aten::reshape", x, flat.shape):
                        self.recorder.leaf("aten::view", x, flat.shape)
                    with self.recorder.op("aten::mm", flat, swapped):
                        self._launch(kernel, "cudaLaunchKernelExC")
                    self.recorder.leaf("aten::_unsafe_view", dense((rows, columns)), output.shape)
        return output

    def _split_heads(self, qkv: Tensor, tokens: int) -> tuple[Tensor, Tensor, Tensor]:
        shape = (BATCH, tokens, 3, HEADS, HEAD_DIM)
        stacked = dense(shape)
        self.recorder.leaf("aten::view", qkv, shape)
        parts = []
        with self.recorder.op("aten::unbind", stacked, 2):
            for position in range(3):
                strides = stacked.strides[:2] + stacked.strides[3:]
                part = Tensor((BATCH, tokens, HEADS, HEAD_DIM), strides, BF16, position * HIDDEN)
                with self.recorder.op("aten::select", stacked, 2, position):
                    self.recorder.leaf(
                        "aten::as_strided", stacked, part.shape, strides, part.offset
                    )
                parts.append(part)
        query, key, value = (self._transpose(part) for part in parts)
        return query, key, value

    def _transpose(self, x: Tensor) -> Tensor:
        batch, second, third, last = range(4)
        order = (batch, third, second, last)
        output = Tensor(
            tuple(x.shape[axis] for axis in order), tuple(x.strides[axis] for axis in order), BF16
        )
        with self.recorder.op("aten::transpose", x, 1, 2):
            self.recorder.leaf("aten::as_strided", x, output.shape, output.strides, None)
        return output

    def _slice(self, x: Tensor, axis: int, start: int, stop: int) -> Tensor:
        begin = start % x.shape[axis]
        shape = list(x.shape)
        shape[axis] = min(stop, x.shape[axis]) - begin
        offset = x.offset + begin * x.strides[axis]
        part = Tensor(tuple(shape), x.strides, x.dtype, offset)
        with self.recorder.op("aten::slice", x, axis, start, stop, 1):
            self.recorder.leaf("aten::as_strided", x, part.shape, part.strides, offset)
        return part

    def _rotate(self, x: Tensor, tables: Tensor) -> Tensor:
        low = self._slice(x, 3, 0, HEAD_DIM // 2)
        high = self._slice(x, 3, HEAD_DIM // 2, 9223372036854775807)
        scaled = self._binary("mul", x, tables, like=x)
        negated = _strided_like(high)
        with self.recorder.op("aten::neg", high):
            functor = kernels.unary("neg", BF16)
            self._launch(kernels.strided(functor, negated, high))
        turned = self._binary("mul", self._cat([negated, low], -1), tables)
        return self._binary("add", scaled, turned, like=scaled)

    def _cat(self, parts: list[Tensor], axis: int) -> Tensor:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        output = dense(tuple(shape))
        with self.recorder.op("aten::cat", parts, axis):
            self._launch(kernels.cat(output, parts))
        return output

    def _binary(self, verb: str, left: Tensor, right: Tensor, like: Tensor | None = None) -> Tensor:
        output = dense(left.shape) if like is None else _strided_like(like)
        inputs: list[Argument] = [left, right] + ([1] if verb == "add" else [])
        plain = left.strides == right.strides == output.strides
        build = kernels.vectorized if plain else kernels.strided
        functor = kernels.binary(verb, BF16)
        counts = {"fadd" if verb == "add" else "fmul": 1.0}
        with self.recorder.op(f"aten::{verb}", *inputs):
            self._launch(build(functor, output, left, right, **counts))
        return output

    def _silu(self, x: Tensor) -> Tensor:
        with self.recorder.op("aten::silu", x):
            functor = (
                f"{_AT}(anonymous namespace)::silu_kernel(at::TensorIteratorBase&)"
                "::{lambda(c10::BFloat16)#1}"
            )
            self._launch(kernels.vectorized(functor, x, x, fadd=1, fmul=3, ffma=3))
        return x

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, causal: bool) -> Tensor:
        parts = (query, key, value)
        output = dense((BATCH, query.shape[2], HEADS, HEAD_DIM))
        with (
            self.recorder.op(
                "aten::scaled_dot_product_attention", *parts, None, 0.0, causal, None, False
            ),
            self.recorder.op(
                "aten::_scaled_dot_product_flash_attention", *parts, 0.0, causal, False, None
            ),
        ):
            queries, keys, values = (self._transpose(part) for part in parts)
            lengths = (queries.shape[1], keys.shape[1])
            rest: list[Argument] = [None, None, *lengths, 0.0, causal, False]
            rest += [1.0 / HEAD_DIM**0.5, None, None, None, None]
            with self.recorder.op("aten::_flash_attention_forward", queries, keys, values, *rest):
                self.recorder.leaf("aten::empty_like", queries, None, None, None, None, None)
                if causal:
                    self._launch(kernels.flash(queries, keys, output, causal))
                else:
                    for kernel in kernels.flash_split(queries, keys, 2):
                        self._launch(kernel)
            return self._transpose(output)

    def _read_back(self, token: Tensor) -> None:
        one = Tensor((), (), "long int")
        with self.recorder.op("aten::select", token, 0, 0):
            self.recorder.leaf("aten::as_strided", token, (1,), (1,), 0)
        with self.recorder.op("aten::select", dense((1,), "long int"), 0, 0):
            self.recorder.leaf("aten::as_strided", dense((1,), "long int"), (), (), 0)
        with (
            self.recorder.op("aten::item", one),
            self.recorder.op("aten::_local_scalar_dense", one),
        ):
            self.recorder.add(Copy("DtoH", 8, pageable=False))
            self.recorder.add(Synchronize())

    def _launch(self, kernel: Kernel, call: str = "cudaLaunchKernel") -> None:
        self.recorder.add(Launch(kernel, call))


def _strided_like(x: Tensor) -> Tensor:
    """The dense tensor whose dimensions lie in memory in the same order as those of ``x``."""
    order = sorted(range(len(x.shape)), key=lambda axis: -x.strides[axis])
    strides, step = [0] * len(x.shape), 1
    for axis in reversed(order):
        strides[axis], step = step, step * x.shape[axis]
    return Tensor(x.shape, tuple(strides), x.dtype)


def walk_launches(nodes: Sequence[Node]) -> list[Launch]:
    """Every launch below ``nodes``, in order."""
    found: list[Launch] = []
    for node in nodes:
        if isinstance(node, Launch):
            found.append(node)
        elif isinstance(node, Call):
            found.extend(walk_launches(node.children))
    return found
