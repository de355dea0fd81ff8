# SPDX-License-Identifier: EUPL-1.2
"""The node: keeps the offers of a release up, turns wire events into contacts, watches itself."""

from police2peer.presence.assembly import (
    DEMAND_FILE,
    FILES_FOLDER,
    STATUS_FILE,
    TALLIES_FILE,
    assemble_node,
    join_offers,
)
from police2peer.presence.node import Assignment, Node
from police2peer.presence.observing import OBSERVED_FILE, observe, permitted_canaries
from police2peer.presence.private_memory import keep_memory_private, start_anew_wiping, wiping_environment
from police2peer.presence.running import run_until_signalled
from police2peer.presence.sealing import erase_from_ledger
from police2peer.presence.settings import SETTINGS_FILE, Settings, read_settings
from police2peer.presence.status import NetworkStatus, NodeStatus, is_stale, read_status

__all__ = [
    "DEMAND_FILE",
    "FILES_FOLDER",
    "OBSERVED_FILE",
    "SETTINGS_FILE",
    "STATUS_FILE",
    "TALLIES_FILE",
    "Assignment",
    "NetworkStatus",
    "Node",
    "NodeStatus",
    "Settings",
    "assemble_node",
    "erase_from_ledger",
    "is_stale",
    "join_offers",
    "keep_memory_private",
    "observe",
    "permitted_canaries",
    "read_settings",
    "read_status",
    "run_until_signalled",
    "start_anew_wiping",
    "wiping_environment",
]
