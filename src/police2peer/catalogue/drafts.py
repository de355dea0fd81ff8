# SPDX-License-Identifier: EUPL-1.2
"""From the manifest of what was made to what the catalogue enters.

A record names neither title nor arm: the public learns what a file is, not how it was offered or in which trial.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from police2peer.catalogue.record import RecordDraft
from police2peer.errors import BadInput
from police2peer.warningfiles import Manifest

__all__ = ["drafts_of", "read_network_ids"]

NetworkIds = Mapping[str, Sequence[tuple[str, str]]]


def read_network_ids(path: Path) -> NetworkIds:
    """Read the network ids of files by SHA-256, as `police2peer release sign` writes them. Raises `BadInput`."""
    try:
        value = json.loads(path.read_bytes())
        return {
            str(sha256): tuple((str(id_type), str(id_value)) for id_type, id_value in pairs)
            for sha256, pairs in value.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"{path.name} cannot be read as a list of network ids", remedy="run police2peer release sign again"
        ) from error


def drafts_of(
    manifest: Manifest, *, agency: str, issued_on: date, network_ids: NetworkIds | None = None
) -> tuple[RecordDraft, ...]:
    """Make the draft of each warning file in the manifest."""
    ids = network_ids or {}
    return tuple(
        RecordDraft(
            id=file.id,
            agency=agency,
            code=file.code,
            sha256=file.hashes.sha256,
            size=file.hashes.size,
            hashes={
                "sha1": file.hashes.sha1,
                "md5": file.hashes.md5,
                "bt2_root": file.hashes.bt2_root.hex(),
                "ed2k": file.hashes.ed2k,
                "aich": file.hashes.aich,
                "tth": file.hashes.tth,
            },
            network_ids=tuple(ids.get(file.hashes.sha256, ())),
            format=file.format.value,
            language=file.language,
            issued_on=issued_on,
        )
        for file in manifest.files
    )
