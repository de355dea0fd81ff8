# SPDX-License-Identifier: EUPL-1.2
"""Files that look alike and have names of their own: the same content with a token where no reader looks.

A variant shows the code of the file that it varies and shares all its stored bytes; it costs a few dozen bytes and a
fifth of a millisecond, most of it hashing. It is for offering one reviewed file often without one hash that
stands for all. Whoever must tell each file by what it *shows* makes coded films instead (`Studio.make`).

Promise: the content stays as it is (see `padding`), and the same file and token give the same bytes.
"""

from police2peer.campaign import FileFormat, Filler
from police2peer.errors import BadInput
from police2peer.warningfiles.padding import pad
from police2peer.warningfiles.plan import FilePlan

__all__ = ["LONGEST_TOKEN_BYTES", "variant_of"]

LONGEST_TOKEN_BYTES = 64
# Token and frame in every format: the longest frame is a pdf's, about 110 bytes. Even, as RIFF wants it.
_ADDED_BYTES = 256


def variant_of(plan: FilePlan, file_format: FileFormat, token: bytes) -> FilePlan:
    """Plan the same file with this token in it; it is 256 bytes longer and differs for each token.

    Raises `BadInput` for an empty token, one over 64 bytes, and for content that is not of this format.
    """
    if not 0 < len(token) <= LONGEST_TOKEN_BYTES:
        raise BadInput(
            f"the token of a variant has {len(token)} bytes", remedy=f"give 1 to {LONGEST_TOKEN_BYTES} random bytes"
        )
    return pad(plan, file_format, plan.size + _ADDED_BYTES, Filler.ZEROS, None, inside=token)
