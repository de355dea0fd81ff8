# SPDX-License-Identifier: EUPL-1.2
"""TOML read strictly: every fault at once, with its line and a remedy; any bytes give a document or Problems."""

import tomllib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.strict_toml import Problem, Problems, Table, parse_document, read_document
from police2peer.toml_lines import KeyPath, lines_of_keys

_PATH = Path("some.toml")


class _Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def _table(text: str) -> Table:
    return parse_document(text.encode(), _PATH)


def _problems(table: Table) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as caught:
        table.report.raise_if_any()
    return caught.value.problems


def test_an_unknown_key_names_the_nearest_one_and_its_line() -> None:
    table = _table('# first\n\ncontry = "NO"\n')
    table.text("country", "")
    table.finish()
    (problem,) = _problems(table)
    assert (problem.line, problem.where, problem.facts) == (3, "contry", "unknown key")
    assert problem.remedy == 'did you mean "country"?'


def test_everything_wrong_is_told_at_once_in_the_order_of_lines() -> None:
    table = _table('b = 1\na = "x"\nc = 5\n[d]\ne = 1979-05-27T07:32:00\n')
    table.integer("c", least=6, most=9)
    table.text("b")
    table.integer("a")
    table.text("missing")
    table.table("d").moment("e")
    problems = _problems(table)
    assert [(one.line, one.where) for one in problems] == [
        (None, "missing"),
        (1, "b"),
        (2, "a"),
        (3, "c"),
        (5, "d.e"),
    ]
    told = str(Problems(_PATH, problems))
    assert "some.toml:1: b: this is a whole number; write text in quotes" in told
    assert "some.toml:5: d.e: the time has no offset;" in told


def test_no_value_is_repeated_in_what_is_told() -> None:
    table = _table(
        'a = "secret words"\nb = ["secret words", "secret words"]\nc = "secret words that go on and on, longer"\n'
    )
    table.integer("a")
    table.texts("b")
    table.choice("c", _Colour)
    assert "secret" not in str(Problems(_PATH, _problems(table)))


def test_true_is_no_number() -> None:
    table = _table("a = true\n")
    assert table.integer("a") == 0
    assert _problems(table)[0].facts == "this is true or false"


def test_a_word_outside_the_set_names_the_nearest() -> None:
    table = _table('a = "rod"\nb = ["blue",\n  "bleu"]\n')
    table.choice("a", _Colour)
    assert table.choices("b", _Colour) == (_Colour.BLUE,)
    assert [(one.line, one.remedy) for one in _problems(table)] == [
        (1, 'did you mean "red"?'),
        (3, 'did you mean "blue"?'),
    ]


def test_a_time_comes_back_in_utc() -> None:
    assert _table("a = 2027-03-01T01:00:00+02:00").moment("a") == datetime(2027, 2, 28, 23, 0, tzinfo=UTC)


def test_a_time_at_the_end_of_the_calendar_is_a_problem() -> None:
    table = _table("a = 0001-01-01T00:00:00+01:00\n")
    table.moment("a")
    assert "calendar" in _problems(table)[0].facts


def test_lists_of_tables_are_counted_from_one() -> None:
    table = _table("[[a.b]]\nx = 1\n[[a.b]]\ny = 1\n")
    for inner in table.table("a").tables("b"):
        inner.integer("x", 0)
        inner.finish()
    (problem,) = _problems(table)
    assert (problem.line, problem.where) == (4, "a.b[2].y")


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a = ", 1), (b"a = 1\na = 2\n", 2), (b'a = 1\nb = "\xff"\n', 2), (b"[" * 100_000, None), (b"a = 1\n\n= 3", 3)],
)
def test_what_is_no_toml_is_told_with_its_line(content: bytes, line: int | None) -> None:
    with pytest.raises(Problems) as caught:
        parse_document(content, _PATH)
    if line is not None:
        assert caught.value.problems[0].line == line


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="cannot be read"):
        read_document(tmp_path / "none.toml")


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(Problems, match="keep it under"):
        parse_document(b"#" * (5 * 1024 * 1024), _PATH)


def test_the_lines_of_a_difficult_document() -> None:
    text = (
        "title = '''\n[not.a.table]\n'''\n"  # 1-3
        'a.b."c d" = 1\n'  # 4
        "list = [ # comment ]\n  1,\n  { x = 1, y = [2,\n 3] },\n]\n"  # 5-9
        "[table] # comment\n"  # 10
        'text = """\\"""\n# no comment"""\n'  # 11-12
        "date = 1979-05-27 07:32:00Z\n"  # 13
        "[[table.inner]]\nk = 1\n[table.inner.deep]\nz = 1\n[[table.inner]]\nk = 2\n"  # 14-19
    )
    tomllib.loads(text)
    lines = lines_of_keys(text)
    assert lines["title",] == 1
    assert lines["a", "b", "c d"] == 4
    assert [lines["list", 0], lines["list", 1], lines["list", 1, "y", 1]] == [6, 7, 8]
    assert [lines["table",], lines["table", "text"], lines["table", "date"]] == [10, 11, 13]
    assert [lines["table", "inner", 0, "deep", "z"], lines["table", "inner", 1, "k"]] == [17, 19]


def _paths(value: object, path: KeyPath = ()) -> set[KeyPath]:
    """Every key and list element of a parsed document."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    found = {(*path, key) for key, _ in inner}
    return found.union(*(_paths(item, (*path, key)) for key, item in inner)) if inner else found


_FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "[a]",
            "[[a]]",
            "[a.b]",
            " = ",
            "1",
            '"x"',
            "'''",
            '"""',
            "\n",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            ".",
        ),
        *("\\", "\n[[t]]\nk = 1", "\nq = {x = 1, y.z = [1, 2]}", "\r\n", "é", "2027-01-01", "\na.b = 1", "\x00"),
    ]
)


@given(
    st.one_of(st.binary(max_size=200), st.lists(_FRAGMENTS, max_size=30).map(lambda parts: "".join(parts).encode()))
)
def test_any_bytes_give_a_document_or_problems(content: bytes) -> None:
    try:
        table = parse_document(content, _PATH)
    except Problems as error:
        assert str(error)  # noqa: PT017 - either outcome is good
        return
    # What tomllib found, the scanner places.
    assert _paths(table.values) <= set(table.lines)


_KEYS = st.text("abc -.é\"'", min_size=1, max_size=5)
_VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text("ab\"'#[]{},=\\\n", max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ",\n ".join(_written(item) for item in value) + "]"
    assert isinstance(value, dict)
    return "{" + ", ".join(f"{_written(key)} = {_written(item)}" for key, item in value.items()) + "}"


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_every_key_of_a_written_document_has_the_line_on_which_it_stands(values: dict[str, object]) -> None:
    text = ""
    expected = {}
    for key, value in values.items():
        expected[key,] = text.count("\n") + 1
        text += f"{_written(key)} = {_written(value)}\n"
    table = parse_document(text.encode(), _PATH)
    assert table.values == values
    assert {path: table.lines[path] for path in expected} == expected
    assert _paths(values) == {path for path in table.lines if path}
