"""Writes timed calls as a torch.profiler trace, laid out as Kineto does (PyTorch 2.3 and later)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import ceil, prod

import sample_device as device
from sample_clock import STREAM, Slice, Timed
from sample_ops import Call, Copy, Launch, recorded

PID = 4242
BASE_NS = 1_767_225_600_000_000_000
CALLBACK_IDS = {
    "cudaLaunchKernel": 211,
    "cudaLaunchKernelExC": 430,
    "cudaMemcpyAsync": 41,
    "cudaStreamSynchronize": 131,
    "cudaDeviceSynchronize": 165,
}
SYNTHETIC = "synthetic: written by reports/samples/make_samples.py, not measured"


def trace_text(timed: Timed, name: str) -> str:
    """The trace as JSON text; ``name`` is what it says of its own file."""
    header = f"""
{{
  "schemaVersion": 1,
  "deviceProperties": [
    {{
      "id": 0, "name": "{device.NAME}", "totalGlobalMem": {device.MEMORY_BYTES},
      "computeMajor": 9, "computeMinor": 0,
      "maxThreadsPerBlock": 1024, "maxThreadsPerMultiprocessor": 2048,
      "regsPerBlock": 65536, "warpSize": 32,
      "sharedMemPerBlock": 49152, "numSms": {device.SM_COUNT}
    , "regsPerMultiprocessor": 65536, "sharedMemPerBlockOptin": 232448,
      "sharedMemPerMultiprocessor": 233472
    }}
  ],
  "cupti_version": 26,
  "cuda_runtime_version": 12080,
  "cuda_driver_version": 12080,
  "record_shapes": 1,
  "ncutool_sample": "{SYNTHETIC}",
  "displayTimeUnit": "ms",
  "baseTimeNanoseconds": {BASE_NS},
  "traceEvents": [
"""
    first = min(each.start_ns for each in timed.calls)
    last = max(each.end_ns for each in timed.runtime)
    events = ",\n".join(
        [*_calls(timed), *_device(timed), *_runtime(timed), *_metadata(first, last)]
    )
    return f'{header}{events}\n  ],\n  "traceName": "{name}"\n}}\n'


def _microseconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03d}"


def _complete(category: str, name: str, pid: int, tid: int, slice_: Slice, args: str) -> str:
    start, length = slice_.start_ns, slice_.end_ns - slice_.start_ns
    return (
        f'  {{\n    "ph": "X", "cat": "{category}", "name": {json.dumps(name)}, '
        f'"pid": {pid}, "tid": {tid},\n'
        f'    "ts": {_microseconds(start)}, "dur": {_microseconds(length)},\n'
        f'    "args": {{\n      {args}\n    }}\n  }}'
    )


def _flow(phase: str, pid: int, tid: int, slice_: Slice) -> str:
    end = ', "bp": "e"' if phase == "f" else ""
    return (
        f'  {{\n    "ph": "{phase}", "id": {slice_.correlation}, "pid": {pid}, "tid": {tid}, '
        f'"ts": {_microseconds(slice_.start_ns)},\n'
        f'    "cat": "ac2g", "name": "ac2g"{end}\n  }}'
    )


def _calls(timed: Timed) -> Iterator[str]:
    for index, each in enumerate(timed.calls):
        assert isinstance(each.node, Call)
        args = f'"External id": {index + 1},"Record function id": 0, '
        if each.node.is_annotation:
            yield _complete(
                "user_annotation", each.name, PID, PID, each, f'{args}"Ev Idx": {index}'
            )
            continue
        columns = list(zip(*(recorded(argument) for argument in each.node.inputs), strict=True))
        dims, types, strides, concrete = (json.dumps(column) for column in columns)
        args += f'"Concrete Inputs": {concrete}, "Input type": {types}, '
        args += f'"Input Strides": {strides}, "Input Dims": {dims}, "Ev Idx": {index}'
        yield _complete("cpu_op", each.name, PID, PID, each, args)


def _device(timed: Timed) -> Iterator[str]:
    for each in timed.device:
        external = f'"External id": {each.parent}, '
        if isinstance(each.node, Launch):
            args = external + _kernel_args(each)
            yield _complete("kernel", each.name, 0, STREAM, each, args)
        else:
            assert isinstance(each.node, Copy)
            rate = each.node.nbytes / (each.end_ns - each.start_ns)
            args = f'{external}"device": 0, "context": 1, "stream": {STREAM}, '
            args += f'"correlation": {each.correlation}, "bytes": {each.node.nbytes}, '
            args += f'"memory bandwidth (GB/s)": {rate:.6f}'
            yield _complete("gpu_memcpy", each.name, 0, STREAM, each, args)
        yield _flow("f", 0, STREAM, each)
    yield from _device_annotations(timed)


def _device_annotations(timed: Timed) -> Iterator[str]:
    """An annotation's span on the device: from its first launch to the end of its last."""
    for index, each in enumerate(timed.calls):
        if not (isinstance(each.node, Call) and each.node.is_annotation):
            continue
        inside = [
            launched
            for launched, call in zip(timed.device, _launching(timed), strict=True)
            if each.start_ns <= call.start_ns < each.end_ns
        ]
        span = Slice(each.node, each.name, inside[0].start_ns, inside[-1].end_ns, 0)
        args = f'"External id": {index + 1}'
        yield _complete("gpu_user_annotation", each.name, 0, STREAM, span, args)


def _launching(timed: Timed) -> list[Slice]:
    """The runtime calls that started something, one for each entry of ``timed.device``."""
    started = {each.correlation for each in timed.device}
    return [each for each in timed.runtime if each.correlation in started]


def _kernel_args(each: Slice) -> str:
    assert isinstance(each.node, Launch)
    kernel = each.node.kernel
    blocks = prod(kernel.grid) / device.SM_COUNT
    warps = blocks * ceil(prod(kernel.block) / 32)
    occupancy = round(min(device.occupancy_pct(kernel), 100 * warps / 64))
    return (
        f'"queued": 0, "device": 0, "context": 1, "stream": {STREAM}, '
        f'"correlation": {each.correlation}, "registers per thread": {kernel.registers}, '
        f'"shared memory": {kernel.shared_bytes}, "blocks per SM": {blocks:.6f}, '
        f'"warps per SM": {warps:.6f}, "grid": {list(kernel.grid)}, '
        f'"block": {list(kernel.block)}, "est. achieved occupancy %": {occupancy}'
    )


def _runtime(timed: Timed) -> Iterator[str]:
    started = {each.correlation for each in timed.device}
    for each in timed.runtime:
        external = f'"External id": {each.parent}, ' if each.parent else ""
        args = f'{external}"cbid": {CALLBACK_IDS[each.name]}, "correlation": {each.correlation}'
        yield _complete("cuda_runtime", each.name, PID, PID, each, args)
        if each.correlation in started:
            yield _flow("s", PID, PID, each)


def _metadata(first_ns: int, last_ns: int) -> Iterator[str]:
    named = (
        ("process_name", PID, 0, '"name": "python (synthetic)"'),
        ("process_labels", PID, 0, '"labels": "CPU"'),
        ("process_name", 0, 0, '"name": "python (synthetic)"'),
        ("process_labels", 0, 0, '"labels": "GPU 0"'),
        ("thread_name", 0, STREAM, f'"name": "stream {STREAM} "'),
        ("thread_name", PID, PID, f'"name": "thread {PID} (synthetic)"'),
    )
    when = _microseconds(first_ns)
    for name, pid, tid, args in named:
        yield (
            f'  {{\n    "name": "{name}", "ph": "M", "ts": {when}, "pid": {pid}, "tid": {tid},\n'
            f'    "args": {{\n      {args}\n    }}\n  }}'
        )
    yield (
        '  {\n    "name": "Iteration Start: PyTorch Profiler", "ph": "i", "s": "g",\n'
        f'    "pid": "Traces", "tid": "Trace PyTorch Profiler", "ts": {when}\n  }}'
    )
    yield (
        '  {\n    "name": "Record Window End", "ph": "i", "s": "g",\n'
        f'    "pid": "", "tid": "", "ts": {_microseconds(last_ns)}\n  }}'
    )
