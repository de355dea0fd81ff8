# SPDX-License-Identifier: EUPL-1.2
"""The public site: what a warning file is, whether one is genuine, and where help is, in every language.

Static pages for any web server; the check runs in the visitor's browser. `serve_site` is for loopback alone.
"""

from police2peer.site.builder import SiteReport, build_help_site, build_site
from police2peer.site.help_check import HelpFinding, HelpTask, check_directory
from police2peer.site.help_directory import Contact, Directory, HelpService, read_directory, shipped_directory
from police2peer.site.mirror import place_catalogue
from police2peer.site.scan import Finding, ScanReport, scan_site
from police2peer.site.server import SiteServer, serve_site
from police2peer.site.texts import SITE_LANGUAGES

__all__ = [
    "SITE_LANGUAGES",
    "Contact",
    "Directory",
    "Finding",
    "HelpFinding",
    "HelpService",
    "HelpTask",
    "ScanReport",
    "SiteReport",
    "SiteServer",
    "build_help_site",
    "build_site",
    "check_directory",
    "place_catalogue",
    "read_directory",
    "scan_site",
    "serve_site",
    "shipped_directory",
]
