# SPDX-License-Identifier: EUPL-1.2
"""What travels between an agency's centre and its nodes: signed releases."""

from police2peer.fleet.release import (
    Release,
    ReleasedOffer,
    parse_release,
    plan_offers,
    read_release,
    write_release,
)

__all__ = ["Release", "ReleasedOffer", "parse_release", "plan_offers", "read_release", "write_release"]
