"""Reports as files: the same rows in each form; an attacker's words are text in all of them."""

import io
import json

import openpyxl
import pytest

from engine.reports import Made, forms

HOSTILE = '=HYPERLINK("http://evil")'
ROW = {
    "ts": 1_795_345_456_000_000,
    "who": HOSTILE,
    "note": "<script>alert(1)</script>",
    "n": 3,
    "x": None,
}
MADE = Made("summary", "Summary", 0, 86_399_999_999, 86_400_000_000, {"One": [ROW], "None": []})


def test_the_forms_there_are():
    assert forms.names() == ["html", "json", "xlsx"]


def test_json():
    told = json.loads(forms.packer("json")(MADE))
    assert (told["report"], told["from"]) == ("summary", "1970-01-01T00:00:00.000000Z")
    assert told["sheets"] == {"One": [{**ROW, "ts": "2026-11-22T11:04:16.000000Z"}], "None": []}


def test_a_workbook_holds_no_formula():
    book = openpyxl.load_workbook(io.BytesIO(forms.packer("xlsx")(MADE)))
    assert book.sheetnames == ["One", "None", "About"]
    cells = [cell for row in book["One"].iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert HOSTILE in [cell.value for cell in cells]


def test_a_page_holds_no_element_of_others():
    page = forms.packer("html")(MADE).decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "nothing" in page  # of the empty sheet


@pytest.mark.parametrize(("most", "more"), [(1, "4 more rows"), (5, "")])
def test_a_page_says_what_it_leaves_out(most, more):
    from engine.reports.forms.html import page

    text = page(MADE._replace(sheets={"One": [{"n": i} for i in range(5)]}), most)
    assert ("more rows" in text) == bool(more)
    assert more in text
