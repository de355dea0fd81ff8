# SPDX-License-Identifier: EUPL-1.2
"""Looks at a partner's page as a stranger's browser meets it, and says what to mend.

Promise: it reads pages of one site and nothing else, only when an operator names that site; it changes nothing there.
"""

from police2peer.site.scan.findings import Finding, ScanReport
from police2peer.site.scan.scanning import scan_site

__all__ = ["Finding", "ScanReport", "scan_site"]
