# SPDX-License-Identifier: EUPL-1.2
"""From a unit's folder to a node: reads the release, joins it with the files on disk, chooses the networks.

What the node may do is decided here once, from signed things: the release by the pinned key, each file by its
SHA-256 in the release, the order by its two trusted approvers, again and again while the node runs.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from police2peer.campaign import OperationOrder, SignedOrder, check_order
from police2peer.contacts import (
    Contacts,
    Demand,
    DemandStore,
    OwnKeys,
    PeriodKeys,
    RegistryCountries,
    SharedKeys,
    TallyStore,
    searches_in_hour_of_day,
)
from police2peer.errors import BadInput, NotAuthentic, NotPermitted
from police2peer.fleet import Release, offers_of, read_release
from police2peer.networks import Offer, OfferId
from police2peer.presence.following import WINDOW_DAYS, blocks_of, choose_offers
from police2peer.presence.joining import SEARCHED, join_networks
from police2peer.presence.node import Assignment, Clock, Node
from police2peer.presence.sealing import opened_ledger
from police2peer.presence.settings import Settings
from police2peer.warningfiles import Manifest, WarningFileId, materialise, read_manifest

STATUS_FILE = "status.json"
TALLIES_FILE = "tallies.sqlite"
DEMAND_FILE = "demand.sqlite"
FILES_FOLDER = "offered"


@contextmanager
def assemble_node(
    settings: Settings, *, clock: Clock, random_bytes: Callable[[int], bytes]
) -> Iterator[tuple[Node, Assignment]]:
    """Give a node that is ready to run, and what it will do; the tallies are closed at the end.

    Raises `BadInput`, `NotAuthentic` or `NotPermitted` when release, files, keys or order do not hold.
    """
    release = read_release(settings.release, trusted=settings.trusted_release_key())
    checked = order_checker(settings, release)
    order = checked(clock())
    manifest = read_manifest(settings.files)
    networks, left_out = join_networks({o.network for o in release.offers}, settings, release.terms, clock)
    joined = join_offers(release, manifest, settings.data / FILES_FOLDER)
    offers = tuple(offer for offer in joined if offer.network in networks)
    assignment = Assignment(release, offers, checked, left_out)
    by_id: Mapping[OfferId, Offer] = {offer.id: offer for offer in assignment.offers}
    with (
        opened_ledger(settings, order, assignment, clock=clock, random_bytes=random_bytes) as sealing,
        TallyStore(settings.data / TALLIES_FILE) as tallies,
        DemandStore(settings.data / DEMAND_FILE) as searches,
    ):
        contacts = Contacts(
            tallies,
            offers=by_id.get,
            countries=RegistryCountries(),
            random_bytes=random_bytes,
            keys=_period_keys(settings, random_bytes),
            sinks=() if sealing is None else (sealing,),
        )
        node = Node(
            settings.node_name,
            assignment,
            networks,
            contacts,
            tallies,
            demand=Demand(searches, countries=RegistryCountries()),
            choose=_choice(settings, assignment, searches),
            status_path=settings.data / STATUS_FILE,
            clock=clock,
            sealing=sealing,
        )
        yield node, assignment


def _period_keys(settings: Settings, random_bytes: Callable[[int], bytes]) -> PeriodKeys:
    """Choose whose keys the counting of different hosts goes by."""
    if settings.period_key is not None:
        return SharedKeys(settings.period_key, random_bytes)
    return OwnKeys(random_bytes, period=settings.counting_period)


def order_checker(settings: Settings, release: Release) -> Callable[[datetime], OperationOrder]:
    """Give the check of the order in force: read anew each time, so that a withdrawal works at once.

    The order must be the one that the release was made under; a file that is gone is an order taken away.
    """
    trusted = settings.trusted_approvers()

    def check(now: datetime) -> OperationOrder:
        try:
            signed = SignedOrder.from_bytes(settings.order.read_bytes())
        except (OSError, BadInput) as error:
            raise NotPermitted(
                f"there is no operation order in {settings.order.name}",
                remedy="have it signed: `police2peer order sign`",
            ) from error
        if signed.payload != release.order.payload:
            raise NotPermitted(
                "the order is not the one that the release was made under",
                remedy="make the release again: `police2peer release sign`",
            )
        return check_order(signed, now=now, trusted=trusted, campaign_sha256=release.campaign_sha256)

    return check


def join_offers(release: Release, manifest: Manifest, folder: Path) -> tuple[Offer, ...]:
    """Join each offer of a release with its file, written below `folder` when it is not there yet.

    Raises `NotAuthentic` when a file of the manifest is not the one that the release names.
    """
    files = {file.id: file for file in manifest.files}
    paths: dict[WarningFileId, Path] = {}
    for released in release.offers:
        file = files.get(released.file_id)
        if file is None or file.hashes.sha256 != released.file_sha256:
            raise NotAuthentic(
                f"the files made here are not those of the release (offer {released.id})",
                remedy="copy the folder of the files together with the release, or sign a new release",
            )
        if file.id not in paths:
            paths[file.id] = materialise(file, folder)
    return offers_of(release, files, paths)


def _choice(
    settings: Settings, assignment: Assignment, demand: DemandStore
) -> Callable[[datetime], frozenset[OfferId]] | None:
    """Give the rule by which offers are up; None where all are."""
    most = settings.most_offers
    if most is None or most >= len(assignment.offers):
        return None
    blocks = blocks_of(assignment.offers, assignment.release.terms)
    seed = f"{assignment.release.campaign_id}\n{settings.node_name}"

    def choose(now: datetime) -> frozenset[OfferId]:
        asked = searches_in_hour_of_day(demand, now, days=WINDOW_DAYS)
        return choose_offers(blocks, asked, searched=SEARCHED, most_offers=most, seed=seed)

    return choose
