# SPDX-License-Identifier: EUPL-1.2
"""TOML files that people write, read strictly: everything that is wrong is told at once, with line and remedy.

A reader takes typed keys from a `Table`; what does not fit is noted in the `Report` and a harmless value of
the right type is handed back, so that reading goes on. `Report.raise_if_any` ends it. A key that nobody asked
for is unknown, and the nearest known one is named. No text of a value is repeated, for a value may be a title;
a word that had to be one of a closed set is the exception.

Source: TOML 1.0 (toml.io/en/v1.0.0), parsed by `tomllib`; the lines come from `toml_lines`.
"""

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from police2peer.errors import BadInput
from police2peer.toml_lines import KeyPath, lines_of_keys

__all__ = ["Catch", "Problem", "Problems", "Report", "Table", "parse_document", "read_document"]

# A file written by people; more is a mistake, and parsing it would be slow.
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_SHOWN = 24

Choice = TypeVar("Choice", bound=StrEnum)

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    str: "text in quotes",
    dict: "a table",
    list: "a list in [ ]",
    datetime: "a date and time",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and what to do; `path` when it is in a file of its own."""

    line: int | None
    where: str
    facts: str
    remedy: str
    path: Path | None = None

    def told(self, main: Path) -> str:
        """Say it in one line, `campaign.toml:12: order.country: facts; remedy`."""
        name = (self.path or main).name
        place = name if self.line is None else f"{name}:{self.line}"
        where = f"{self.where}: " if self.where else ""
        return f"{place}: {where}{self.facts}; {self.remedy}"


class Problems(BadInput):
    """Everything that is wrong with a file and those it names, by file and line."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: (str(problem.path or ""), problem.line or 0)))
        count = len(self.problems)
        listing = "\n".join(f"  {problem.told(path)}" for problem in self.problems)
        super().__init__(
            f"{count} {'problem' if count == 1 else 'problems'} in {path.name}\n{listing}",
            remedy="correct these lines and check again",
        )

    def __str__(self) -> str:
        return "\n".join(problem.told(self.path) for problem in self.problems)


@dataclass
class Report:
    """Collects the problems of one file, and the names of all keys that its reader knows."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    known_keys: set[str] = field(default_factory=set)

    def add(self, line: int | None, where: str, facts: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(line, where, facts, remedy))

    def catch(self, line: int | None, where: str) -> "Catch":
        """Turn a `BadInput` of the block into a problem at this place; `Problems` keep their own."""
        return Catch(self, line, where)

    def raise_if_any(self) -> None:
        """Raise `Problems` when anything was noted."""
        if self.problems:
            raise Problems(self.path, tuple(self.problems))


@dataclass(frozen=True, slots=True)
class Catch:
    """A block whose `BadInput` becomes a problem; the code behind the block goes on."""

    report: Report
    line: int | None
    where: str

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Problems):
            self.report.problems += [
                dataclasses.replace(problem, path=problem.path or error.path) for problem in error.problems
            ]
        elif isinstance(error, BadInput):
            self.report.add(self.line, self.where, error.facts, error.remedy)
        return isinstance(error, BadInput)


def _kind(value: object) -> str:
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "something else")


@dataclass
class Table:
    """A table of the document; each method takes one key, and notes what does not fit in the report.

    `path` is where the table stands (`("order", "spaces", 0)`), `lines` the line of every path.
    """

    report: Report
    path: KeyPath
    values: dict[str, object]
    lines: dict[KeyPath, int]
    _asked: dict[str, None] = field(default_factory=dict)

    @property
    def line(self) -> int | None:
        """The line on which the table begins."""
        return self.lines.get(self.path)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def line_of(self, key: str, index: int | None = None) -> int | None:
        """Give the line of a key, or of one element of its list; of the table when the key is absent."""
        place: KeyPath = (*self.path, key) if index is None else (*self.path, key, index)
        return self.lines.get(place, self.lines.get((*self.path, key), self.line))

    def where(self, key: str = "") -> str:
        """Give the dotted name of the table or of one of its keys, lists counted from 1."""
        named = ""
        for part in (*self.path, *([key] if key else [])):
            named += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if named else part
        return named if named.isprintable() else ascii(named)

    def problem(self, key: str, facts: str, remedy: str, *, index: int | None = None) -> None:
        """Note a problem with one key."""
        self.report.add(self.line_of(key, index), self.where(key), facts, remedy)

    def catch(self, key: str, *, index: int | None = None) -> Catch:
        """Turn a `BadInput` of the block into a problem with this key."""
        return self.report.catch(self.line_of(key, index), self.where(key))

    def _take(self, key: str, kind: type, *, required: bool) -> object | None:
        self._asked[key] = None
        schema = ".".join(str(part) for part in (*self.path, key) if not isinstance(part, int))
        self.report.known_keys.add(schema)
        if key not in self.values:
            if required:
                self.problem(key, "missing", f"write {key} = {_KINDS[kind]}")
            return None
        value = self.values[key]
        # bool is a kind of int in Python, and a date without time is no datetime.
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not fits:
            self.problem(key, f"this is {_kind(value)}", f"write {_KINDS[kind]}")
        return value if fits else None

    def text(self, key: str, default: str | None = None) -> str:
        """Take text that is not blank; required unless a default is given."""
        value = self._take(key, str, required=default is None)
        if not isinstance(value, str):
            return default or ""
        if not value.strip():
            self.problem(key, "blank", "write the text, or take the line out if it may be absent")
        return value

    def integer(self, key: str, default: int | None = None, *, least: int = 0, most: int = 2**63 - 1) -> int:
        """Take a whole number within bounds."""
        value = self._take(key, int, required=default is None)
        if not isinstance(value, int):
            return least if default is None else default
        if not least <= value <= most:
            self.problem(key, f"{value} is out of bounds", f"write a number from {least} to {most}")
            return least
        return value

    def boolean(self, key: str, *, default: bool | None = None) -> bool:
        """Take true or false."""
        value = self._take(key, bool, required=default is None)
        return value if isinstance(value, bool) else bool(default)

    def moment(self, key: str) -> datetime:
        """Take a date and time that names its offset; given back in UTC."""
        value = self._take(key, datetime, required=True)
        if not isinstance(value, datetime):
            return datetime.min.replace(tzinfo=UTC)
        if value.tzinfo is None:
            self.problem(key, "the time has no offset", "write it with Z or +01:00, as in 2027-03-01T09:00:00Z")
            return value.replace(tzinfo=UTC)
        try:
            return value.astimezone(UTC)
        except OverflowError:
            self.problem(key, "the time is out of the calendar", "write a year from 2 to 9998")
            return value.replace(tzinfo=UTC)

    def choice(self, key: str, options: type[Choice], default: Choice | None = None) -> Choice:
        """Take one word of a closed set."""
        value = self._take(key, str, required=default is None)
        fallback = next(iter(options)) if default is None else default
        return fallback if not isinstance(value, str) else self._one_of(key, value, options) or fallback

    def choices(self, key: str, options: type[Choice]) -> tuple[Choice, ...]:
        """Take a list of different words of a closed set, at least one."""
        found = [self._one_of(key, text, options, index=index) for index, text in enumerate(self.texts(key))]
        return tuple(member for member in found if member is not None)

    def _one_of(self, key: str, value: str, options: type[Choice], *, index: int | None = None) -> Choice | None:
        names = [member.value for member in options]
        if value in names:
            return options(value)
        self.problem(key, f"{_shown(value)} is not known", nearest(value, names), index=index)
        return None

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Take a list of different texts, at least one when required."""
        value = self._take(key, list, required=required)
        if not isinstance(value, list):
            return ()
        if not value and required:
            self.problem(key, "the list is empty", "name at least one")
        found: list[str] = []
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item.strip():
                self.problem(key, f"element {index + 1} is not text", "write text in quotes", index=index)
            elif item in found:
                self.problem(key, f"element {index + 1} is there twice", "take one of them out", index=index)
            else:
                found.append(item)
        return tuple(found)

    def table(self, key: str, *, required: bool = True) -> "Table":
        """Take a table; an absent one that need not be there is empty."""
        self._asked[key] = None
        if key not in self.values and required:
            self.problem(key, "missing", f"write a table [{self.where(key)}]")
        return self._inner(key, (*self.path, key), self.values.get(key, {}))

    def tables(self, key: str) -> tuple["Table", ...]:
        """Take a list of tables; none when absent."""
        self._asked[key] = None
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.problem(key, f"this is {_kind(value)}", f"write [[{self.where(key)}]], one table for each")
            return ()
        return tuple(self._inner(key, (*self.path, key, index), item) for index, item in enumerate(value))

    def _inner(self, key: str, path: KeyPath, value: object) -> "Table":
        if not isinstance(value, dict):
            self.problem(key, f"this is {_kind(value)}", f"write {_KINDS[dict]}")
            value = {}
        return Table(self.report, path, value, self.lines)

    def finish(self) -> None:
        """Note every key that was not asked for, and name the nearest one that exists."""
        for key in self.values:
            if key not in self._asked:
                self.problem(key, "unknown key", nearest(key, list(self._asked)))


def _shown(value: str) -> str:
    """Repeat a word that had to be of a closed set; what is longer may be anything."""
    return f'"{value}"' if value.isprintable() and len(value) <= MAX_SHOWN and " " not in value else "this word"


def nearest(word: str, known: list[str]) -> str:
    """Give the remedy for an unknown word: the nearest known one, or all."""
    close = difflib.get_close_matches(word[:100], known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"known here: {', '.join(known) or 'nothing'}"


def parse_document(content: bytes, path: Path) -> Table:
    """Parse TOML; raises `Problems`, and nothing else, on any bytes."""
    report = Report(path)
    if len(content) > MAX_FILE_BYTES:
        report.add(None, "", f"the file has {len(content)} bytes", f"keep it under {MAX_FILE_BYTES}")
        report.raise_if_any()
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
        values = tomllib.loads(text)
        lines = lines_of_keys(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        report.add(line, "", "this is not UTF-8", "save the file as UTF-8")
    except ValueError as error:
        line_told, told = _syntax(error)
        if "end of document" in told:
            line_told = content.count(b"\n") + 1
        report.add(line_told, "", f"not valid TOML: {told}", "see toml.io/en/v1.0.0 for how it is written")
    except RecursionError:
        report.add(None, "", "lists or tables are nested too deeply", "a campaign needs three levels")
    report.raise_if_any()
    return Table(report, (), values, lines)


def _syntax(error: ValueError) -> tuple[int | None, str]:
    """Take line and reason from tomllib's text, without repeating what stands in the file."""
    reason, _, place = str(error).partition(" (at line ")
    line = place.split(",", maxsplit=1)[0]
    reason = reason.split(":", maxsplit=1)[0].split("'", maxsplit=1)[0].strip().lower() or "it cannot be read"
    return (int(line) if line.isdigit() else None), reason


def read_document(path: Path) -> Table:
    """Read a TOML file; raises `Problems`, also when it is not there."""
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = Problem(None, "", f"cannot be read ({error.strerror})", "give the path of a file that you may read")
        raise Problems(path, (problem,)) from error
    return parse_document(content, path)
