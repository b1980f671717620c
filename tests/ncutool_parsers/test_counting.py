"""Counts agree with their nouns and verbs."""

from __future__ import annotations

import pytest

from ncutool_parsers.counting import agreeing, counted, counted_of


@pytest.mark.parametrize(
    ("number", "noun", "verb", "words"),
    [
        (0, "launch", "", "0 launches"),
        (1, "launch", "have", "1 launch has"),
        (1465, "launch", "have", "1,465 launches have"),
        (1, "recorded argument", "are", "1 recorded argument is"),
        (2, "name", "hold", "2 names hold"),
    ],
)
def test_a_count_has_its_noun_and_verb(number: int, noun: str, verb: str, words: str) -> None:
    assert counted(number, noun, verb) == words


def test_the_verb_goes_with_the_part_and_the_noun_with_the_whole() -> None:
    assert counted_of(1, 3, "launch", "carry") == "1 of 3 launches carries"
    assert counted_of(1, 1, "launch", "lack") == "1 of 1 launch lacks"
    assert agreeing(2, "carry") == "carry"
