"""The tables of a dataset: what is kept of each capture of an archive.

A capture is known by the hash of its content, so that a file that is found twice is one capture.
A dataset is a folder with a folder a table; in it lie Parquet files, partitioned by the first
digit of the hash: ``DATASET/launches/bucket=3/<name>.parquet``. Whatever reads Hive partitions
reads it.
"""

from __future__ import annotations

from ncutool.base.inside_table import INSIDE
from ncutool.base.tables import FINDINGS, KERNELS
from ncutool_parsers.schema import Column, Table

SCHEMA_VERSION = 1
"""Of the tables below; a column is added without a new number, never renamed or removed."""

_ID = Column(
    "capture_id",
    "str",
    "hash of the content of the capture and of its companions; one a capture",
    nullable=False,
)

CAPTURES = Table(
    "captures",
    "One row a capture that was analysed. Columns of metadata that the user named follow, as text.",
    (
        _ID,
        Column("schema_version", "int", "of these tables", nullable=False),
        Column("analysis_version", "str", "of ncutool that analysed it", nullable=False),
        Column(
            "path", "str", "where it was found, below the folder that was given", nullable=False
        ),
        Column("name", "str", "file name", nullable=False),
        Column("bytes", "int", "size of the file as it lies there", "byte", nullable=False),
        Column("companions", "list[str]", "paths of what was read beside it", nullable=False),
        Column("source", "str", "`ncu` or `torch`", nullable=False),
        Column("tool_version", "str", "version of the tool that wrote the capture"),
        Column("complete", "bool", "false where the file was cut short", nullable=False),
        Column("synthetic", "bool", "it says that nothing was measured", nullable=False),
        Column("device", "str", "name of the device, as far as the capture tells"),
        Column("device_count", "int", "devices that its launches ran on"),
        Column("compute_capability", "str", "e.g. `9.0`"),
        Column("rank", "int", "rank of the process in its job"),
        Column("world_size", "int", "ranks of the job"),
        Column("job", "str", "what tells the ranks of one job apart from others; null where none"),
        Column(
            "started_ns", "int", "when it began, from 1970; null where its clock does not say", "ns"
        ),
        Column("launches", "int", "rows of its kernels table", nullable=False),
        Column("wall_ns", "int", "the window; null where there is no timeline", "ns"),
        Column("busy_ns", "int", "of the window: something ran on the device", "ns"),
        Column("idle_ns", "int", "of the window: nothing ran on the device", "ns"),
        Column(
            "communication_ns", "int", "of the window: a collective ran; overlap counts once", "ns"
        ),
        Column(
            "exposed_communication_ns",
            "int",
            "of the window: a collective ran and no other kernel did",
            "ns",
        ),
        Column(
            "launch_ns", "int", "sum of the durations of launches; null where none has one", "ns"
        ),
        Column(
            "step_ns", "int", "median length of its annotated steps; null where there is none", "ns"
        ),
        Column("flop", "float", "sum over the launches that have it", "FLOP"),
        Column("dram_bytes", "float", "sum over the launches that have it", "byte"),
        Column("understood_pct", "float", "launch time with FLOPs or bytes", "%"),
        Column(
            "roofline_pct",
            "float",
            "share of the roofline that launches on it reach, weighted by their time",
            "%",
        ),
        Column(
            "answer",
            "str",
            "`something_to_do`, `nothing_worth_doing`, `could_not_look`",
            nullable=False,
        ),
        Column("headline", "str", "the verdict in at most 90 characters", nullable=False),
        Column("findings", "int", "rows of its findings table", nullable=False),
        Column(
            "saving_low_ns",
            "int",
            "what all findings save of the window at least; null where it could not look",
            "ns",
        ),
        Column("saving_high_ns", "int", "what they save of it at most, alike", "ns"),
        Column("top_kernel", "str", "the kernel with most of the launch time"),
        Column("top_kernel_pct", "float", "its share of the launch time", "%"),
        Column(
            "notices",
            "list[str]",
            "codes of what a reader must know of the figures",
            nullable=False,
        ),
    ),
)

LAUNCHES = Table("launches", KERNELS.meaning, (_ID, *KERNELS.columns))
INSIDE_ROWS = Table("inside", INSIDE.meaning, (_ID, *INSIDE.columns))
FINDING_ROWS = Table("findings", FINDINGS.meaning, (_ID, *FINDINGS.columns))

GAPS = Table(
    "gaps",
    "One row an idle interval of a trace.",
    (
        _ID,
        Column("gap_id", "int", "order in the capture, from 0", nullable=False),
        Column("device", "int", "device ordinal as recorded; null where all of them were idle"),
        Column("start_ns", "int", "start, from the first launch's start", "ns", nullable=False),
        Column("duration_ns", "int", "its length", "ns", nullable=False),
        Column("cause", "str", "one of `ncutool.timeline.window.GAP_CAUSES`", nullable=False),
        Column("before_launch_id", "int", "the launch that ended it"),
    ),
)

COLLECTIVES = Table(
    "collectives",
    "One row a launch of a trace that communicates: what ranks of one job are held together by.",
    (
        _ID,
        Column("launch_id", "int", "row of `launches`", nullable=False),
        Column(
            "kind",
            "str",
            "what it does: `all_reduce`, `all_gather`, ...; null where nothing names it",
        ),
        Column("collective", "str", "its name as recorded; null where it is not"),
        Column("kernel", "str", "name of its kernel, short", nullable=False),
        Column("stream", "int", "stream as recorded"),
        Column("process_group", "str", "name of its process group, as recorded"),
        Column("group_ranks", "str", "ranks of that group, as recorded"),
        Column("group_size", "int", "how many ranks it has"),
        Column("sequence", "int", "which call of its group it is, as recorded"),
        Column("source_rank", "int", "rank that sends, of a send or a receive"),
        Column("target_rank", "int", "rank that receives, of a send or a receive"),
        Column("step", "str", "annotated step that launched it; null where none did"),
        Column("dtype", "str", "data type as recorded"),
        Column("in_elements", "int", "its input elements on this rank"),
        Column("out_elements", "int", "its output elements on this rank"),
        Column(
            "start_ns", "int", "start, from the first launch's start: no other rank's clock", "ns"
        ),
        Column("duration_ns", "int", "duration, waiting for other ranks included", "ns"),
    ),
)

ERRORS = Table(
    "errors",
    "One row a file that could not be analysed, each with its reason.",
    (
        Column(
            "path", "str", "where it was found, below the folder that was given", nullable=False
        ),
        Column("name", "str", "file name", nullable=False),
        Column("bytes", "int", "size of the file; null where it could not be asked", "byte"),
        Column("content_hash", "str", "of the file; null where it could not be read"),
        Column(
            "file_id",
            "str",
            "hash of where the file lies: one a file, whatever is in it",
            nullable=False,
        ),
        Column("analysis_version", "str", "of ncutool that tried it", nullable=False),
        Column(
            "kind",
            "str",
            "`unreadable` (the system refused), `not_a_capture`, `damaged`, `too_large`, `empty`, "
            "`usage`, `out_of_memory`, `timed_out`, `killed` (its worker died), `bug`",
            nullable=False,
        ),
        Column("message", "str", "one line: what is wrong and what to do", nullable=False),
    ),
)

TABLES: tuple[Table, ...] = (
    CAPTURES,
    LAUNCHES,
    INSIDE_ROWS,
    FINDING_ROWS,
    GAPS,
    COLLECTIVES,
    ERRORS,
)
"""All tables of a dataset, by the name of their folder."""
