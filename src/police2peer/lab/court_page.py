# SPDX-License-Identifier: EUPL-1.2
"""The page of the court kit: one HTML file that needs nothing else, in words that a judge can read, fit to print."""

from pathlib import Path

from police2peer.contacts import ExculpatoryFlag
from police2peer.contacts.evidence import words
from police2peer.lab.court import CourtReport
from police2peer.lab.report import page_templates
from police2peer.storage import write_whole

__all__ = ["write_court_page"]


def write_court_page(path: Path, report: CourtReport) -> None:
    """Write the page to `path`, whole or not at all."""
    page = (
        page_templates()
        .get_template("court.html.j2")
        .render(report=report, words=words(), facts=[flag.explanation for flag in ExculpatoryFlag])
    )
    write_whole(path, page.encode())
