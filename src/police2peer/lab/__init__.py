# SPDX-License-Identifier: EUPL-1.2
"""A loopback network with a tracker, a DHT and real clients: for demo, training, tests and court."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from police2peer.lab.court import CourtReport, run_court
    from police2peer.lab.court_page import write_court_page
    from police2peer.lab.demo import print_summary, run_demo
    from police2peer.lab.ed2k_server import serve_ed2k
    from police2peer.lab.hashes import read_hashes
    from police2peer.lab.loopback import LabNetwork, lab_network
    from police2peer.lab.namespace import inside, is_closed, is_usable
    from police2peer.lab.report import MissionReport
    from police2peer.lab.stranger import run_downloader
    from police2peer.lab.tracker import Tracker, serve_tracker

__all__ = [
    "CourtReport",
    "LabNetwork",
    "MissionReport",
    "Tracker",
    "inside",
    "is_closed",
    "is_usable",
    "lab_network",
    "print_summary",
    "read_hashes",
    "run_court",
    "run_demo",
    "run_downloader",
    "serve_ed2k",
    "serve_tracker",
    "write_court_page",
]

_WHERE = {
    "court": ("CourtReport", "run_court"),
    "court_page": ("write_court_page",),
    "demo": ("print_summary", "run_demo"),
    "ed2k_server": ("serve_ed2k",),
    "hashes": ("read_hashes",),
    "loopback": ("LabNetwork", "lab_network"),
    "namespace": ("inside", "is_closed", "is_usable"),
    "report": ("MissionReport",),
    "stranger": ("run_downloader",),
    "tracker": ("Tracker", "serve_tracker"),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.lab.{_MODULE_OF[name]}"), name)
