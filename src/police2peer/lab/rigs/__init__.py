# SPDX-License-Identifier: EUPL-1.2
"""The lab's rigs: for each network a meeting place and the real clients that come there; see `contract`."""

import importlib
from typing import Final

from police2peer.errors import BadInput
from police2peer.lab.rigs.contract import Door, Rig, Stranger

__all__ = ["Door", "Rig", "Stranger", "make_rig", "rig_names"]

# Network -> module and class. A new network is one line here.
_RIGS: Final = {
    "bittorrent": ("bittorrent", "BitTorrentRig"),
    "directconnect": ("directconnect", "DirectConnectRig"),
    "ed2k": ("ed2k", "Ed2kRig"),
    "memory": ("memory", "MemoryRig"),
}


def rig_names() -> tuple[str, ...]:
    """Give the networks that the lab can rehearse."""
    return tuple(_RIGS)


def make_rig(network: str) -> Rig:
    """Give the rig of a network, not opened yet."""
    if network not in _RIGS:
        raise BadInput(f"the lab has no rig for {network}", remedy=f"it has: {', '.join(_RIGS)}")
    module, name = _RIGS[network]
    made: Rig = getattr(importlib.import_module(f"police2peer.lab.rigs.{module}"), name)()
    return made
