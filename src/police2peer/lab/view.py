# SPDX-License-Identifier: EUPL-1.2
"""What a person sees while the mission runs: each step with its result, and the ladder as it fills.

On a terminal the current step moves and the ladder is drawn live; elsewhere each step is one line when it ends.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_LADDER = (
    ("3", "asked for data"),
    ("4", "received a piece"),
    ("5", "received everything"),
    ("6", "came back"),
)
_BAR_WIDTH = 32


class View:
    """The steps of a mission; `steps` keeps name, result and seconds of each, for the report."""

    def __init__(self, console: Console, contacts: Callable[[], Mapping[str, int]]) -> None:
        self._console = console
        self._contacts = contacts
        self._live: Live | None = None
        self._current: tuple[str, float] | None = None
        self._note = ""
        self.steps: list[tuple[str, str, float]] = []

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Draw while the block runs, when somebody is looking."""
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._draw, console=self._console, refresh_per_second=8) as live:
            self._live = live
            yield
            self._current = None

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time one step; the block says its result through what it is given."""
        began = time.monotonic()
        self._current, self._note = (name, began), ""

        def say(text: str) -> None:
            self._note = text

        yield say
        seconds = time.monotonic() - began
        self.steps.append((name, self._note, seconds))
        self._current = None
        if self._live is None:
            self._console.print(self._line(len(self.steps) - 1), soft_wrap=True)

    def _line(self, index: int) -> Text:
        name, note, seconds = self.steps[index]
        return Text.assemble(("  ✓ ", "green"), (f"{name:<38}", "bold"), f"{note}  ", (f"{seconds:.1f} s", "dim"))

    def _draw(self) -> Group:
        lines: list[Text | Spinner | Table] = [self._line(index) for index in range(len(self.steps))]
        if self._current is not None:
            name, began = self._current
            text = Text.assemble(
                (f" {name:<38}", "bold"), f"{self._note}  ", (f"{time.monotonic() - began:.0f} s", "dim")
            )
            lines.append(Spinner("dots", text=text, style="yellow"))
        counts = self._contacts()
        if any(counts.get(rung) for rung, _ in _LADDER):
            lines += [Text(), ladder_table(counts)]
        return Group(*lines)


def ladder_table(counts: Mapping[str, int]) -> Table:
    """Draw how far contacts went, for a terminal."""
    most = max((counts.get(rung, 0) for rung, _ in _LADDER), default=0) or 1
    table = Table.grid(padding=(0, 1))
    for rung, name in _LADDER:
        count = counts.get(rung, 0)
        length = round(_BAR_WIDTH * count / most)
        bar = Text("█" * length, style="blue") + Text("░" * (_BAR_WIDTH - length), style="dim")
        table.add_row(Text(f"    rung {rung}  {name}"), bar, Text(f"{count}", justify="right"))
    return table
