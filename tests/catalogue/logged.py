# SPDX-License-Identifier: EUPL-1.2
"""A catalogue with a log, and two partners who watch it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.catalogue.conftest import NOW, Case

from police2peer.catalogue import Registry
from police2peer.catalogue.log.confirming import add_cosignatures
from police2peer.catalogue.log.naming import begin_log, log_policy
from police2peer.catalogue.log.policy import LogPolicy
from police2peer.catalogue.log.witness import Witness, begin_witness

DAY = timedelta(days=1)
ORIGIN = "example.org/warning-files"


@dataclass(frozen=True)
class Logged:
    """A catalogue with a log, and two partners with a folder each."""

    case: Case
    witnesses: tuple[Witness, Witness]

    @property
    def log(self) -> Path:
        return self.case.public / "log"

    @property
    def policy(self) -> LogPolicy:
        policy = log_policy(self.case.home)
        assert policy is not None
        return policy

    def confirm(self, number: int, now: datetime = NOW) -> bytes:
        """Have a partner confirm what is published, and take in what it sends back."""
        witness = self.witnesses[number]
        raw = witness.confirm(self.case.public, now).note.to_bytes()
        add_cosignatures(self.case.home, raw, more=[witness.public])
        return raw

    def checkpoint(self) -> bytes:
        return (self.log / "checkpoint").read_bytes()


def begin(case: Case) -> None:
    """Begin the log of a catalogue, and publish."""
    begin_log(case.home, ORIGIN, now=NOW)
    with Registry(case.folder) as registry:
        registry.sign_again(case.agencies)
    case.publish()


def witnesses_of(case: Case, folder: Path) -> tuple[Witness, Witness]:
    """Give two partners, each with a folder."""
    policy = log_policy(case.home)
    assert policy is not None
    for name in ("a", "b"):
        begin_witness(folder / name, f"police.example/{name}", policy.keys[0])
    return Witness(folder / "a"), Witness(folder / "b")
