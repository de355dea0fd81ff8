# SPDX-License-Identifier: EUPL-1.2
"""Building the public site in every complete language, beside Jinja rendering the same lines without a site."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment

from police2peer.catalogue import init_catalogue
from police2peer.site import SITE_LANGUAGES, build_help_site, build_site, scan_site

TITLE = "Site: every page in every language"

_AGENCY = "Sample agency"
_BARE = Environment(autoescape=True).from_string("{% for each in lines %}<p>{{ each }}</p>\n{% endfor %}")


def run() -> str:
    """Measure, and give a table in markdown."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        init_catalogue(folder / "home", agency=_AGENCY, country="NO", now=now)
        root = (folder / "home" / "root.json").read_bytes()

        def build() -> None:
            build_site(folder / "site", catalogue=None, root=root, agency=_AGENCY, today=now.date())

        build()  # templates are compiled and words are read once a process
        pages = sorted((folder / "site").rglob("*.html"))
        lines = {path: path.read_text("utf-8").splitlines() for path in pages}
        rows = {
            "the whole site": _seconds(build),
            "the help part": _seconds(lambda: build_help_site(folder / "help", agency=_AGENCY, today=now.date())),
            "`site scan` of the folder": _seconds(lambda: scan_site(str(folder / "site"))),
            "Jinja, the same lines as bare paragraphs": _seconds(
                lambda: [_BARE.render(lines=each) for each in lines.values()]
            ),
        }
    table = [f"{len(pages)} pages in {len(SITE_LANGUAGES)} languages. Owed: the whole site in 20 s on one core.", ""]
    table += ["| what | CPU seconds | seconds |", "|---|---|---|"]
    table += [f"| {title} | {cpu:.2f} | {clock:.2f} |" for title, (cpu, clock) in rows.items()]
    return "\n".join(table) + "\n"


def _seconds(act: Callable[[], object]) -> tuple[float, float]:
    """Give the seconds of one core, and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    act()
    return time.process_time() - cpu, time.perf_counter() - clock
