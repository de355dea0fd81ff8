# SPDX-License-Identifier: EUPL-1.2
"""A coordinating body and two agencies, each in a folder of its own; and what a dishonest agency would hand over."""

import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.catalogue.conftest import ITERATIONS, make_draft

from police2peer.campaign import read_public_key
from police2peer.catalogue import (
    Outcome,
    RecordDraft,
    Registry,
    Verifier,
    accept_contribution,
    add_agency,
    begin_agency,
    contribute,
    init_catalogue,
    join_catalogue,
    publish_catalogue,
)
from police2peer.catalogue.contributing import _write_contribution
from police2peer.catalogue.contribution import Contribution, ContributionReader, change_bytes, pack_bytes
from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import Alias, lookup_key
from police2peer.catalogue.membership import own_record_key
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.catalogue.tree import find_entries

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_FILES = 6  # of each agency


@dataclass(frozen=True)
class Programme:
    """A coordinating body (`hub`) with files of its own, and the agencies `a` and `b`."""

    folder: Path
    drafts: dict[str, tuple[RecordDraft, ...]]
    contents: dict[str, bytes]
    root: bytes

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    def home(self, who: str) -> Path:
        return self.folder / who

    def enter(self, who: str, *numbers: int) -> None:
        with Registry(self.home(who)) as registry:
            registry.add([self.drafts[who][number] for number in numbers], now=NOW.date())

    def hand_over(self, who: str, *, everything: bool = False) -> None:
        out = self.folder / f"{who}.contribution"
        assert contribute(self.home(who), out, now=NOW, everything=everything)
        accept_contribution(self.hub, out)

    def publish(self, hours: int = 0, out: Path | None = None) -> None:
        publish_catalogue(self.hub, out, now=NOW + hours * HOUR)

    def outcome(self, who: str, number: int, *, public: Path | None = None) -> Outcome:
        """Ask by file, by code and by link: all have to say the same."""
        draft = self.drafts[who][number]
        path = self.folder / "asked.bin"
        path.write_bytes(self.contents[draft.id])
        verifier = Verifier(public or self.hub / "public", self.root, lambda: NOW + 5 * HOUR)
        link = f"magnet:?xt=urn:btih:{draft.network_ids[0][1]}"
        outcomes = {verifier.file(path).outcome, verifier.code(str(draft.code)).outcome}
        if draft.network_ids and outcomes != {Outcome.NOT_OURS}:
            outcomes.add(verifier.link(link).outcome)
        assert len(outcomes) == 1
        return outcomes.pop()

    def role(self, who: str) -> str:
        return self.drafts[who][0].agency


def build_programme(folder: Path) -> Programme:
    draw = random.Random(17)
    hub = folder / "hub"
    roles = {
        "hub": init_catalogue(hub, agency="Coordinating Unit", country="NL", now=NOW, code_iterations=ITERATIONS)
    }
    for who, country in (("a", "NL"), ("b", "FR")):
        key = read_public_key(begin_agency(folder / who))
        roles[who] = add_agency(hub, key, agency=f"Police Unit {who}", country=country, now=NOW)
    publish_catalogue(hub, now=NOW)
    root = (hub / "root.json").read_bytes()
    contents, drafts = {}, {}
    for who, role in roles.items():
        made = []
        for number in range(_FILES):
            content = draw.randbytes(60)
            draft = replace(make_draft(number, role, draw, content), id=f"{who}-{number}")
            contents[draft.id] = content
            made.append(draft)
        drafts[who] = tuple(made)
        if who != "hub":
            assert join_catalogue(folder / who, hub / "public", root, now=NOW).role == role
    programme = Programme(folder, drafts, contents, root)
    for who in roles:
        programme.enter(who, 0, 1, 2, 3)
    programme.hand_over("a")
    programme.hand_over("b")
    programme.publish()
    return programme


def forge(programme: Programme, who: str, agency: str, changes: Sequence[tuple[bytes | None, bytes]]) -> Path:
    """Sign any changes with the key of `who`, in the name of `agency`."""
    home = Home(programme.home(who))
    out = programme.folder / "forged"
    source = home.outbox / "000001.contribution"
    with ContributionReader(source) as reader:
        sound, manifest = reader.contribution, reader.manifest
    content = pack_bytes(b"x" * 40, [40])
    content += b"".join(change_bytes(old, new) for old, new in sorted(changes, key=lambda each: each[1]))
    forged: Contribution = replace(
        sound,
        agency=agency,
        sequence=2,
        previous=hashlib.sha256(manifest).hexdigest(),
        records=1,
        packs=1,
        changes=len(changes),
        body_bytes=len(content),
        body_sha256=hashlib.sha256(content).hexdigest(),
    )

    class _Body:
        handle = io.BytesIO(content)

    _write_contribution(out, forged.to_bytes(), own_record_key(home), _Body())  # type: ignore[arg-type]
    return out


def entries_of(programme: Programme, who: str, number: int) -> list[bytes]:
    reader = FolderReader(programme.hub / "public")
    head = walk_metadata(reader, programme.root, NOW, Versions()).head
    draft = programme.drafts[who][number]
    return find_entries(reader, head.root, head.levels, lookup_key(Alias("sha256", draft.sha256)))
