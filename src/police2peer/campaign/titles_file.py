# SPDX-License-Identifier: EUPL-1.2
"""The titles of a campaign, from a file that the operator writes and two people approve.

`numbered_file` has the form. No problem told here repeats a title.
"""

import unicodedata
from pathlib import Path

from police2peer.campaign.numbered_file import read_numbered
from police2peer.campaign.title import ApprovedTitle, Title, TitleId

__all__ = ["read_titles"]

MAX_TITLES = 100_000


def read_titles(path: Path) -> tuple[ApprovedTitle, ...]:
    """Read all titles (T-0001, ...); raises `Problems` with everything that is wrong."""
    rows = read_numbered(path, letter="T", noun="title", parse=Title.parse, compared=_compared, most=MAX_TITLES)
    return tuple(ApprovedTitle(TitleId(title_id), title) for title_id, title in rows)


def _compared(title: Title) -> str:
    """Give what two titles share when a person or a file system takes them for the same."""
    return " ".join(unicodedata.normalize("NFKC", title.reveal()).casefold().split())
