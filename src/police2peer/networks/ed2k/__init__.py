# SPDX-License-Identifier: EUPL-1.2
"""eD2k: a publish-only peer of our own, known to servers, asked by peers, asking nobody."""

from police2peer.networks.ed2k.engine import Ed2k
from police2peer.networks.ed2k.link import ed2k_link
from police2peer.networks.ed2k.settings import Ed2kServer, Ed2kSettings

__all__ = ["Ed2k", "Ed2kServer", "Ed2kSettings", "ed2k_link"]
