# SPDX-License-Identifier: EUPL-1.2
"""Any warning file at an exact size in bytes, and it still opens.

One module a family of formats, one line in the table. Promise: the content stays as it is, but for the places
that say how long the file is; of the content only its first and last bytes are read; what is added lies on the
disk as a hole when it is zeros. Padding comes before signing: credentials cover the whole file.
"""

import hashlib
from collections.abc import Callable, Mapping

from police2peer.campaign import FileFormat, Filler
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.padding.archives import pad_rar, pad_seven_zip, pad_zip
from police2peer.warningfiles.padding.asf import pad_asf
from police2peer.warningfiles.padding.boxes import pad_boxes
from police2peer.warningfiles.padding.chunks import pad_chunks
from police2peer.warningfiles.padding.ebml import pad_ebml
from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.padding.pdf import pad_pdf
from police2peer.warningfiles.padding.program_stream import pad_program_stream
from police2peer.warningfiles.padding.readers import READERS
from police2peer.warningfiles.padding.riff import pad_riff
from police2peer.warningfiles.padding.tail import pad_tail
from police2peer.warningfiles.plan import FilePlan, Part

__all__ = ["READERS", "filler_seed", "pad"]

_Family = Callable[[FilePlan, Filling], list[Part]]

# By the ending of the file's name: a blank is padded as any other file of its kind.
_FAMILIES: Mapping[str, _Family] = {
    "mp4": pad_boxes,
    "mkv": pad_ebml,
    "webm": pad_ebml,
    "avi": pad_riff,
    "webp": pad_riff,
    "mpg": pad_program_stream,
    "wmv": pad_asf,
    "png": pad_chunks,
    "jpg": pad_tail,
    "gif": pad_tail,
    "pdf": pad_pdf,
    "zip": pad_zip,
    "7z": pad_seven_zip,
    "rar": pad_rar,
}


def filler_seed(code: VerifyCode) -> bytes:
    """Give the seed of a file's keystream: its code decides it, and it does not tell the code."""
    return hashlib.sha256(b"police2peer filler " + code.encode()).digest()


def pad(
    plan: FilePlan,
    file_format: FileFormat,
    size: int,
    filler: Filler,
    seed: bytes | None,
    *,
    inside: bytes = b"",
    serial: bytes = b"",
) -> FilePlan:
    """Plan the same file with exactly `size` bytes.

    `inside` lies hidden at the beginning of the padding and `serial` at its end, by which files that are otherwise
    alike differ; a keystream is drawn from `seed`. Raises `BadInput`, naming a size that is enough, when the content
    and the frame of its padding are longer, or when the format cannot have this size.
    """
    if size == plan.size and not inside and not serial:
        return plan
    filling = Filling(file_format, size, filler, seed, inside, serial)
    return FilePlan(_FAMILIES[file_format.extension](plan, filling), plan.store)
