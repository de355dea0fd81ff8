# SPDX-License-Identifier: EUPL-1.2
"""The names under which networks know the offers of a release, for the catalogue: a magnet can then be looked up.

A campaign decides whether they are published at all: membership of a known identifier can be tested by anyone.
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
    """Give the identifiers of every offer by the SHA-256 of its file."""
    files = {file.id: file for file in manifest.files}
    found: NetworkIds = {}
    for offer in offers_of(release, files, {file.id: Path() for file in manifest.files}):
        if offer.network == "bittorrent":
            found.setdefault(offer.hashes.sha256, []).append(("btih", infohash(offer).hex()))
    return found


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
