# SPDX-License-Identifier: EUPL-1.2
"""Records of invented contacts, for the tests of the ledger and of what reads it."""

from datetime import UTC, date, datetime, timedelta

from police2peer.contacts.ledger import ClockReading, ContactRecord, GapRecord, RecordedConnection

AT = datetime(2026, 3, 1, 14, 0, 0, 250_000, tzinfo=UTC)
CLOCK = ClockReading(1.25, 8.0, "kernel (adjtimex): synchronised by the time service", AT)


def contact_record(number: int = 0, *, event: str = "ended", clock: ClockReading = CLOCK) -> ContactRecord:
    """Give the record of an invented contact."""
    began = AT + timedelta(seconds=number)
    return ContactRecord(
        order_id="no-2027-01",
        legal_ground="Section 1 of an invented act",
        campaign_id="no-2027-01",
        node="node-1",
        network="bittorrent",
        protocol="BitTorrent (BEP 3)",
        offer_id=f"bittorrent-{number % 100:06d}",
        title=f"sample-clip-{number % 100:02d}",
        file_name=f"sample-clip-{number % 100:02d}.mp4",
        arm="warning",
        language="nb",
        warning_file_id="7f" * 16,
        file_sha256="ab" * 32,
        file_size_bytes=1_048_576,
        piece_bytes=65_536,
        network_ids=(("btih", "cd" * 20),),
        tool_version="0.1.0",
        build_sha256="ef" * 32,
        catalogue_head="",
        event=event,
        visit_id=f"{number:032x}",
        connections=(
            RecordedConnection(
                f"127.1.{number // 250 % 250}.{number % 250 + 1}", 50_000, "127.0.0.1", 6881, began, None, ""
            ),
        ),
        identifiers=(("peer id", "2d" * 20),),
        client_name="aria2/1.36.0",
        client_family="aria2",
        registry_country="NO",
        started_at=began,
        ended_at=began + timedelta(seconds=4),
        clock=clock,
        rung=4,
        came_back=False,
        asked_bytes=131_072,
        sent_bytes=131_072,
        acknowledged_bytes=65_536,
        pieces_sent=2,
        flags=("shared_address",),
        erase_by=date(2026, 9, 1),
    )


def gap_record(what: str = "the node was not running") -> GapRecord:
    """Give the record of an invented gap."""
    return GapRecord(
        network="",
        what=what,
        from_at=AT,
        until_at=AT + timedelta(minutes=1),
        clock=CLOCK,
        node="node-1",
        order_id="no-2027-01",
        tool_version="0.1.0",
        build_sha256="ef" * 32,
        erase_by=date(2026, 9, 1),
    )
