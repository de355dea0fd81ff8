# SPDX-License-Identifier: EUPL-1.2
"""Warning files: from a reviewed message to bytes that are unique, verifiable and harmless.

Codes, hashes, plans and manifests are light. What sets and films (`Studio`, `make_campaign`, `draw_contact_sheet`)
loads typst and av, and is imported when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING

from police2peer.warningfiles.code import CODE_ALPHABET, VerifyCode, nearest_code, new_code, parse_code
from police2peer.warningfiles.hashes import FileHashes, TigerTree, hash_file, tiger_many
from police2peer.warningfiles.plan import FilePlan, Keystream, Literal, MidStates, Part, StoredRange, Zeros
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.warningfile import (
    Manifest,
    WarningFile,
    WarningFileId,
    materialise,
    read_manifest,
    store_in,
    write_manifest,
)
from police2peer.warningfiles.wording import verify_address

if TYPE_CHECKING:
    from police2peer.warningfiles.contact_sheet import draw_contact_sheet
    from police2peer.warningfiles.documents import set_document
    from police2peer.warningfiles.gallery import GALLERY_FORMATS, gallery_making, write_gallery, write_preview_film
    from police2peer.warningfiles.making import make_campaign, making_of
    from police2peer.warningfiles.public_stills import public_picture
    from police2peer.warningfiles.studio import Finding, Studio
    from police2peer.warningfiles.variants import variant_of

__all__ = [
    "CODE_ALPHABET",
    "GALLERY_FORMATS",
    "BaseStore",
    "FileHashes",
    "FilePlan",
    "Finding",
    "Keystream",
    "Literal",
    "Making",
    "Manifest",
    "MidStates",
    "Part",
    "StoredRange",
    "Studio",
    "TigerTree",
    "VerifyCode",
    "WarningFile",
    "WarningFileId",
    "Zeros",
    "draw_contact_sheet",
    "gallery_making",
    "hash_file",
    "make_campaign",
    "making_of",
    "materialise",
    "nearest_code",
    "new_code",
    "parse_code",
    "public_picture",
    "read_manifest",
    "set_document",
    "store_in",
    "tiger_many",
    "variant_of",
    "verify_address",
    "write_gallery",
    "write_manifest",
    "write_preview_film",
]

_HEAVY = {
    "Finding": "studio",
    "Studio": "studio",
    "GALLERY_FORMATS": "gallery",
    "draw_contact_sheet": "contact_sheet",
    "gallery_making": "gallery",
    "make_campaign": "making",
    "making_of": "making",
    "public_picture": "public_stills",
    "set_document": "documents",
    "variant_of": "variants",
    "write_gallery": "gallery",
    "write_preview_film": "gallery",
}


def __getattr__(name: str) -> object:
    if name not in _HEAVY:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.warningfiles.{_HEAVY[name]}"), name)
