# SPDX-License-Identifier: EUPL-1.2
"""What the commands of `police2peer evidence` have in common: their options, and how files are read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import SIGNING_KEY
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.campaign import SignedOrder
    from police2peer.contacts.evidence import OpenedLedger

__all__ = [
    "CUSTODY",
    "EVIDENCE_KEY",
    "JSON",
    "KEY",
    "LEDGER",
    "LEDGER_KEY",
    "NAME",
    "ORDER",
    "open_the_ledger",
    "read_file",
    "read_order",
]

_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST_ORDER_BYTES = 2 * 1024 * 1024

CUSTODY = click.option(
    "--custody",
    "custody_path",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("custody"),
    show_default=True,
    help="The folder of the custody log.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
ORDER = click.option(
    "--order", "order_path", type=_FILE, default=Path("order.json"), show_default=True, help="The operation order."
)
KEY = click.option(
    "--key",
    "key_path",
    required=True,
    type=SIGNING_KEY,
    help="Your private key: a file, or pkcs11:... for a key in a token.",
)
NAME = click.option("--name", required=True, help="Your name, as it shall stand in what is signed.")
LEDGER = click.option(
    "--ledger",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("node/ledger"),
    show_default=True,
    help="The ledger, or a copy of it.",
)
LEDGER_KEY = click.option("--ledger-key", type=_FILE, help="The ledger's .vkey, received apart from it.")
EVIDENCE_KEY = click.option(
    "--evidence-key", required=True, type=_FILE, help="The agency's private evidence key, from its offline place."
)


def read_order(path: Path) -> "SignedOrder":
    """Read a signed order from a file. Raises `BadInput`."""
    from police2peer.campaign import SignedOrder  # noqa: PLC0415 - loads on use

    return SignedOrder.from_bytes(read_file(path, _MOST_ORDER_BYTES))


def read_file(path: Path, most_bytes: int) -> bytes:
    """Read a file. Raises `BadInput`."""
    try:
        with path.open("rb") as handle:
            content = handle.read(most_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror})", remedy="give another file") from error
    if len(content) > most_bytes:
        raise BadInput(f"{path.name} is far too long", remedy="give another file")
    return content


def open_the_ledger(
    ledger: Path, ledger_key: Path | None, evidence_key: Path, witnesses: tuple[Path, ...] = ()
) -> "OpenedLedger":
    """Read a ledger and open it with the agency's key. Raises `BadInput` and `NotAuthentic`."""
    from police2peer.campaign import read_evidence_key  # noqa: PLC0415 - loads on use
    from police2peer.catalogue import read_key_file  # noqa: PLC0415
    from police2peer.contacts.evidence import OpenedLedger  # noqa: PLC0415
    from police2peer.contacts.ledger import LedgerReader  # noqa: PLC0415

    key = read_key_file(ledger_key) if ledger_key else None
    named = [read_key_file(path) for path in witnesses]
    return OpenedLedger(LedgerReader(ledger, key), read_evidence_key(evidence_key), named)
