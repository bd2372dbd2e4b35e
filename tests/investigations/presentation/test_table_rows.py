"""Rows are written as one text, and nothing in them is taken for markup that was not made here."""

import pytest
from django.utils.safestring import SafeString

from investigations.presentation.table_rows import write_rows


def test_each_cell_has_the_look_of_its_column_and_hostile_text_is_escaped() -> None:
    rows = [("<script>", SafeString("<b>bold</b>")), ("a & b", "")]
    assert write_rows(rows, ("", "number")) == (
        '<tr><td>&lt;script&gt;</td><td class="number"><b>bold</b></td></tr>'
        '<tr><td>a &amp; b</td><td class="number"></td></tr>'
    )


def test_no_row_is_no_text_and_a_row_of_another_length_is_a_mistake() -> None:
    assert write_rows([], ("",)) == ""
    with pytest.raises(ValueError, match="zip"):
        write_rows([("a", "b")], ("",))
