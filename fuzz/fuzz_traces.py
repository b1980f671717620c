"""Mutators of traces: what writers, merges, edits and attackers make of events."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

import fuzz_values as values

Document = dict[str, Any]
Mutator = Callable[[Random, Document], None]

_FIELDS = ("ph", "cat", "name", "pid", "tid", "ts", "dur", "args")
_CATEGORIES = (
    "kernel", "gpu_memcpy", "gpu_memset", "cpu_op", "cuda_runtime", "cuda_driver",
    "user_annotation", "gpu_user_annotation", "python_function", "overhead", "ac2g", "Trace",
    "hip_runtime", "",
)  # fmt: skip
_PHASES = ("X", "B", "E", "i", "s", "f", "M", "C", "", "XX", 1)
_OPERATORS = (
    "aten::mm", "aten::addmm", "aten::bmm", "aten::linear", "aten::convolution",
    "aten::cudnn_convolution", "aten::_softmax", "aten::native_layer_norm", "aten::embedding",
    "aten::native_layer_norm_backward", "aten::copy_", "aten::cat", "aten::index", "aten::topk",
    "aten::_scaled_dot_product_flash_attention", "aten::_flash_attention_forward", "aten::add",
    "aten::sum", "aten::native_batch_norm", "aten::_scaled_mm", "aten::sort", "aten::einsum",
    "flash_attn::_flash_attn_forward", "c10d::allreduce_", "record_param_comms",
    "ProfilerStep#1", "ProfilerStep#2", "vllm::rms_norm", "aten::scatter_add_",
)  # fmt: skip
_KERNELS = (
    "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
    "ncclKernel_AllGather_RING_LL_Sum_int8_t", "void flash_fwd_kernel<Flash_fwd_kernel_traits<",
    "triton_poi_fused_add_mul_0", "Cijk_Ailk_Bljk_BBS_BH_MT128x128x64", "ampere_sgemm_128x64_tn",
    "Memcpy DtoH (Device -> Pageable)", "Memcpy HtoD (Pinned -> Device)", "Memset (Device)",
    "nvjet_tst_128x256_64x4_1x2_h_bz_coopA_TNN", "void at::native::vectorized_elementwise_kernel<",
    "cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaGraphLaunch", "cudaMalloc", "cudaFree",
)  # fmt: skip
_ARGUMENTS = (
    "External id", "correlation", "stream", "device", "grid", "block", "bytes", "Input Dims",
    "Input type", "Input Strides", "Concrete Inputs", "registers per thread", "shared memory",
    "est. achieved occupancy %", "Collective name", "In msg nelems", "Out msg nelems", "Group size",
    "dtype", "Process Group Ranks", "Ev Idx", "Sequence number", "graph id", "graph node id",
    "memory bandwidth (GB/s)", "queued", "warps per SM", "blocks per SM", "kernel_file",
)  # fmt: skip
_MEMBERS = (
    "deviceProperties", "distributedInfo", "baseTimeNanoseconds", "schemaVersion",
    "displayTimeUnit", "traceName", "with_stack", "cuda_driver_version", "otherData", "metadata",
)  # fmt: skip


def _events(document: Document) -> list[Any]:
    events = document["traceEvents"]
    return events if isinstance(events, list) else []


def _event(random: Random, document: Document) -> dict[str, Any]:
    """One of the events that are objects; a passing one where there is none."""
    events = _events(document)
    for _ in range(8):
        if events and isinstance(one := random.choice(events), dict):
            return one
    return {}


def _arguments(random: Random, document: Document) -> dict[str, Any]:
    arguments = _event(random, document).get("args")
    return arguments if isinstance(arguments, dict) else {}


def drop(random: Random, document: Document) -> None:
    """Leave out one event, or many."""
    events = _events(document)
    share = random.choice((0.01, 0.1, 0.5, 0.95))
    kept = [one for one in events if random.random() >= share]
    events[:] = kept if len(kept) < len(events) else events[1:]


def duplicate(random: Random, document: Document) -> None:
    """Write some events twice, as they are or a little later."""
    events = _events(document)
    later = random.choice((0, 0, 0.001, 1, 1e9))
    for one in random.sample(events, min(len(events), random.choice((1, 5, 400)))):
        again = copy.deepcopy(one)
        if isinstance(again, dict) and isinstance(again.get("ts"), (int, float)):
            again["ts"] += later
        events.insert(random.randrange(len(events) + 1), again)


def reorder(random: Random, document: Document) -> None:
    """Write the events in another order."""
    events = _events(document)
    random.choice((random.shuffle, list.reverse))(events)


def retype(random: Random, document: Document) -> None:
    """Put something else into a field of an event."""
    event = _event(random, document)
    event[random.choice((*_FIELDS, *event))] = values.any_value(random)


def leave_out(random: Random, document: Document) -> None:
    """Take a field from an event."""
    event = _event(random, document)
    if event:
        del event[random.choice(list(event))]


def recategorise(random: Random, document: Document) -> None:
    """Give events another category or phase."""
    for _ in range(random.choice((1, 3, 30))):
        _event(random, document)["cat"] = random.choice(_CATEGORIES)
    if random.random() < 0.3:
        _event(random, document)["ph"] = random.choice(_PHASES)


def rename(random: Random, document: Document) -> None:
    """Give events the names of other operators and kernels, or ones that attack."""
    for _ in range(random.choice((1, 3, 30))):
        event = _event(random, document)
        pool = _KERNELS if event.get("cat") == "kernel" else (*_OPERATORS, *_KERNELS)
        event["name"] = random.choice((*pool, *values.TEXTS))


def argue(random: Random, document: Document) -> None:
    """Put an extreme value into an argument."""
    arguments = _arguments(random, document)
    name = random.choice((*_ARGUMENTS, *arguments))
    arguments[name] = values.any_value(random)


def reshape(random: Random, document: Document) -> None:
    """Give operators other dimensions and types."""
    for _ in range(random.choice((1, 5, 50))):
        arguments = _arguments(random, document)
        if "Input Dims" in arguments or random.random() < 0.1:
            arguments["Input Dims"] = random.choice(values.SHAPES)
        if random.random() < 0.4:
            arguments["Input type"] = random.choice(values.TYPES)


def place_dimension(random: Random, document: Document) -> None:
    """Put an extreme into one dimension of one operator."""
    for _ in range(20):
        dims = _arguments(random, document).get("Input Dims")
        lists = [one for one in dims if isinstance(one, list)] if isinstance(dims, list) else []
        if lists:
            chosen = random.choice(lists)
            chosen.insert(random.randrange(len(chosen) + 1), values.any_value(random))
            del chosen[random.randrange(len(chosen))]
            return


def move(random: Random, document: Document) -> None:
    """Move events in time: a little, far, before the start, or all of them."""
    far = random.choice((1, -1, 1e3, -1e3, 3.1e6, 1e9, -1e9, 1e15, -1e15, 9.3e15, 1e19))
    for one in _events(document) if random.random() < 0.2 else [_event(random, document)]:
        if isinstance(one, dict) and isinstance(one.get("ts"), (int, float)):
            one["ts"] += far


def stretch(random: Random, document: Document) -> None:
    """Make events last longer or shorter, to nothing, less than nothing or years."""
    factor = random.choice((0, -1, 0.001, 1e3, 1e6, 1e9, 1e15, 1e300))
    for one in _events(document) if random.random() < 0.2 else [_event(random, document)]:
        if isinstance(one, dict) and isinstance(one.get("dur"), (int, float)):
            one["dur"] *= factor


def transplant(random: Random, document: Document) -> None:
    """Put events on other processes, threads, devices and streams, or give ids to several."""
    for _ in range(random.choice((1, 10, 100))):
        event, other = _event(random, document), _event(random, document)
        key = random.choice(("pid", "tid"))
        event[key] = random.choice((0, 1, 2, "stream 7", -1, 2**63, other.get(key)))
        arguments, others = event.get("args"), other.get("args")
        if isinstance(arguments, dict) and isinstance(others, dict):
            key = random.choice(("correlation", "External id", "stream", "device"))
            arguments[key] = random.choice((others.get(key), 0, 1, 2, 3))


def annotate(random: Random, document: Document) -> None:
    """Add annotated steps, whole, overlapping or inside each other."""
    times = [
        one["ts"]
        for one in _events(document)
        if isinstance(one, dict) and type(one.get("ts")) in (int, float)
    ]
    start, end = (min(times), max(times)) if times else (0.0, 1.0)
    for number in range(random.choice((1, 3, 40))):
        at = start + random.random() * (end - start)
        _events(document).append(
            {"ph": "X", "cat": random.choice(("user_annotation", "gpu_user_annotation")),
             "name": f"ProfilerStep#{number}", "pid": random.choice((0, 10)),
             "tid": random.choice((1, 7)), "ts": at, "args": {},
             "dur": random.choice((0, 1, (end - start) / 3))}
        )  # fmt: skip


def intrude(random: Random, document: Document) -> None:
    """Put what is no event among the events."""
    events = _events(document)
    events.insert(random.randrange(len(events) + 1), values.any_value(random))


def nest(random: Random, document: Document) -> None:
    """Put deep lists and objects, some like events, into the arguments."""
    _event(random, document)["args"] = {"a": values.nested(random), "ph": {"ph": "X"}}


def remember(random: Random, document: Document) -> None:
    """Change a member beside the events."""
    document[random.choice((*_MEMBERS, *(k for k in document if k != "traceEvents")))] = (
        values.any_value(random)
    )


def misdevice(random: Random, document: Document) -> None:
    """Change what the file says of a device, or who takes part in the job."""
    devices = document.get("deviceProperties")
    if isinstance(devices, list) and devices and isinstance(devices[0], dict):
        one = random.choice(devices)
        if isinstance(one, dict) and one:
            one[random.choice(list(one))] = values.any_value(random)
        if random.random() < 0.2:
            devices.append(copy.deepcopy(devices[0]))
    ranks = random.choice((0, 1, -1, 2**40, "x"))
    if random.random() < 0.4:
        document["distributedInfo"] = {"rank": ranks, "world_size": random.choice((0, 1, 8, -8))}


MUTATORS: dict[str, Mutator] = {
    one.__name__: one
    for one in (
        drop, duplicate, reorder, retype, leave_out, recategorise, rename, argue, reshape,
        place_dimension, move, stretch, transplant, annotate, intrude, nest, remember, misdevice,
    )
}  # fmt: skip
