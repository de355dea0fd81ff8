# SPDX-License-Identifier: EUPL-1.2
"""A campaign that is in order, made from the example, with keys of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import load_campaign, new_campaign, new_key_pair, public_bytes
from police2peer.strict_toml import Problem, Problems

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Ready:
    """A folder with a campaign, and the private keys of its two approvers."""

    folder: Path
    first: Ed25519PrivateKey
    second: Ed25519PrivateKey

    @property
    def file(self) -> Path:
        return self.folder / "campaign.toml"

    @property
    def trusted(self) -> frozenset[bytes]:
        return frozenset({public_bytes(self.first), public_bytes(self.second)})

    def change(self, old: str, new: str, *, count: int = 1) -> None:
        """Replace text in campaign.toml; the text must be there."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new, count), encoding="utf-8")

    def line_of(self, text: str) -> int:
        """The line on which the text first stands."""
        return self.file.read_text(encoding="utf-8").partition(text)[0].count("\n") + 1

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong."""
        with pytest.raises(Problems) as caught:
            load_campaign(self.folder)
        assert all(problem.facts and problem.remedy for problem in caught.value.problems)
        return caught.value.problems

    def problem(self, where: str) -> Problem:
        """The one thing that is wrong, in this place."""
        problems = self.problems()
        assert [one.where for one in problems] == [where]
        return problems[0]


@pytest.fixture
def make_ready(tmp_path: Path) -> Callable[[str], Ready]:
    def make(name: str) -> Ready:
        folder = tmp_path / name
        new_campaign(folder, now=NOW)
        first = new_key_pair(folder / "approvers/first.key")
        second = new_key_pair(folder / "approvers/second.key")
        return Ready(folder, first, second)

    return make


@pytest.fixture
def ready(make_ready: Callable[[str], Ready]) -> Ready:
    return make_ready("campaign")


@pytest.fixture
def now() -> datetime:
    return NOW
