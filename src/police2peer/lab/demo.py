# SPDX-License-Identifier: EUPL-1.2
"""The whole mission on one machine's loopback network, with real parts, step by step, and a report at the end.

A unit is founded in a folder, its order is signed by two people, warning files are made, signed into the
catalogue and published; strangers find and fetch them; their contacts are counted; everything they hold is
verified. Every step types the commands that an operator types. Nothing reaches beyond this machine.
"""

import os
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from police2peer.campaign import Arm, FileFormat, load_campaign, read_public_key
from police2peer.contacts import DemandStore, Rung, TallyStore
from police2peer.errors import BadInput
from police2peer.fleet import offers_of, read_release
from police2peer.lab import checks, strangers
from police2peer.lab.loopback import LabNetwork, lab_network
from police2peer.lab.meeting import SPACES, Meeting, meeting, why_not
from police2peer.lab.namespace import NODE_HOST, client_host, is_closed
from police2peer.lab.report import Check, ClientResult, MissionReport, NetworkResult, ShownFile, write_report
from police2peer.lab.unit import RunningNode, Unit
from police2peer.lab.view import View, ladder_table
from police2peer.measure import Bar
from police2peer.networks import Offer
from police2peer.networks.bittorrent import infohash
from police2peer.warningfiles import Manifest, materialise, read_manifest

_MARK: Final = ".police2peer-demo"
_LOOPBACK: Final = "127.0.0.1"
_SMALL_BYTES: Final = 20_000_000
_PARTIAL_BYTES: Final = 3 * 1024 * 1024
_PROBED: Final = 20
_RUNGS: Final = (
    ("1", "shook hands"),
    ("2", "read the description"),
    ("3", "asked for data"),
    ("4", "received a piece"),
    ("5", "received everything"),
    ("6", "came back"),
)


def run_demo(folder: Path, console: Console) -> MissionReport:
    """Run the mission in `folder`, which is emptied if an earlier demo made it; give what the report shows.

    Raises `BadInput` for a folder that holds something else, `Unavailable` when a step fails.
    """
    _empty(folder)
    return _Demo(folder.absolute(), console).run()


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise BadInput(f"{folder.name} holds something that no demo made", remedy="name another folder")
        shutil.rmtree(folder)


class _Demo:
    """The steps of one run; each adds to what the next one needs."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console
        self._unit = Unit(folder)
        self._node = RunningNode(self._unit)
        self._view = View(console, lambda: self._node.status().get("contacts_by_rung", {}))
        self._host = NODE_HOST if is_closed() else _LOOPBACK
        self._port = _free_port(self._host)
        self._page_port = _free_port(_LOOPBACK)
        self._clients: list[ClientResult] = []
        self._checks: list[Check] = []
        self._offers_up: dict[str, int] = {}

    def run(self) -> MissionReport:
        """Go through the mission."""
        began = time.monotonic()
        with self._view.shown():
            self._sign_order()
            manifest = self._make()
            everything = self._sign_into_catalogue(manifest)
            offers = tuple(offer for offer in everything if offer.network == "bittorrent")
            with (
                lab_network([infohash(offer) for offer in offers], host=self._host) as network,
                meeting(self._folder / "strangers", everything) as others,
            ):
                self._be_present(network, others, offers)
                try:
                    self._meet_strangers(network, offers)
                    self._meet_searchers(others, everything)
                    self._cut_the_power()
                    self._meet_crawlers(network, offers)
                    self._verify(manifest)
                finally:
                    self._node.stop()
            self._settle()
        counts = self._node.status()["contacts_by_rung"]
        report = self._report(manifest, everything, counts, time.monotonic() - began)
        write_report(self._folder / "report.html", report)
        return report

    def _sign_order(self) -> None:
        unit = self._unit
        with self._view.step("Order, signed by two people") as say:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = Unit(self._folder.parent)
            draft.run("campaign", "new", str(self._folder))
            (self._folder / _MARK).touch()
            self._add_networks([name for name in SPACES if not why_not(name)])
            unit.typed += draft.typed
            for name in ("first", "second"):
                unit.run("key", "new", f"approvers/{name}.key")
            unit.run("key", "new", "release.key")
            self._trust()
            unit.run("campaign", "check", ".")
            unit.run("order", "sign", ".", "--key", "approvers/first.key")
            unit.run("order", "check", ".", expect=1)
            unit.run("order", "sign", ".", "--key", "approvers/second.key")
            unit.run("order", "check", ".")
            say("refused with one signature, in force with two")

    def _add_networks(self, names: Sequence[str]) -> None:
        """Write the other networks that can be shown here into the campaign, as an officer does."""
        path = self._folder / "campaign.toml"
        text = path.read_text()
        listed = ", ".join(f'"{name}"' for name in ("bittorrent", *names))
        spaces = "".join(
            f'[[order.spaces]]\nnetwork = "{name}"\ndescription = "{SPACES[name]}"\n'
            'grounds = "A demonstration that reaches nobody"\n\n'
            for name in names
        )
        text = text.replace('networks = ["bittorrent"]', f"networks = [{listed}]")
        path.write_text(text.replace("[[order.spaces]]\n", f"{spaces}[[order.spaces]]\n", 1))

    def _trust(self) -> None:
        """Do what the machine's administrator does: say whose keys are trusted here."""
        keys = [read_public_key(self._folder / "approvers" / f"{name}.pub").hex() for name in ("first", "second")]
        trust = self._folder / "trust"
        trust.mkdir(exist_ok=True)
        (trust / "approvers.pub").write_text("\n".join(keys) + "\n")
        shutil.copyfile(self._folder / "release.pub", trust / "release.pub")

    def _make(self) -> Manifest:
        with self._view.step("Warning files made") as say:
            self._unit.run("make", ".")
            manifest = read_manifest(self._folder / "files")
            languages = {file.language for file in manifest.files if file.language}
            say(f"{len(manifest.files)} files, {len(languages)} languages, {self._disk_mb('files')} MB on disk")
        return manifest

    def _sign_into_catalogue(self, manifest: Manifest) -> tuple[Offer, ...]:
        unit = self._unit
        with self._view.step("Catalogue, release, public page") as say:
            campaign = load_campaign(self._folder)
            authority, country = campaign.order.authority, campaign.order.country
            unit.run("catalogue", "init", "--agency", authority, "--country", country)
            shutil.copyfile(self._folder / "catalogue" / "root.json", self._folder / "trust" / "root.json")
            unit.run("release", "sign", ".", "--key", "release.key")
            unit.run("catalogue", "add")
            unit.run("catalogue", "publish")
            self._build_site(authority)
            key = read_public_key(self._folder / "trust" / "release.pub")
            release = read_release(self._folder / "release.json", trusted=key)
            files = {file.id: file for file in manifest.files}
            paths = {file.id: materialise(file, self._folder / "node" / "offered") for file in manifest.files}
            say(f"{len(manifest.files)} records signed, {len(release.offers)} offers released")
        return offers_of(release, files, paths)

    def _build_site(self, authority: str) -> None:
        self._unit.run(
            *("site", "build", "public", "--catalogue", "catalogue/public", "--root", "trust/root.json"),
            *("--agency", authority),
        )

    def _be_present(self, network: LabNetwork, others: Meeting, offers: tuple[Offer, ...]) -> None:
        with self._view.step(f"Present on {1 + len(others.rigs)} networks") as say:
            bootstrap = ", ".join(f'"{node}"' for node in network.bootstrap)
            self._write_settings(
                f'listen = ["{self._host}"]\n'
                f"port = {self._port}\ntrackers = ["
                f'"{network.tracker.url}"]\ndht_bootstrap = [{bootstrap}]\nclosed_network = true\n{others.settings()}'
            )
            self._node.start()
            give_up_at = time.monotonic() + 20
            while network.announces < len(offers) and time.monotonic() < give_up_at:
                time.sleep(0.1)
            self._offers_up = {one["name"]: one["offers_up"] for one in self._node.status()["networks"]}
            say(", ".join(f"{name} {count} offers" for name, count in self._offers_up.items()))

    def _write_settings(self, node: str) -> None:
        page = f'[page]\nlisten = "{_LOOPBACK}"\nport = {self._page_port}\n'
        (self._folder / "police2peer.toml").write_text(f'[node]\nname = "demo"\n{node}\n{page}')

    def _meet_strangers(self, network: LabNetwork, offers: tuple[Offer, ...]) -> None:
        place = self._place(network)
        place.folder.mkdir(exist_ok=True)
        place.allowed.write_text("".join(f"{infohash(offer).hex()}\n" for offer in offers))
        small = strangers.distinct([offer for offer in offers if offer.hashes.size < _SMALL_BYTES])
        films = [offer for offer in small if offer.extension == "mp4"]
        blanks = [offer for offer in offers if offer.arm is Arm.BLANK]
        with self._view.step("The stand-in downloader fetches") as say:
            self._clients += [
                strangers.stand_in(place, small[:12], way="torrent", bind=self._stranger(1)),
                strangers.stand_in(place, films[-6:], way="torrent", bind=self._stranger(2)),
                strangers.stand_in(place, small[20:24], way="magnet", bind=self._stranger(3)),
                strangers.stand_in(
                    place, blanks[:2], way="torrent", bind=self._stranger(4), stop_after=_PARTIAL_BYTES
                ),
            ]
            say(f"{sum(result.offers for result in self._clients)} offers, by .torrent and by magnet over the DHT")
        with self._view.step("Real clients fetch") as say:
            found = strangers.real_clients(place, films[:6])
            self._clients += found
            ran = sorted({result.client for result in found if not result.skipped})
            say(", ".join(ran) or "none is installed, or this system allows no network namespace")

    def _meet_searchers(self, others: Meeting, offers: tuple[Offer, ...]) -> None:
        with self._view.step("Others search, find and fetch") as say:
            found = others.strangers(offers)
            self._clients += found
            say(", ".join(one.client for one in found if not one.skipped) or "no hub or server can run here")

    def _meet_crawlers(self, network: LabNetwork, offers: tuple[Offer, ...]) -> None:
        with self._view.step("Crawlers look, and ask for nothing") as say:
            probes = strangers.probe(self._place(network), offers[:_PROBED])
            say(f"{probes} probes, none of them a contact")

    def _place(self, network: LabNetwork) -> strangers.Place:
        folder = self._folder / "strangers"
        where = (self._host, self._port)
        return strangers.Place(folder, where, network.tracker.url, network.bootstrap, folder / "hashes.txt")

    def _stranger(self, number: int) -> str:
        """Give an address that no other program of the demo has."""
        return client_host(20 + number) if is_closed() else f"127.7.0.{number}"

    def _cut_the_power(self) -> None:
        with self._view.step("Power cut, and back") as say:
            time.sleep(1.5)  # the node writes its counts each second
            before = self._node.status()["contacts_by_rung"]
            self._node.kill()
            after = self._node.start()["contacts_by_rung"]
            kept = all(after.get(rung, 0) >= count for rung, count in before.items())
            say("all offers up again, " + ("no count lost" if kept else "COUNTS WERE LOST"))

    def _verify(self, manifest: Manifest) -> None:
        unit, page = self._unit, f"http://{_LOOPBACK}:{self._page_port}/en/index.html"
        film = next(file for file in manifest.files if file.format is FileFormat.MP4)
        gone = next(file for file in manifest.files if file.format is FileFormat.JPG)
        fetched = materialise(film, self._folder / "strangers" / "held")
        forged = checks.other_bytes(fetched, self._folder / "strangers")
        code, gone_code = str(film.code), str(gone.code)
        with self._view.step("Anyone can verify") as say:
            ask, see = checks.ask_command_line, checks.ask_page
            self._checks += [
                ask(unit, "a film that was fetched", str(fetched), expect="genuine"),
                ask(unit, "the code printed in it", code, expect="genuine"),
                ask(unit, "the same code in other bytes", str(forged), expect="not one of ours"),
                see(page, "the address in the film's QR code", code, expect="genuine"),
            ]
            unit.run("catalogue", "withdraw", gone_code)
            unit.run("catalogue", "publish")
            self._build_site(load_campaign(self._folder).order.authority)
            withdrawn = str(materialise(gone, self._folder / "strangers" / "held"))
            self._checks += [
                ask(unit, "a picture that was withdrawn", withdrawn, expect="withdrawn"),
                see(page, "the code of that picture", gone_code, expect="withdrawn"),
            ]
            wrong = [check for check in self._checks if not check.expected]
            say(f"{len(self._checks)} questions, {len(wrong)} wrong answers")

    def _settle(self) -> None:
        """Leave the folder as a unit that comes up by itself: on loopback, without the lab's tracker."""
        self._write_settings(f'listen = ["{_LOOPBACK}"]\nport = {self._port}\ndht = false\n')

    def _report(
        self, manifest: Manifest, offers: tuple[Offer, ...], counts: Mapping[str, int], seconds: float
    ) -> MissionReport:
        campaign = load_campaign(self._folder)
        status = self._node.status()
        return MissionReport(
            campaign_id=campaign.id,
            authority=campaign.order.authority,
            finished_at=datetime.now(UTC),
            seconds=seconds,
            figures=self._figures(manifest, offers, status),
            steps=tuple(self._view.steps),
            shown=_pictures(manifest),
            ladder=tuple(Bar(text, counts.get(rung, 0), quiet=rung in "12") for rung, text in _RUNGS),
            networks=self._networks(status),
            clients=tuple(self._with_rungs()),
            checks=tuple(self._checks),
            commands=tuple(dict.fromkeys(self._unit.typed)),
        )

    def _figures(
        self, manifest: Manifest, offers: tuple[Offer, ...], status: Mapping[str, Any]
    ) -> tuple[tuple[str, str], ...]:
        languages = {file.language for file in manifest.files if file.language}
        return (
            ("Warning files", f"{len(manifest.files)}"),
            ("Languages", f"{len(languages)}"),
            ("Offers", f"{len(offers)}"),
            ("Contacts", f"{status['contacts_by_rung'].get('3', 0)}"),
            ("Crawlers, no contact", f"{status['crawlers']}"),
            ("Alarms", f"{len(status['alarms'])}"),
        )

    def _networks(self, status: Mapping[str, Any]) -> tuple[NetworkResult, ...]:
        """Put the networks side by side: what was up, how far contacts went, what was searched for."""
        data = self._folder / "node"
        with TallyStore(data / "tallies.sqlite") as tallies, DemandStore(data / "demand.sqlite") as demand:
            reached, asked = tallies.reached(by="network"), demand.by("network")
        return tuple(
            NetworkResult(
                name=name,
                offers=self._offers_up.get(name, 0),
                asked=reached.get(name, {}).get(Rung.ASKED, 0),
                whole=reached.get(name, {}).get(Rung.ALL, 0),
                searches=asked[(name,)].searches if (name,) in asked else None,
            )
            for name in (one["name"] for one in status["networks"])
        )

    def _with_rungs(self) -> list[ClientResult]:
        """Add to each client how the node recorded it: who left early took blanks, the others go by their family."""
        with TallyStore(self._folder / "node" / "tallies.sqlite") as tallies:
            by_client, by_arm = tallies.reached(by="client"), tallies.reached(by="arm")
        told = []
        for client in self._clients:
            family = strangers.family_of(client)
            counts = by_client.get(family, {}) if client.is_whole else by_arm.get(Arm.BLANK.value, {})
            rungs = [rung for rung in counts if rung <= Rung.ALL]
            if client.skipped or not rungs:
                told.append(replace(client, rung="not recorded", named_as="nobody"))
            else:
                told.append(replace(client, rung=dict(_RUNGS)[str(int(max(rungs)))], named_as=family))
        return told

    def _disk_mb(self, name: str) -> int:
        files = (path for path in (self._folder / name).rglob("*") if path.is_file())
        return round(sum(path.stat().st_blocks * 512 for path in files) / 1e6)


def _pictures(manifest: Manifest) -> tuple[ShownFile, ...]:
    """Choose one file for each language and, in the first language, for each format and arm."""
    chosen: dict[tuple[str, str], ShownFile] = {}
    for file in manifest.files:
        key = (file.language or "", file.format.value if file.language in (None, "en") else "any")
        language = file.language or "no text"
        caption = f"{file.format.value}, {language}, {file.arm.value}"
        if key not in chosen:
            chosen[key] = ShownFile(caption, language, file.still_png())
    return tuple(chosen.values())


def _free_port(host: str) -> int:
    with socket.socket() as door:
        door.bind((host, 0))
        return int(door.getsockname()[1])


def print_summary(console: Console, report: MissionReport, folder: Path) -> None:
    """Print what happened, for a terminal."""
    counts = {rung: bar.count for (rung, _), bar in zip(_RUNGS, report.ladder, strict=True)}
    console.print()
    console.print(ladder_table(counts))
    console.print()
    for name, value in report.figures:
        console.print(f"  {name:<24}{value}")
    for client in report.clients:
        told = f"not run: {client.skipped}" if client.skipped else f"{client.offers} offers, {client.seconds:.1f} s"
        console.print(f"  {client.client + ', ' + client.way:<52}{told}", soft_wrap=True)
    for check in report.checks:
        mark = "[green]✓[/green]" if check.expected else "[red]✗[/red]"
        console.print(f"  {mark} {check.where}: {check.question}: [bold]{check.answer}[/bold]", soft_wrap=True)
    console.print(f"\n  report: {os.path.relpath(folder / 'report.html')}    ({report.seconds:.0f} s)")
