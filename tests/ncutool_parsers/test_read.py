"""Choosing a reader by content, and the one-line errors for everything else."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch_factory as make
import zstandard

from ncutool_parsers import READERS, read, sniff
from ncutool_parsers.errors import CaptureError, UnreadableError
from ncutool_parsers.interface import ReadOptions


def test_readers_are_told_apart_by_content(tmp_path: Path) -> None:
    """Each format is claimed by exactly one reader, whatever the file is called."""
    heads = {
        "torch.profiler trace": [b'{"schemaVersion": 1', b"\n [", b'\xef\xbb\xbf{"a"', b"{}"],
        "Nsight Compute report": [b"NVR\x00" + bytes(60), b"\x28\xb5\x2f\xfd" + bytes(60)],
    }
    for name, starts in heads.items():
        for head in starts:
            assert [reader.format.name for reader in READERS if reader.accepts(head)] == [name]
    path = make.write(tmp_path / "misnamed.ncu-rep", make.small())
    assert sniff(path).format.name == "torch.profiler trace"
    assert read(path).source == "torch"


def test_read_takes_text_paths_and_options(tmp_path: Path) -> None:
    """A path may be text; options reach the reader."""
    path = make.write(tmp_path / "t.json", make.small())
    assert read(str(path)).name == "t.json"
    with pytest.raises(UnreadableError, match="--max-bytes"):
        read(path, ReadOptions(max_bytes=10))


TAR = tarfile.TarInfo("run/rank0.json").tobuf() + bytes(1024)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \n\t ", "white space"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html>", "web page"),
        (b"<?xml version='1.0'?>", "web page"),
        (b"just some words\n" * 40, "text, not a capture"),
        (b"PK\x03\x04" + bytes(40), "zip archive"),
        (bz2.compress(b"{}"), "is compressed with bzip2; unpack it first \\(bunzip2 -k FILE\\)"),
        (lzma.compress(b"{}"), "unxz"),
        (b"\x04\x22\x4d\x18" + bytes(40), "unlz4"),
        (zstandard.compress(b'{"traceEvents": []}'), "unzstd"),
        (TAR, r"is a tar archive; name the capture inside \(FILE::NAME\)"),
        (gzip.compress(TAR, mtime=0), "is a tar archive"),
        (bz2.compress(TAR), "is a tar archive"),
        (lzma.compress(TAR), "is a tar archive"),
        (zstandard.compress(TAR), "is a tar archive"),
        (b"SQLite format 3\x00" + bytes(40), "SQLite"),
        (bytes(range(256)), "unknown binary"),
        (gzip.compress(b"", mtime=0), "nothing in it"),
        (gzip.compress(b"words", mtime=0), "text, not a capture"),
        (b"\x1f\x8b" + bytes(range(1, 60)), "gzip"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, told: str) -> None:
    """Anything that is no capture is refused in one line that says what it is."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=told) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    """A folder, a missing file and a name that cannot exist are each told apart."""
    with pytest.raises(UnreadableError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(UnreadableError, match="does not exist"):
        read(tmp_path / "missing.json")
    with pytest.raises(UnreadableError, match="cannot be opened"):
        read("a\x00b")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user"
)
def test_file_without_permission(tmp_path: Path) -> None:
    """A file that may not be read says so."""
    path = make.write(tmp_path / "t.json", make.small())
    path.chmod(0)
    with pytest.raises(UnreadableError, match="may not be read"):
        read(path)


def test_every_byte_string_is_answered(tmp_path: Path) -> None:
    """Short files of any content raise nothing but the errors made for it."""
    path = tmp_path / "file"
    for content in [b"{", b"[", b"{}", b"[{}]", b'{"traceEvents"', b"\x1f\x8b", b"[[", b'["', b"N"]:
        path.write_bytes(content)
        with pytest.raises(CaptureError):
            read(path)


def test_importing_is_light() -> None:
    """The package imports none of what only reading needs."""
    code = (
        "import sys, ncutool_parsers; heavy = 'polars numpy msgspec isal ncu_report'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
