# SPDX-License-Identifier: EUPL-1.2
"""The report at the end of a mission on the lab's network: one HTML file that needs nothing else.

It shows the warning files, how far contacts went, what each client did and what the verifiers said. It holds
counts and pictures of our own files; titles stay masked by their ids, and addresses never enter it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from police2peer.measure import Bar, bar_chart
from police2peer.storage import write_whole


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A picture of one warning file: `still_png` is what a downloader sees."""

    caption: str
    language: str
    still_png: bytes

    @property
    def data_address(self) -> str:
        """The picture as a `data:` address, so that the report is one file."""
        return "data:image/png;base64," + base64.b64encode(self.still_png).decode()


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What one program fetched and how our node saw it; `skipped` says why it did not run, else it is empty.

    `is_whole` is false for who left early on purpose.
    """

    client: str
    way: str
    offers: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    identical: bool = False
    rung: str = ""
    named_as: str = ""
    skipped: str = ""
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class NetworkResult:
    """One network of the mission: offers that were up, contacts that asked for data, those that received everything.

    `searches` held an approved term; None where no search reaches us.
    """

    name: str
    offers: int
    asked: int
    whole: int
    searches: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """A question put to a verifier and what it said; `expected` tells whether that is the right answer."""

    where: str
    question: str
    answer: str
    expected: bool


@dataclass(frozen=True, slots=True)
class MissionReport:
    """Everything the report page shows, in the order of the mission."""

    campaign_id: str
    authority: str
    finished_at: datetime
    seconds: float
    figures: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, float], ...]
    shown: tuple[ShownFile, ...]
    ladder: tuple[Bar, ...]
    networks: tuple[NetworkResult, ...]
    clients: tuple[ClientResult, ...]
    checks: tuple[Check, ...]
    commands: tuple[str, ...]

    @property
    def is_as_it_should_be(self) -> bool:
        """Whether every client that was to get whole files did, byte for byte, and every answer was right."""
        fetched = all(client.identical for client in self.clients if client.is_whole and not client.skipped)
        return fetched and all(check.expected for check in self.checks)


def page_templates() -> Environment:
    """Give the lab's templates: what is missing is an error, what is not ours is escaped."""
    return Environment(
        loader=PackageLoader("police2peer.lab"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_report(path: Path, report: MissionReport) -> None:
    """Write the report page to `path`, whole or not at all."""
    chart = bar_chart("How far contacts went", _tell(report.ladder), report.ladder)
    page = page_templates().get_template("report.html.j2").render(report=report, chart=Markup(chart))  # noqa: S704 - ours
    write_whole(path, page.encode())


def _tell(bars: Sequence[Bar]) -> str:
    return "; ".join(f"{bar.label}: {bar.count}" for bar in bars)
