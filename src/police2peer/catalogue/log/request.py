# SPDX-License-Identifier: EUPL-1.2
"""What a log's keeper sends to a witness: from which size on, the proof that the log only grew, the new checkpoint.

::

    old 20852163
    <hash of the proof, base64>        any number of them
                                       an empty line
    <the signed checkpoint>

A witness needs no entry of the log for it, so that a log of sealed or private entries can be witnessed too.
Source: C2SP tlog-witness v0.1, "add-checkpoint" (the body of the request).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from police2peer.catalogue.log.merkle import HASH_BYTES
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES
from police2peer.errors import NotAuthentic

__all__ = ["REQUEST_LIMIT_BYTES", "WitnessRequest"]

_MOST_HASHES = 63  # a proof of a tree of 2**63 leaves
REQUEST_LIMIT_BYTES = NOTE_LIMIT_BYTES + 4096
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """A request, nothing of it checked: the size that the witness confirmed last, the proof, the signed note."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """Write the request."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n".encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> "WitnessRequest":
        """Read a request. Raises `NotAuthentic` for anything else."""
        head, blank, checkpoint = raw[:REQUEST_LIMIT_BYTES].partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
            old = _OLD.fullmatch(first)
            proof = _hashes(lines)
            if old is None or not blank or len(raw) > REQUEST_LIMIT_BYTES:
                raise ValueError("no request")  # noqa: TRY301 - one way out
        except (ValueError, binascii.Error) as error:
            raise NotAuthentic(
                "this is no request to a witness", remedy="have the keeper of the log make it again"
            ) from error
        return cls(int(old[1]), proof, checkpoint)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    found = tuple(base64.b64decode(line, validate=True) for line in lines)
    if len(found) > _MOST_HASHES or any(len(each) != HASH_BYTES for each in found):
        raise ValueError("no proof")
    return found
