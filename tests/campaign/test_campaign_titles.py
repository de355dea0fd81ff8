# SPDX-License-Identifier: EUPL-1.2
"""Titles: valid file names everywhere, shown masked, never in an error."""

import traceback
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import ApprovedTitle, Title, TitleId, read_titles
from police2peer.errors import BadInput
from police2peer.strict_toml import Problems


@pytest.mark.parametrize(
    ("raw", "facts"),
    [
        ("x" * 1000, "1000 characters"),
        ("x" * 121, "121 characters"),
        ("ab", "2 characters"),
        ("   ", "blank"),
        ("", "blank"),
        ("sample/clip", "path separator"),
        ("sample\\clip", "path separator"),
        ("../sample", "path separator"),
        ("sample\x00clip", "control"),
        ("sample\nclip", "control"),
        ("sample\x1b[31mclip", "control"),
        ("sample\u202egpj.clip", "control or direction"),
        ("sample\u2066clip", "control or direction"),
        ("sample\ufeffclip", "control or direction"),
        ("sample\ud800clip", "control"),
        ("sample\ue000clip", "Unicode does not define"),
        (".sample-clip", "begins or ends"),
        ("sample-clip.", "begins or ends"),
        ("sample-clip ", "begins or ends"),
        (" sample-clip", "begins or ends"),
        ("sample:clip", "cannot store"),
        ('sample"clip"', "cannot store"),
        ("界" * 100, "more than 240 bytes"),
    ],
)
def test_a_title_that_is_no_file_name_is_refused_without_repeating_it(raw: str, facts: str) -> None:
    with pytest.raises(BadInput) as caught:
        Title.parse(raw)
    told = str(caught.value)
    assert facts in told
    assert not raw.strip() or raw not in told


def test_a_title_prints_masked_however_it_is_printed() -> None:
    title = Title.parse("sample-clip-07")
    approved = ApprovedTitle(TitleId("T-0007"), title)
    for text in (str(title), repr(title), f"{title}", f"{title:>20}", f"{title!r}", str([title]), repr(approved)):
        assert "<title>" in text
        assert "sample" not in text
    assert title.reveal() == "sample-clip-07"


def test_a_title_is_normalised_so_that_equal_titles_are_equal() -> None:
    assert Title.parse("cafe\u0301-clip") == Title.parse("café-clip")


def test_a_title_cannot_be_made_around_the_check() -> None:
    with pytest.raises(BadInput):
        Title("a/b/c")


@given(st.text(max_size=150))
def test_any_text_gives_a_safe_file_name_or_bad_input(raw: str) -> None:
    try:
        title = Title.parse(raw)
    except BadInput:
        return
    name = title.reveal()
    assert name == Path(name).name == unicodedata.normalize("NFC", name)
    assert len(f"{name}.mp4".encode()) <= 255
    assert name.strip() == name


def _read(folder: Path, text: str, name: str = "titles.txt") -> tuple[ApprovedTitle, ...]:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return read_titles(path)


def test_titles_are_numbered_in_order_and_remarks_passed_over(tmp_path: Path) -> None:
    titles = _read(tmp_path, "# remark\r\n\r\nsample-clip-01\r\nsample-clip-02")
    assert [title.id for title in titles] == ["T-0001", "T-0002"]
    assert titles[1].title.reveal() == "sample-clip-02"


def test_titles_from_toml_bring_their_own_ids(tmp_path: Path) -> None:
    titles = _read(tmp_path, 'T-0042 = "sample-clip-42"\n', "titles.toml")
    assert [(title.id, title.title.reveal()) for title in titles] == [("T-0042", "sample-clip-42")]


def test_every_wrong_title_is_told_by_line_and_id_only(tmp_path: Path) -> None:
    wrong = ["sample/clip-secret", "Sample-clip-secret", "sample-clip-secret", "x" * 1000, "secret\x07", " secret "]
    with pytest.raises(Problems) as caught:
        _read(tmp_path, "\n".join(wrong))
    told = str(caught.value)
    assert [(one.line, one.where) for one in caught.value.problems] == [
        (1, "T-0001"),
        (3, "T-0003"),
        (4, "T-0004"),
        (5, "T-0005"),
        (6, "T-0006"),
    ]
    assert "titles.txt:3: T-0003: the same title as T-0002; take one of them out" in told
    assert "secret" not in "".join(traceback.format_exception(caught.value, chain=True)).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("text", "facts"),
    [("", "no title"), ("# only a remark\n", "no title")],
)
def test_a_file_without_titles_is_refused(tmp_path: Path, text: str, facts: str) -> None:
    with pytest.raises(Problems, match=facts):
        _read(tmp_path, text)


def test_toml_titles_with_wrong_ids_and_values_are_told(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        _read(tmp_path, 'T-1 = "sample-clip-01"\nT-0002 = 3\nT-0003 = "sample-clip-03"\n', "titles.toml")
    assert [(one.line, one.facts) for one in caught.value.problems] == [
        (1, "this is no title id"),
        (2, "this is not text"),
    ]


@given(content=st.binary(max_size=300), suffix=st.sampled_from([".txt", ".toml"]))
def test_any_bytes_give_titles_or_problems(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        titles = read_titles(path)
    except Problems:
        return
    assert len({title.id for title in titles}) == len(titles) > 0


def test_a_missing_titles_file_is_a_problem(tmp_path: Path) -> None:
    for name in ("titles.txt", "titles.toml"):
        with pytest.raises(Problems, match="cannot be read"):
            read_titles(tmp_path / name)
