# SPDX-License-Identifier: EUPL-1.2
"""The names under which networks know the offers of a release, for the catalogue: a link can then be looked up.

Links of eD2k and Direct Connect name the bytes and not the offer, so that all offers of a file share them. A campaign
decides whether they are published at all: membership of a known identifier can be tested by anyone.
The file is JSON: `{"<SHA-256 of the file, hex>": [["btih", "<40 hex digits>"], ...]}`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from police2peer.fleet.release import Release
from police2peer.networks import Offer
from police2peer.networks.bittorrent import infohash
from police2peer.storage import write_whole
from police2peer.warningfiles import Manifest, WarningFile, WarningFileId

NETWORK_IDS_FILE = "network-ids.json"

NetworkIds = dict[str, list[tuple[str, str]]]


def network_ids(release: Release, manifest: Manifest) -> NetworkIds:
    """Give the identifiers of every offer by the SHA-256 of its file, each once."""
    files = {file.id: file for file in manifest.files}
    found: NetworkIds = {}
    for offer in offers_of(release, files, {file.id: Path() for file in manifest.files}):
        ids = found.setdefault(offer.hashes.sha256, [])
        ids += [pair for pair in names_of(offer) if pair not in ids]
    return {sha256: ids for sha256, ids in found.items() if ids}


def names_of(offer: Offer) -> tuple[tuple[str, str], ...]:
    """Give what links on the offer's network call it; the types are those of docs/catalogue-format.md, "Lookup"."""
    match offer.network:
        case "bittorrent":
            return (("btih", infohash(offer).hex()),)
        case "ed2k":
            return (("ed2k", offer.hashes.ed2k), ("aich", offer.hashes.aich))
        case "directconnect" | "gnutella":
            return (("tth", offer.hashes.tth),)
        case _:
            return ()


def offers_of(
    release: Release, files: Mapping[WarningFileId, WarningFile], paths: Mapping[WarningFileId, Path]
) -> tuple[Offer, ...]:
    """Join each released offer with its file and the path of its bytes."""
    return tuple(
        Offer(
            id=released.id,
            network=released.network,
            title_id=released.title_id,
            title=released.title,
            extension=released.extension,
            path=paths[released.file_id],
            hashes=files[released.file_id].hashes,
            arm=released.arm,
            language=released.language,
            warning_file_id=released.file_id,
        )
        for released in release.offers
    )


def write_network_ids(path: Path, ids: NetworkIds) -> None:
    """Write the file that `police2peer catalogue add` reads."""
    write_whole(path, json.dumps(ids, indent=1).encode())
