# SPDX-License-Identifier: EUPL-1.2
"""The table `credentials` of a campaign file: who signs content credentials (C2PA) inside the files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from police2peer.strict_toml import Table

__all__ = ["CredentialChoice", "read_credentials"]

_MAX_CHAIN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class CredentialChoice:
    """The certificate chain and the key (PEM files), where time stamps come from, and whether blanks are signed."""

    chain: Path
    key: Path
    chain_sha256: str
    tsa_url: str | None
    blanks: bool

    def approved(self) -> dict[str, object]:
        """Give what the approvers sign of it."""
        return {"chain_sha256": self.chain_sha256, "tsa_url": self.tsa_url, "blanks": self.blanks}


def read_credentials(table: Table, folder: Path) -> CredentialChoice | None:
    """Read the table; None when there is none. Faults are noted in the report."""
    if "credentials" not in table:
        return None
    inner = table.table("credentials")
    chain, key = folder / inner.text("chain"), folder / inner.text("key")
    tsa_url = inner.text("time_stamps", "") or None
    blanks = inner.boolean("blanks", default=False)
    inner.finish()
    if tsa_url is not None and not tsa_url.startswith(("https://", "http://")):
        inner.problem("time_stamps", "this is no address of a time-stamping authority", "write one with https://")
    content = b""
    try:
        content = chain.read_bytes()
    except OSError as error:
        inner.problem("chain", f"it cannot be read ({error.strerror})", "run `police2peer credentials new`")
    else:
        if len(content) > _MAX_CHAIN_BYTES or not content.startswith(b"-----BEGIN CERTIFICATE-----"):
            inner.problem("chain", "this is no certificate chain", "give the PEM file with the signer first")
    if not key.is_file():
        inner.problem("key", "there is no such file", "give the PEM file of the signer's key")
    return CredentialChoice(chain, key, hashlib.sha256(content).hexdigest(), tsa_url, blanks)
