"""Text of a drawing is written as Python's own writer of XML does."""

from __future__ import annotations

from xml.sax import saxutils

from hypothesis import given
from hypothesis import strategies as st

from ncutool.charts.xml_text import escape, quoteattr

TEXTS = st.text(st.one_of(st.sampled_from("<>&\"'\n\r\t;a"), st.characters()))


@given(TEXTS)
def test_text_is_that_of_the_library(text: str) -> None:
    """Whatever it holds."""
    assert escape(text) == saxutils.escape(text)
    assert quoteattr(text) == saxutils.quoteattr(text)


def test_quotes() -> None:
    """The ones that the text has not; where it has both, one is written out."""
    assert quoteattr("a < b\n") == '"a &lt; b&#10;"'
    assert quoteattr('say "a"') == "'say \"a\"'"
    assert quoteattr('"it\'s"') == '"&quot;it\'s&quot;"'
