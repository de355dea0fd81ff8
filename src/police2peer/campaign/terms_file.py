# SPDX-License-Identifier: EUPL-1.2
"""The terms of a campaign, from a file that the operator writes and two people approve.

`numbered_file` has the form. No problem told here repeats a term.
"""

from pathlib import Path

from police2peer.campaign.numbered_file import read_numbered
from police2peer.campaign.term import ApprovedTerm, Term, TermId

__all__ = ["read_terms"]

MAX_TERMS = 10_000


def read_terms(path: Path) -> tuple[ApprovedTerm, ...]:
    """Read all terms (S-0001, ...); raises `Problems` with everything that is wrong."""
    rows = read_numbered(path, letter="S", noun="term", parse=Term.parse, compared=Term.reveal, most=MAX_TERMS)
    return tuple(ApprovedTerm(TermId(term_id), term) for term_id, term in rows)
