"""What calls, operators and annotations do, told by their names.

First letters are left out where CUDA's and HIP's names write them large or small.
"""

from __future__ import annotations

import polars as pl

INPUT = (
    r"(?i)data_?load|datapipe|dataset|(next|get|fetch)_?batch|input_?pipeline"
    r"|DALI\w*Iterator"
)
"""Names of annotations and operators that load input."""
ALLOCATE = (
    r"Malloc|Free|HostAlloc|HostRegister|HostUnregister|MemAlloc|MemCreate|Mem(Un)?[Mm]ap"
    r"|MemRelease|MemSetAccess|MemAddressReserve|MemPoolTrim|MemGetInfo|USM\w*Alloc"
)
"""Names of runtime calls (CUDA or HIP) that allocate or free memory."""
LOAD = r"ModuleLoad|LibraryLoad|ModuleGetFunction|GetFunctionByName|nvrtc|hiprtc"
"""Names of calls that load or compile code for the device."""
LOADING_OVERHEAD = r"(?i)(module|function|library) ?load"
"""Names of the profiler's overhead records that are time in which the driver loads code."""
BEGIN_CAPTURE = "BeginCapture"
END_CAPTURE = "EndCapture"
INSTANTIATE = r"GraphInstantiate"
LAUNCH = r"aunch"
"""Names of calls that launch a kernel or a graph."""
NO_KERNEL = r"HostFunc|Attribute"
"""Of those, names of calls after which no kernel follows."""
SYNCHRONIZE = "ynchronize"
WAITS_FOR_ALL = r"(Device|Ctx)Synchronize"
"""Names of calls that return once all work of a device is done."""
_CREATE = (
    r"(Stream|Event)(Create|Destroy)|PrimaryCtx|CtxCreate|^(cuda|hip|cu)Init"
    r"|^(cublas|cudnn|cusolver|cusparse|hipblas|rocblas|miopen|nccl)\w*(Create|Init)"
)
_QUERY_DEVICE = r"GetDeviceProperties|DeviceGet|GetDevice"
_COMPILE = (
    r"(?i)dynamo_timed|torch_?dynamo|inductor|nvrtc|compile_fx|(^|[^a-z])compil(e|ing|ation)([^a-z]"
    r"|$)"
)
_RUNS_COMPILED = r"(?i)cache lookup|compiled|runtime wrapper|call compiledfxgraph"

LAUNCHES = "launches"
_NAME = pl.col("name")


def compiles() -> pl.Expr:
    """Return whether an operator or annotation of this ``name`` compiles code.

    Code that was compiled before, and the look-up of it, compile nothing.
    """
    return _NAME.str.contains(_COMPILE) & ~_NAME.str.contains(_RUNS_COMPILED)


def cause_of_call() -> pl.Expr:
    """Return what a call is by its name alone.

    How long one that launches took tells whether it loaded a module, and how long one that asks
    for the device's properties took, whether it initialised the device.
    """
    return (
        pl.when(_NAME.str.contains(f"{BEGIN_CAPTURE}|{END_CAPTURE}|{INSTANTIATE}"))
        .then(pl.lit("graph_capture"))
        .when(_NAME.str.contains(ALLOCATE))
        .then(pl.lit("allocator"))
        .when(_NAME.str.contains(LOAD))
        .then(pl.lit("long_launch"))
        .when(_NAME.str.contains(_CREATE))
        .then(pl.lit("initialise"))
        .when(_NAME.str.contains(_QUERY_DEVICE))
        .then(pl.lit(QUERIES))
        .when(_NAME.str.contains(f"{LAUNCH}|emset"))
        .then(pl.lit(LAUNCHES))
        .when(_NAME.str.contains(SYNCHRONIZE))
        .then(pl.lit("synchronize"))
        .when(_NAME.str.contains("emcpy"))
        .then(pl.lit("copy_call"))
        .otherwise(pl.lit("launch_call"))
    )


QUERIES = "queries"
