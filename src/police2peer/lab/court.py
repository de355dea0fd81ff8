# SPDX-License-Identifier: EUPL-1.2
"""The court kit: how a contact is recorded, replayed with real programs, and held against the wire.

A unit is founded whose order demands records; a real client fetches a file from a real node; others only look;
what the node sealed is opened, exported and verified by the commands that an agency types, and compared, number
by number, with what an independent listener saw on the wire. Nothing leaves this machine.
"""

import json
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from police2peer.campaign import read_public_key
from police2peer.errors import BadInput, NotPermitted, Unavailable
from police2peer.fleet import offers_of, read_release
from police2peer.lab.clients import Aria2, Wanted, fetch, installed
from police2peer.lab.comparing import Comparison, compare
from police2peer.lab.known_errors import KnownError, read_known_errors
from police2peer.lab.loopback import LabNetwork, lab_network
from police2peer.lab.namespace import NODE_HOST, client_host, is_closed
from police2peer.lab.strangers import Place, probe_one, stand_in, torrents
from police2peer.lab.unit import RunningNode, Unit
from police2peer.lab.wire import Conversation, conversations
from police2peer.lab.wiretap import listening
from police2peer.networks import Offer
from police2peer.networks.bittorrent import infohash
from police2peer.storage import write_whole
from police2peer.warningfiles import materialise, read_manifest

__all__ = ["CourtReport", "Event", "run_court"]

_MARK: Final = ".police2peer-court"
_PORT: Final = 6881
_LEAVE_S: Final = 3.0
_PARTIAL_BYTES: Final = 512 * 1024
_FETCH_S: Final = 60.0
_LOOKERS: Final = 2
_ORIGIN: Final = "court.example/ledger"


@dataclass(frozen=True, slots=True)
class Event:
    """What one stranger did, and whether a record of it must exist."""

    who: str
    what: str
    host: str
    must_be_recorded: bool


@dataclass(frozen=True, slots=True)
class CourtReport:
    """Everything that the page shows, in the order of the replay."""

    finished_at: datetime
    seconds: float
    tool_version: str
    build_sha256: str
    events: tuple[Event, ...]
    comparisons: tuple[Comparison, ...]
    unrecorded: tuple[str, ...]
    unexplained: int
    pack: dict[str, Any]
    checks: tuple[tuple[str, str, bool], ...]
    errors: tuple[KnownError, ...]
    commands: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is as it should be."""
        agree = all(line.agrees for each in self.comparisons for line in each.lines)
        return agree and not self.unrecorded and not self.unexplained and all(good for _, _, good in self.checks)


def run_court(folder: Path, told: Callable[[str], None]) -> CourtReport:
    """Replay in `folder`, which is emptied if an earlier replay made it. Only inside the lab's namespace.

    Raises `NotPermitted` elsewhere, `BadInput` for a folder that holds something else, `Unavailable` when a step
    fails.
    """
    if not is_closed():
        raise NotPermitted(
            "the court kit runs only where no network can be reached", remedy="let it make a namespace of its own"
        )
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise BadInput(f"{folder.name} holds something that no replay made", remedy="name another folder")
        shutil.rmtree(folder)
    return _Court(folder.absolute(), told).run()


class _Court:
    """The steps of one replay; each adds to what the next one needs."""

    def __init__(self, folder: Path, told: Callable[[str], None]) -> None:
        self._folder = folder
        self._told = told
        self._unit = Unit(folder)
        self._node = RunningNode(self._unit)
        self._events: list[Event] = []
        self._checks: list[tuple[str, str, bool]] = []

    def run(self) -> CourtReport:
        """Go through the replay."""
        began = time.monotonic()
        self._found()
        offers = self._make()
        with lab_network([infohash(offer) for offer in offers], host=NODE_HOST) as network, listening() as tap:
            self._be_present(network)
            try:
                self._meet(network, offers)
                time.sleep(_LEAVE_S)
            finally:
                self._node.stop()
        wire = conversations(tap.packets, (NODE_HOST, _PORT))
        self._check("Packets that the listener missed", str(tap.lost), good=not tap.lost)
        self._told(f"the wire was read: {len(tap.packets)} packets, {len(wire)} connections")
        pack = self._export()
        return self._report(offers, wire, pack, time.monotonic() - began)

    def _found(self) -> None:
        unit = self._unit
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = Unit(self._folder.parent)
        draft.run("campaign", "new", str(self._folder))
        (self._folder / _MARK).touch()
        unit.run("key", "evidence", "agency.key")
        for name in ("approvers/first", "approvers/second", "release", "asker", "approver", "exporter"):
            unit.run("key", "new", f"{name}.key")
        path = self._folder / "campaign.toml"
        path.write_text(_small(path.read_text("utf-8")), "utf-8")
        (self._folder / "titles.txt").write_text("".join(f"sample-clip-{n:02d}\n" for n in range(1, 5)))
        self._trust("approvers", "approvers/first", "approvers/second")
        self._trust("evidence", "asker", "approver")
        self._trust("release", "release")
        for name in ("first", "second"):
            unit.run("order", "sign", ".", "--key", f"approvers/{name}.key")
        self._told("an order was signed by two people; it demands records, sealed to a key that no node holds")

    def _trust(self, name: str, *keys: str) -> None:
        """Do what an administrator does: say whose keys are trusted here."""
        trust = self._folder / "trust"
        trust.mkdir(exist_ok=True)
        lines = [read_public_key(self._folder / f"{key}.pub").hex() for key in keys]
        (trust / f"{name}.pub").write_text("\n".join(lines) + "\n")

    def _make(self) -> tuple[Offer, ...]:
        unit = self._unit
        unit.run("make", ".")
        unit.run("catalogue", "init", "--agency", "Example National Police", "--country", "NO")
        unit.run("release", "sign", ".", "--key", "release.key")
        unit.run("catalogue", "add")
        unit.run("catalogue", "publish")
        release = read_release(
            self._folder / "release.json", trusted=read_public_key(self._folder / "trust" / "release.pub")
        )
        manifest = read_manifest(self._folder / "files")
        files = {file.id: file for file in manifest.files}
        paths = {file.id: materialise(file, self._folder / "node" / "offered") for file in manifest.files}
        self._told(f"{len(manifest.files)} warning files were made and signed into a catalogue")
        return offers_of(release, files, paths)

    def _be_present(self, network: LabNetwork) -> None:
        (self._folder / "police2peer.toml").write_text(
            f'[node]\nname = "court"\nlisten = ["{NODE_HOST}"]\nport = {_PORT}\n'
            f'trackers = ["{network.tracker.url}"]\ndht = false\nclosed_network = true\n[page]\nserve = false\n'
            f'[evidence]\nname = "{_ORIGIN}"\n'
        )
        self._node.start()
        self._told("the node is present")

    def _meet(self, network: LabNetwork, offers: Sequence[Offer]) -> None:
        place = self._place(network, offers)
        small = [offer for offer in offers if offer.extension == "png"]
        blank = next(offer for offer in offers if offer.extension != "png")
        for number, how in enumerate(("shook hands and left", "read the description and left")):
            host = client_host(number + _LOOKERS)
            probe_one(place, offers[number], host, metadata=bool(number))
            self._events.append(Event("a crawler", how, host, must_be_recorded=False))
        self._fetch(place, small[0])
        host = client_host(9)
        left = stand_in(place, [blank], way="torrent", bind=host, stop_after=_PARTIAL_BYTES, tcp_only=True)
        what = f"left after {left.size_bytes} bytes of {blank.hashes.size}"
        self._events.append(Event("the stand-in downloader", what, host, must_be_recorded=True))
        self._told("strangers came: some looked, some asked")

    def _place(self, network: LabNetwork, offers: Sequence[Offer]) -> Place:
        place = Place(
            folder=self._folder / "strangers",
            node=(NODE_HOST, _PORT),
            tracker_url=network.tracker.url,
            bootstrap=(),
            allowed=self._folder / "allowed.txt",
        )
        place.folder.mkdir(exist_ok=True)
        place.allowed.write_text("".join(f"{infohash(offer).hex()}\n" for offer in offers))
        return place

    def _fetch(self, place: Place, offer: Offer) -> None:
        """Let aria2 fetch a file where it is installed, the stand-in downloader elsewhere."""
        host = client_host(8)
        aria2 = next((client for client in installed() if isinstance(client, Aria2)), None)
        if aria2 is None:
            done = stand_in(place, [offer], way="torrent", bind=host, tcp_only=True)
            whole, who = done.identical, "the stand-in downloader (aria2 is not installed)"
        else:
            wanted = Wanted(torrents(place, [offer])[0], offer.file_name(), offer.hashes.size, offer.hashes.sha256)
            whole, who = fetch(aria2, wanted, place.folder / "aria2", host, limit_s=_FETCH_S).whole, "aria2"
        if not whole:
            raise Unavailable(f"{who} did not get the file", remedy="run the replay again; look into strangers/")
        self._events.append(Event(who, f"fetched {offer.hashes.size} bytes, all of the file", host, True))  # noqa: FBT003 - the last field

    def _export(self) -> dict[str, Any]:
        unit = self._unit
        now = datetime.now(UTC)
        text = _REQUEST.format(start=now.strftime("%Y-%m-%dT00:00:00Z"), end=_tomorrow(now))
        (self._folder / "request.toml").write_text(text)
        unit.run("custody", "init", "court.example/custody")
        unit.run("evidence", "request", "request.toml", "--key", "asker.key")
        unit.run("evidence", "approve", "request.json", "--name", "Second Person", "--key", "approver.key")
        unit.run(
            *("evidence", "export", "request.json", "--out", "pack.zip", "--evidence-key", "agency.key"),
            *("--name", "Third Person", "--key", "exporter.key"),
        )
        keys = "".join((self._folder / f"{name}.pub").read_text() for name in ("asker", "approver", "exporter"))
        (self._folder / "sender.pub").write_text(keys)
        verify = ("evidence", "verify", "pack.zip", "--trust", "sender.pub", "--root", "catalogue/root.json")
        pack = unit.ask(*verify)
        self._check("The pack, checked by the receiver", "everything holds", bool(pack["holds"]))
        said = sorted({outcome for _, outcome in pack["catalogue"]})
        self._check("The files, asked of the catalogue", ", ".join(said), said == ["genuine"])
        self._check_flipped(verify)
        log = [json.loads(line)["act"] for line in unit.run("custody", "show", "--json").splitlines()]
        self._check("The custody log", ", ".join(log), log == ["collection", "disclosure"])
        self._told("two people asked for the records; the pack was made, verified, and noted")
        if not isinstance(pack, dict):
            raise TypeError("not a pack")
        return pack

    def _check_flipped(self, verify: tuple[str, ...]) -> None:
        path = self._folder / "pack.zip"
        raw = path.read_bytes()
        for place in (len(raw) // 3, len(raw) // 2, len(raw) - 5):
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
            self._unit.run(*verify, expect=1)
        path.write_bytes(raw)
        self._check("The pack with one bit changed, at three places", "refused each time", good=True)

    def _check(self, what: str, found: str, good: bool) -> None:  # noqa: FBT001 - a row of a table
        self._checks.append((what, found, good))

    def _report(
        self, offers: Sequence[Offer], wire: Sequence[Conversation], pack: dict[str, Any], seconds: float
    ) -> CourtReport:
        path = self._folder / "pack.zip"
        names = {infohash(offer).hex(): offer for offer in offers}
        found = compare(path.read_bytes(), wire, names)
        recorded = {each.host for each in found}
        looked = {event.host for event in self._events if not event.must_be_recorded}
        missing = [event.who for event in self._events if event.must_be_recorded and event.host not in recorded]
        self._told(f"{len(found)} records were compared with the wire")
        write_whole(self._folder / "statement.pdf", _statement(path))
        return CourtReport(
            finished_at=datetime.now(UTC),
            seconds=seconds,
            tool_version=str(pack["tool_version"]),
            build_sha256=str(pack["build_sha256"]),
            events=tuple(self._events),
            comparisons=tuple(found),
            unrecorded=tuple(missing),
            unexplained=len(recorded & looked),
            pack=pack,
            checks=tuple(self._checks),
            errors=read_known_errors(),
            commands=tuple(self._unit.typed),
        )


_REQUEST: Final = """[request]
id = "court-1"
requester = "First Person"
reason = "a replay for the court"
legal_ground = "an invented ground"

[[recipients]]
agency = "The court"
country = "NO"

[selection]
from = {start}
until = {end}
networks = ["bittorrent"]
countries = ["NO", "ZZ"]
"""


def _statement(pack: Path) -> bytes:
    with zipfile.ZipFile(pack) as archive:
        return archive.read("statement.pdf")


def _tomorrow(now: datetime) -> str:
    return datetime.fromtimestamp(now.timestamp() + 86_400, UTC).strftime("%Y-%m-%dT00:00:00Z")


def _small(text: str) -> str:
    """Turn the sample campaign into one picture and one blank, with an order that demands records."""
    for old, new in (
        ('formats = ["mp4", "jpg", "png", "pdf", "zip", "blank-mp4"]', 'formats = ["png", "blank-mp4"]'),
        ('languages = ["en", "de", "fr", "es", "pl", "ar"]', 'languages = ["en"]'),
        ("size_bytes = 700_000_000", "size_bytes = 8_000_000"),
        ("offers_per_title = 2\n", ""),
        ('evidence = "off"', 'evidence = "on"\nevidence_keys = ["agency.pub"]'),
    ):
        text = text.replace(old, new)
    head, _, rest = text.partition('[[messages]]\nmessage = "traceability"')
    return head + '[[messages]]\nmessage = "blank"\n' if rest else text
