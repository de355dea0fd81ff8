# SPDX-License-Identifier: EUPL-1.2
"""A file of short texts that get ids by which people speak of them: titles (T-0042), terms (S-0003).

Plain text has one a line; empty lines and lines that begin with # are passed over, and the ids are X-0001,
X-0002, ... in order. TOML has `X-0042 = "..."` a line. No problem told here repeats a text.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TypeVar

from police2peer.strict_toml import Problem, Problems, Report, read_document

__all__ = ["read_numbered"]

Parsed = TypeVar("Parsed")

# Where a text stands, its id, and the text.
_Row = tuple[int | None, str, object]


def read_numbered(
    path: Path,
    *,
    letter: str,
    noun: str,
    parse: Callable[[str], Parsed],
    compared: Callable[[Parsed], Hashable],
    most: int,
) -> list[tuple[str, Parsed]]:
    """Read all texts with their ids; raises `Problems` with everything that is wrong.

    `parse` raises `BadInput`; `compared` gives what two texts share that are the same.
    """
    report = Report(path)
    rows = (
        _toml_rows(path, report, letter, noun) if path.suffix == ".toml" else _text_rows(path, report, letter, noun)
    )
    found: list[tuple[str, Parsed]] = []
    seen: dict[Hashable, str] = {}
    for line, row_id, raw in rows:
        if not isinstance(raw, str):
            report.add(line, row_id, "this is not text", f"write the {noun} in quotes")
            continue
        with report.catch(line, row_id):
            one = parse(raw)
            same = seen.setdefault(compared(one), row_id)
            if same != row_id:
                report.add(line, row_id, f"the same {noun} as {same}", "take one of them out")
            found.append((row_id, one))
    if not found and not report.problems:
        report.add(None, "", f"there is no {noun} in it", f"write one {noun} a line")
    if len(found) > most:
        report.add(None, "", f"{len(found)} {noun}s", f"keep to {most}")
    if report.problems:
        # Named with their own file, for the reader of the campaign file that led here.
        raise Problems(path, tuple(_placed(problem, path) for problem in report.problems))
    return found


def _text_rows(path: Path, report: Report, letter: str, noun: str) -> Iterator[_Row]:
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        report.add(None, "", f"cannot be read ({error.strerror})", f"give the path of the {noun}s file")
        return
    except UnicodeDecodeError:
        report.add(None, "", "this is not UTF-8", "save the file as UTF-8")
        return
    count = 0
    for number, line in enumerate(lines, start=1):
        # Only the line's end is taken away: a text that begins or ends with a space is told.
        text = line.removesuffix("\r")
        if text.strip() and not text.lstrip().startswith("#"):
            count += 1
            yield number, f"{letter}-{count:04}", text


def _toml_rows(path: Path, report: Report, letter: str, noun: str) -> Iterator[_Row]:
    with report.catch(None, ""):
        table = read_document(path)
        for key, value in table.values.items():
            line = table.line_of(key)
            if re.fullmatch(rf"{letter}-\d{{4,6}}", key):
                yield line, key, value
            else:
                report.add(
                    line, "", f"this is no {noun} id", f'write {letter}- and four digits, as in {letter}-0042 = "..."'
                )


def _placed(problem: Problem, path: Path) -> Problem:
    return Problem(problem.line, problem.where, problem.facts, problem.remedy, problem.path or path)
