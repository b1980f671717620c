"""Texts of samples as the tools lay them out, with figures made up here."""

from __future__ import annotations

from collections.abc import Sequence

UTILISATION = ("sm", "mem", "enc", "dec", "jpg", "ofa")
OLD = ("pwr", "temp", "sm", "mem", "enc", "dec", "mclk", "pclk")
EVERYTHING = (
    "pwr", "gtemp", "mtemp", "sm", "mem", "enc", "dec", "jpg", "ofa", "mclk", "pclk", "pviol",
    "tviol", "fb", "bar1", "ccpm", "sbecc", "dbecc", "pci", "rxpci", "txpci",
)  # fmt: skip
_FILLING = {"pwr": "412", "gtemp": "61", "mtemp": "-", "mclk": "2619", "pclk": "1755"}
Sample = dict[str, object]


def smi_dmon(
    samples: Sequence[Sample],
    columns: Sequence[str] = UTILISATION,
    *,
    gpus: Sequence[int] = (0,),
    prefix: str = "",
    every: int = 20,
    separator: str = "",
) -> str:
    """`nvidia-smi dmon`: each sample once for each GPU, the heading again every so often.

    Args:
        samples: columns to values; the others are filled.
        prefix: letters of `-o`: `D`, `T` or both.
        every: samples between two headings.
        separator: `,` as of `--format csv`; widths of spaces where empty.
    """
    lines = []
    titles = [title for letter, title in (("D", "Date"), ("T", "Time")) if letter in prefix]
    stamps = [stamp for letter, stamp in (("D", "20260102"), ("T", "03:04:05")) if letter in prefix]
    for index, sample in enumerate(samples):
        if index % every == 0:
            lines.append("#" + _row([*titles, "gpu", *columns], separator))
            lines.append("#" + _row([*stamps, "Idx", *("%" for _ in columns)], separator))
        for gpu in gpus:
            cells = [str(sample.get(name, _FILLING.get(name, "0"))) for name in columns]
            lines.append(" " + _row([*stamps, str(gpu), *cells], separator))
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str], separator: str) -> str:
    if separator:
        return f"{separator} ".join(cells)
    return " ".join(f"{cell:>6}" for cell in cells)


PROFILED = ("GRACT", "SMACT", "SMOCC", "TENSO", "DRAMA", "FP64A", "FP32A", "FP16A")


def dcgmi_dmon(
    samples: Sequence[Sample],
    tags: Sequence[str] = PROFILED,
    *,
    entities: Sequence[str] = ("GPU 0",),
    glued: bool = False,
) -> str:
    """`dcgmi dmon`: ratios with three digits, `N/A` where a sample has no such tag.

    Args:
        glued: `#Entity` without a space, as of newer releases.
    """
    head = "#Entity" if glued else "# Entity"
    lines = [f"{head}  " + "  ".join(tags), "      Id"]
    for sample in samples:
        for entity in entities:
            lines.append(f"    {entity}  " + "  ".join(_ratio(sample.get(tag)) for tag in tags))
    return "\n".join(lines) + "\n"


def _ratio(value: object) -> str:
    return "N/A" if value is None else f"{float(str(value)):.3f}"


EXPORTED = {
    "GPUTL": "DCGM_FI_DEV_GPU_UTIL",
    "GRACT": "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    "SMACT": "DCGM_FI_PROF_SM_ACTIVE",
    "SMOCC": "DCGM_FI_PROF_SM_OCCUPANCY",
    "TENSO": "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
    "DRAMA": "DCGM_FI_PROF_DRAM_ACTIVE",
    "FP64A": "DCGM_FI_PROF_PIPE_FP64_ACTIVE",
    "FP32A": "DCGM_FI_PROF_PIPE_FP32_ACTIVE",
    "FP16A": "DCGM_FI_PROF_PIPE_FP16_ACTIVE",
}


def exporter(
    scrapes: Sequence[Sample],
    *,
    gpus: Sequence[int] = (0,),
    labels: str = 'modelName="NVIDIA H100 80GB HBM3",Hostname="rack-7"',
    comments: bool = True,
    pods: Sequence[str] = ("",),
) -> str:
    """What dcgm-exporter serves, scrape after scrape, each metric with its comments."""
    lines = []
    for scrape in scrapes:
        for tag, value in scrape.items():
            name = EXPORTED.get(tag, tag)
            if comments:
                lines += [f"# HELP {name} a share", f"# TYPE {name} gauge"]
            for gpu in gpus:
                for pod in pods:
                    named = f',pod="{pod}"' if pod else ""
                    lines.append(f'{name}{{gpu="{gpu}",UUID="GPU-{gpu}",{labels}{named}}} {value}')
    return "\n".join(lines) + "\n"
