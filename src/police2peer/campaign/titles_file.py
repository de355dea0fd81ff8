# SPDX-License-Identifier: EUPL-1.2
"""The titles of a campaign, from a file that the operator writes and two people approve.

Plain text has one title a line; empty lines and lines that begin with # are passed over, and the ids are T-0001,
T-0002, ... in order. TOML has `T-0042 = "..."` a line. No problem told here repeats a title.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from police2peer.campaign.title import ApprovedTitle, Title, TitleId
from police2peer.strict_toml import Problem, Problems, Report, read_document

__all__ = ["read_titles"]

MAX_TITLES = 100_000
_ID = re.compile(r"T-\d{4,6}")

# Where a title stands, its id, and its raw text.
_Row = tuple[int | None, str, object]


def _text_rows(path: Path, report: Report) -> Iterator[_Row]:
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        report.add(None, "", f"cannot be read ({error.strerror})", "give the path of the titles file")
        return
    except UnicodeDecodeError:
        report.add(None, "", "this is not UTF-8", "save the file as UTF-8")
        return
    count = 0
    for number, line in enumerate(lines, start=1):
        # Only the line's end is taken away: a title that begins or ends with a space is told.
        text = line.removesuffix("\r")
        if text.strip() and not text.lstrip().startswith("#"):
            count += 1
            yield number, f"T-{count:04}", text


def _toml_rows(path: Path, report: Report) -> Iterator[_Row]:
    with report.catch(None, ""):
        table = read_document(path)
        for key, value in table.values.items():
            line = table.line_of(key)
            if _ID.fullmatch(key):
                yield line, key, value
            else:
                report.add(line, "", "this is no title id", 'write T- and four digits, as in T-0042 = "..."')


def read_titles(path: Path) -> tuple[ApprovedTitle, ...]:
    """Read all titles; raises `Problems` with everything that is wrong."""
    report = Report(path)
    rows = _toml_rows(path, report) if path.suffix == ".toml" else _text_rows(path, report)
    titles: list[ApprovedTitle] = []
    seen: dict[str, str] = {}
    for line, title_id, raw in rows:
        if not isinstance(raw, str):
            report.add(line, title_id, "this is not text", "write the title in quotes")
            continue
        with report.catch(line, title_id):
            title = Title.parse(raw)
            same = seen.setdefault(_compared(title), title_id)
            if same != title_id:
                report.add(line, title_id, f"the same title as {same}", "take one of them out")
            titles.append(ApprovedTitle(TitleId(title_id), title))
    if not titles and not report.problems:
        report.add(None, "", "there is no title in it", "write one title a line")
    if len(titles) > MAX_TITLES:
        report.add(None, "", f"{len(titles)} titles", f"keep to {MAX_TITLES}")
    if report.problems:
        # Named with their own file, for the reader of the campaign file that led here.
        raise Problems(path, tuple(_placed(problem, path) for problem in report.problems))
    return tuple(titles)


def _compared(title: Title) -> str:
    """Give what two titles share when a person or a file system takes them for the same."""
    return " ".join(unicodedata.normalize("NFKC", title.reveal()).casefold().split())


def _placed(problem: Problem, path: Path) -> Problem:
    return Problem(problem.line, problem.where, problem.facts, problem.remedy, problem.path or path)
