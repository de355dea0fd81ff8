# SPDX-License-Identifier: EUPL-1.2
"""What people read: the paper of a pack, the table, and text of others made safe."""

import csv
import io
from dataclasses import replace

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.evidence_twins import END, NOW, START, approved
from tests.contacts.ledger_records import contact_record, gap_record

from police2peer.contacts.evidence import CaseFrame, Disclosed, set_statement, shown, words
from police2peer.contacts.evidence.table import write_table

_NASTY = "=x\u202e\x00\x1b[2J中文\U0001f680\\u{202E}"
_FRAME = CaseFrame("no-2027-01-r1", "ab" * 32, "no-2027-01", "Example", "Law", "ledger", 9, "cd" * 32, START, END)


def _text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).split())


def test_the_paper_says_who_asked_what_was_found_and_what_it_does_not_mean() -> None:
    records = [
        Disclosed(1, replace(contact_record(1), client_name=_NASTY, file_name=_NASTY)),
        Disclosed(2, replace(contact_record(2), clock=replace(contact_record().clock, offset_ms=None))),
        Disclosed(3, gap_record()),
    ]
    pdf = set_statement(_FRAME, approved(), records, [("Its root", "cd" * 32)], NOW)
    text = _text(pdf)
    for expected in ("Asking Person", "Approving Person", "Example Partner Police (PT)", "127.1.0.2 port 50000"):
        assert expected in text
    assert "1 record stands apart because the clock was off by more than 40 ms" in text
    assert "the node was not running" in text
    assert "An address is not a person" in text
    assert "shared address (2 contacts): Several programs spoke" in text
    assert "\u202e" not in text
    assert "\\u{202E}" in text.replace(" ", "")
    assert "\\u{1F680}" in text.replace(" ", ""), "a letter that the fonts lack is written as its number"
    assert pdf == set_statement(_FRAME, approved(), records, [("Its root", "cd" * 32)], NOW)


def test_the_paper_of_many_contacts_prints_the_first_and_says_how_many_there_are() -> None:
    records = [Disclosed(number, contact_record(number)) for number in range(250)]
    text = _text(set_statement(_FRAME, approved(), records, [], NOW))
    assert "The first 200 of 250 are printed" in text
    assert "sample-clip-99.mp4" in text


def test_every_word_of_the_limits_is_a_sentence() -> None:
    for group in words().values():
        assert group
        assert all(sentence.endswith(".") for sentence in group)


def test_the_table_has_as_many_cells_in_each_line_of_a_contact_as_names() -> None:
    records = [
        Disclosed(1, replace(contact_record(1), client_name=_NASTY, title="@SUM(A1)")),
        Disclosed(2, gap_record()),
    ]
    head, contact, gap = csv.reader(io.StringIO(write_table(records).decode()))
    assert len(head) == len(contact) == len(set(head))
    assert contact[head.index("title")] == "'@SUM(A1)"
    assert gap[1] == "gap: the node was not running"


@given(st.text())
def test_shown_text_steers_nothing(text: str) -> None:
    safe = shown(text, 10_000)
    assert safe.isprintable()
    assert not {"\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad"} & set(safe)


@given(st.text(max_size=30), st.text(max_size=30))
def test_two_texts_that_differ_are_shown_differently(one: str, two: str) -> None:
    assert (shown(one) == shown(two)) == (one == two)
