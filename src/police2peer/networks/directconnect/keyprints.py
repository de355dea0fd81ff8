# SPDX-License-Identifier: EUPL-1.2
"""Which certificate a hub has: pinned by the settings, or by the first that was seen.

Source: ADC-EXT (KEYP). The file holds addresses of hubs that the operator chose, and of nobody else.
"""

import json
from pathlib import Path
from typing import Final

from police2peer.errors import BadInput, NotAuthentic
from police2peer.networks.directconnect.message import to_base32
from police2peer.networks.directconnect.settings import HubAddress
from police2peer.storage import write_whole

_FILE: Final = "directconnect.hubs.json"


class Keyprints:
    """The keyprints seen first, kept in a folder. Raises `BadInput` when their file is damaged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._seen = _read(self._path)

    def check(self, address: HubAddress, keyprint: bytes) -> None:
        """Raise `NotAuthentic` unless a hub has the certificate that it should have; keep the first one seen."""
        shown, place = to_base32(keyprint), str(address)
        expected = to_base32(address.keyprint) if address.keyprint is not None else self._seen.get(place)
        if expected is None:
            self._seen[place] = shown
            write_whole(self._path, json.dumps(self._seen, indent=1, sort_keys=True).encode() + b"\n", mode=0o600)
        elif shown != expected:
            raise NotAuthentic(
                "the hub has another certificate than before, or than the settings name",
                remedy=f"ask its owner; if the new one is right, put it into the settings, or remove it from {_FILE}",
            )


def _read(path: Path) -> dict[str, str]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadInput(f"{_FILE} is damaged", remedy="put it back from a copy, or remove it and check each hub again")
    return value
