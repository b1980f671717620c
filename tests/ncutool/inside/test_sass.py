"""Which load an instruction waits for."""

from __future__ import annotations

import pytest

from ncutool.inside import sass
from ncutool.inside.sass import Load


def listing(*texts: str | None) -> list[tuple[int, str | None]]:
    return [(16 * place, text) for place, text in enumerate(texts)]


def feeding(*texts: str | None, at: int, stall: str = "long_scoreboard") -> tuple[Load, ...]:
    return sass.feeding(listing(*texts), 16 * at, stall)


def test_both_operands_of_a_double_precision_add() -> None:
    """The loads write pairs of registers, the nearer one is named first."""
    loads = feeding(
        "LDG.E.64 R22, [R22.64]",
        "LDG.E.64 R20, [R20.64]",
        "DADD R26, -R20, R22",
        at=2,
    )
    assert loads == (
        Load(16, "LDG.E.64 R20, [R20.64]", True),
        Load(0, "LDG.E.64 R22, [R22.64]", True),
    )


def test_a_load_of_four_registers_feeds_each_of_them() -> None:
    wide = "LDG.E.128.CONSTANT R4, [R2.64]"
    assert feeding(wide, "FADD R9, R6, R1", at=1) == (Load(0, wide, True),)
    assert feeding(wide, "FADD R9, R8, R1", at=1) == ()


def test_what_wrote_the_register_last_counts() -> None:
    """A value that an arithmetic instruction made since is not waited for."""
    assert feeding("LDG.E R4, [R2.64]", "IADD3 R4, R4, 0x1, RZ", "FADD R9, R4, R1", at=2) == ()


def test_an_address_is_an_operand_and_a_store_has_no_result() -> None:
    load = "LDG.E R4, [R2.64]"
    assert feeding(load, "STG.E [R8.64], R4", at=1) == (Load(0, load, True),)
    assert feeding(load, "LDG.E R6, [R4.64]", at=1) == (Load(0, load, True),)
    assert feeding(load, "ISETP.GE.AND P0, PT, R4, R5, PT", at=1) == (Load(0, load, True),)
    atomic = "ATOMG.E.ADD.64.STRONG.GPU PT, R18, [R18.64], R20"
    assert feeding(atomic, "MOV R1, R19", at=1) == (Load(0, atomic, True),)


@pytest.mark.parametrize("between", ["@P0 BRA 0x90", "@!P1 EXIT", "BSYNC B0"])
def test_across_a_branch_it_is_only_probable(between: str) -> None:
    load = "LDG.E R4, [R2.64]"
    assert feeding(load, between, "FADD R9, R4, R1", at=2) == (Load(0, load, False),)


def test_where_a_branch_leads_in_between_it_is_only_probable() -> None:
    load = "LDG.E R4, [R2.64]"
    found = feeding(load, "NOP", "FADD R9, R4, R1", "EXIT", "BRA 0x10", at=2)
    assert found == (Load(0, load, False),)


def test_a_predicated_load_is_probable_and_what_is_before_it_too() -> None:
    first, second = "LDG.E R4, [R2.64]", "@P0 LDG.E R4, [R6.64]"
    found = feeding(first, second, "FADD R9, R4, R1", at=2)
    assert found == (Load(16, second, False), Load(0, first, True))


def test_a_load_at_the_end_of_the_loop_feeds_its_beginning() -> None:
    """Software pipelining: the next turn uses it."""
    load = "LDG.E R4, [R2.64]"
    found = feeding("NOP", "FADD R9, R4, R9", load, "@P0 BRA 0x10", "EXIT", at=1)
    assert found == (Load(32, load, False),)


def test_the_load_fits_the_stall() -> None:
    """Shared memory and special functions are short, device memory is long."""
    texts = ("LDS.64 R2, [R0]", "LDG.E R4, [R6.64]", "FFMA R1, R2, R4, R3")
    assert [load.address for load in feeding(*texts, at=2)] == [16]
    assert [load.address for load in feeding(*texts, at=2, stall="short_scoreboard")] == [0]
    assert feeding(*texts, at=2, stall="barrier") == ()


def test_without_texts_nothing_is_said() -> None:
    assert feeding("LDG.E R4, [R2.64]", None, "FADD R9, R4, R1", at=2) == ()
    assert feeding("LDG.E R4, [R2.64]", None, at=1) == ()
    assert sass.feeding([], 0, "long_scoreboard") == ()


def test_where_instructions_are_not_listed_nothing_is_said() -> None:
    """Only those that were sampled may be known: what lies between could write the register."""
    known = [(0, "LDG.E R4, [R2.64]"), (64, "FADD R9, R4, R1")]
    assert sass.feeding(known, 64, "long_scoreboard") == ()
