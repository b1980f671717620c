"""Copies, concatenations, reductions, softmax and normalisations against real runs on the CPU."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from torch_differential.arguments import EVERY, FLOATS, INTEGERS, narrowed, shapes, tensors
from torch_differential.comparison import agree, compare, unmet
from torch_differential.recording import claimed, described, results

aten = torch.ops.aten
OWN_MEMORY = ("plain", "transposed", "stepped", "offset")


@given(data=st.data())
def test_copies_and_casts(data: st.DataObject) -> None:
    """copy_ (broadcast, casting), clone, contiguous, _to_copy, fill_, zero_ and random numbers."""
    shape = data.draw(shapes())
    source_type, target_type = (data.draw(st.sampled_from(EVERY)) for _ in range(2))
    source = data.draw(tensors(data.draw(narrowed(shape)), source_type))
    target = data.draw(tensors(shape, target_type, OWN_MEMORY))
    agree(aten.copy_.default, target, source, not_read=("self",))
    agree(aten.clone.default, source)
    if not source.is_contiguous():
        agree(aten.contiguous.default, source)
    agree(aten._to_copy.default, source, dtype=target_type)
    agree(aten.fill_.Scalar, target, 1, not_read=("self",))
    agree(aten.zero_.default, target, not_read=("self",))
    if target_type in FLOATS:
        agree(aten.normal_.default, target, not_read=("self",))
        agree(aten.uniform_.default, target, not_read=("self",))


@given(data=st.data())
def test_concatenations(data: st.DataObject) -> None:
    """cat along any dimension and stack: parts of any layout; the list's element size, which a
    trace does not record, comes from the kernel's name."""
    shape = data.draw(shapes(low=1))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    dtype = data.draw(st.sampled_from(EVERY))
    parts = []
    for size in data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)):
        sizes = list(shape)
        sizes[axis] = size
        parts.append(data.draw(tensors(tuple(sizes), dtype)))
    for operator, group in (
        (aten.cat.default, parts),
        (aten.stack.default, [parts[0], parts[0].clone()]),
    ):
        found, seen = compare(operator, group, axis, list_element_bytes=dtype.itemsize)
        assert (found.bytes_read, found.bytes_written) == (seen.read, seen.written)
        assert [item.shape for item in found.outputs] == [shape for shape, _ in seen.outputs]


@given(data=st.data())
def test_reductions(data: st.DataObject) -> None:
    """Over all, one or several dimensions, kept or not, in another data type, of integers."""
    shape = data.draw(shapes(low=1))
    x = data.draw(tensors(shape, data.draw(st.sampled_from(EVERY))))
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), unique=True, max_size=len(shape)))
    dims = [axis - data.draw(st.sampled_from([0, len(shape)])) for axis in axes]
    keep = data.draw(st.booleans())
    dtype = data.draw(st.sampled_from([None, torch.float32, torch.float64, torch.complex64]))
    one = dims[0] if dims else 0
    name, arguments, settings = data.draw(
        st.sampled_from(
            [
                (aten.sum.default, (x,), {"dtype": dtype}),
                (aten.sum.dim_IntList, (x, dims, keep), {"dtype": dtype}),
                (aten.nansum.default, (x, dims, keep), {"dtype": dtype}),
                (aten.mean.default, (x,), {"dtype": dtype}),
                (aten.mean.dim, (x, dims, keep), {"dtype": dtype}),
                (aten.prod.default, (x,), {"dtype": dtype}),
                (aten.prod.dim_int, (x, one, keep), {"dtype": dtype}),
                (aten.amax.default, (x, dims, keep), {}),
                (aten.amin.default, (x, dims, keep), {}),
                (aten.logsumexp.default, (x, dims, keep), {}),
                (aten.linalg_vector_norm.default, (x, 2, dims, keep), {"dtype": dtype}),
                (aten.norm.ScalarOpt_dim, (x, 2, dims, keep), {}),
                (aten.max.default, (x,), {}),
                (aten.max.dim, (x, one, keep), {}),
                (aten.min.dim, (x, one, keep), {}),
                (aten.argmax.default, (x, one, keep), {}),
                (aten.argmin.default, (x, None, keep), {}),
                (aten.any.default, (x,), {}),
                (aten.any.dim, (x, one, keep), {}),
                (aten.any.dims, (x, dims or None, keep), {}),
                (aten.all.dim, (x, one, keep), {}),
                (aten.cumsum.default, (x, one), {"dtype": dtype}),
                (aten.cumprod.default, (x, one), {"dtype": dtype}),
            ]
        )
    )
    agree(name, *arguments, **settings)


@given(data=st.data())
def test_softmax_both_ways(data: st.DataObject) -> None:
    """softmax and log_softmax, composite and inner, forward and backward, cast on the way."""
    shape = data.draw(shapes(low=1))
    dtype = data.draw(st.sampled_from(FLOATS))
    x, grad, y = (data.draw(tensors(shape, dtype)) for _ in range(3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    wider = data.draw(st.sampled_from([None, torch.float32, torch.float64]))
    for inner, outer, back in (
        (aten._softmax, aten.softmax, aten._softmax_backward_data),
        (aten._log_softmax, aten.log_softmax, aten._log_softmax_backward_data),
    ):
        agree(inner.default, x, axis, False)
        agree(outer.int, x, axis, wider)
        agree(back.default, grad, y, axis, dtype)


MASKS = st.lists(st.booleans(), min_size=3, max_size=3)


@given(data=st.data(), mask=MASKS)
def test_layer_and_rms_norm(data: st.DataObject, mask: list[bool]) -> None:
    """Any rows and width, with and without parameters, each gradient wanted or not; fp32 and
    fp64, whose statistics are of one type everywhere."""
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    shape = data.draw(shapes(low=1))
    width = shape[data.draw(st.integers(0, len(shape) - 1)) :]
    rows = shape[: len(shape) - len(width)] + (1,) * len(width)
    x, grad = (data.draw(tensors(shape, dtype)) for _ in range(2))
    weight, bias = (
        data.draw(st.sampled_from([None, torch.ones(width, dtype=dtype)])) for _ in range(2)
    )
    agree(aten.native_layer_norm.default, x, width, weight, bias, 1e-5)
    saved = torch.ones(rows, dtype=dtype)
    wanted = [mask[0], mask[1] and weight is not None, mask[2] and bias is not None]
    _gradients(
        aten.native_layer_norm_backward.default,
        (grad, x, width, saved, saved.clone(), weight, bias),
        wanted,
        not_read=("bias",),
        for_input=("weight",),
    )
    agree(aten.rms_norm.default, x, width, weight, 1e-5)
    agree(aten._fused_rms_norm.default, x, width, weight, 1e-5)


def _gradients(
    operator: Any,
    arguments: tuple[Any, ...],
    mask: list[bool],
    *,
    not_read: tuple[str, ...] = (),
    for_input: tuple[str, ...] = (),
) -> None:
    """The gradients that ``mask`` asks for; ``for_input`` serve the input's gradient only."""
    if not any(mask):
        return
    unread = not_read if mask[0] else (*not_read, *for_input)
    found, seen = compare(operator, *arguments, mask, not_read=unread)
    made = results(operator(*arguments, mask))
    assert claimed(found.outputs) == [
        each for each, tensor in zip(seen.outputs, made, strict=True) if tensor.numel()
    ]
    assert found.bytes_written == seen.written
    assert found.bytes_read == seen.read


@given(data=st.data(), mask=MASKS)
def test_batch_and_group_norm(data: st.DataObject, mask: list[bool]) -> None:
    """Training and inference, with running statistics or without; both directions."""
    dtype = data.draw(st.sampled_from([torch.float32, torch.float64]))
    groups = data.draw(st.integers(1, 3))
    batch, channels = data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 2))
    plane = tuple(data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=2)))
    x, grad = (data.draw(tensors((batch, channels, *plane), dtype, OWN_MEMORY)) for _ in range(2))
    weight, bias = (
        data.draw(st.sampled_from([None, torch.ones(channels, dtype=dtype)])) for _ in range(2)
    )
    mean, var = torch.full((channels,), 0.3, dtype=dtype), torch.full((channels,), 0.7, dtype=dtype)
    running = data.draw(st.sampled_from([(None, None), (mean, var)]))
    norm = aten.native_batch_norm.default
    written = ("running_mean", "running_var") if running[0] is not None else ()
    agree(norm, x, weight, bias, *running, True, 0.1, 1e-5, also_written=written)
    found, seen = compare(norm, x, weight, bias, mean, var, False, 0.1, 1e-5)
    assert (found.bytes_read, found.bytes_written) == (seen.read, seen.written)
    assert claimed(found.outputs) == seen.outputs[:1]
    assert all(shape == (0,) for shape, _ in seen.outputs[1:])
    wanted = [mask[0], mask[1] and weight is not None, mask[2] and weight is not None]
    for training, unread in (
        (True, ("running_mean", "running_var")),
        (False, ("save_mean", "save_invstd")),
    ):
        _gradients(
            aten.native_batch_norm_backward.default,
            (grad, x, weight, mean, var, mean.clone(), var.clone(), training, 1e-5),
            wanted,
            not_read=unread,
            for_input=("weight",),
        )
    sizes = (batch, channels, plane[0] * (plane[1] if len(plane) > 1 else 1), groups)
    agree(aten.native_group_norm.default, x, weight, bias, *sizes, 1e-5)
    saved = torch.ones(batch, groups, dtype=dtype)
    _gradients(
        aten.native_group_norm_backward.default,
        (grad, x, saved, saved.clone(), weight, *sizes),
        wanted,
        for_input=("weight",),
    )


@given(data=st.data())
def test_pooling_and_upsampling(data: st.DataObject) -> None:
    """Result shapes of windows with stride, padding, dilation and ceil_mode."""
    side = st.integers(3, 7)
    x = data.draw(
        tensors((1, data.draw(st.integers(1, 2)), data.draw(side), data.draw(side)), torch.float32)
    )
    kernel = [data.draw(st.integers(1, 3)) for _ in range(2)]
    stride = data.draw(st.sampled_from([[], [1, 1], [2, 1], [3, 2]]))
    padding = [data.draw(st.integers(0, size // 2)) for size in kernel]
    ceil = data.draw(st.booleans())
    skipped = unmet(x, lambda ones: aten.avg_pool2d.default(ones, kernel, stride, padding, ceil))
    pooled = (x, kernel, stride, padding)
    agree(aten.max_pool2d_with_indices.default, *pooled, [1, 1], ceil, skipped=skipped)
    agree(aten.avg_pool2d.default, *pooled, ceil, skipped=skipped)
    agree(aten._adaptive_avg_pool2d.default, x, [2, 3])
    for operator, rest in (
        (aten.upsample_nearest2d.default, ()),
        (aten.upsample_bilinear2d.default, (False,)),
        (aten.upsample_bicubic2d.default, (False,)),
    ):
        resize = partial(_resized, operator, rest)
        work, seen = compare(operator, x, [5, 9], *rest)
        read = seen.read - unmet(x, resize)
        assert work.bytes_read is not None
        exact = work.bytes_exactness == "exact"
        assert work.bytes_read == read if exact else work.bytes_read >= read
        assert (work.bytes_written, claimed(work.outputs)) == (seen.written, seen.outputs)


def _resized(operator: Any, rest: tuple[bool, ...], x: torch.Tensor) -> torch.Tensor:
    resized: torch.Tensor = operator(x, [5, 9], *rest)
    return resized


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_statistics_of_16_bit_norms_are_fp32_on_a_gpu(dtype: torch.dtype) -> None:
    """The CPU keeps them in 16 bits; the fake CUDA device of PyTorch says fp32, as the model."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    x, weight = torch.ones(4, 6, dtype=dtype), torch.ones(6, dtype=dtype)
    found, seen = compare(aten.native_layer_norm.default, x, [6], weight, weight.clone(), 1e-5)
    with FakeTensorMode():
        fake, scale = (torch.empty(s, dtype=dtype, device="cuda") for s in ((4, 6), (6,)))
        on_gpu = described(aten.native_layer_norm.default(fake, [6], scale, scale, 1e-5))
    assert [kind for _, kind in on_gpu] == [item.dtype for item in found.outputs]
    assert [kind for _, kind in seen.outputs] != [kind for _, kind in on_gpu]
    assert found.bytes_read == seen.read


@given(data=st.data())
def test_integers_do_no_floating_point_operations(data: st.DataObject) -> None:
    """Sums, products and powers of integers: a known 0."""
    x = data.draw(tensors(data.draw(shapes(low=1)), data.draw(st.sampled_from(INTEGERS))))
    for operator, arguments in (
        (aten.add.Tensor, (x, x.clone())),
        (aten.mul.Tensor, (x, 2)),
        (aten.sum.default, (x,)),
    ):
        assert agree(operator, *arguments).flop == 0
