# SPDX-License-Identifier: EUPL-1.2
"""Warning files: from a reviewed message to bytes that are unique, verifiable and harmless."""

from police2peer.warningfiles.code import CODE_ALPHABET, VerifyCode, nearest_code, new_code, parse_code
from police2peer.warningfiles.hashes import FileHashes, hash_file
from police2peer.warningfiles.plan import FilePlan, Keystream, Literal, MidStates, Part, StoredRange, Zeros
from police2peer.warningfiles.store import BaseStore

__all__ = [
    "CODE_ALPHABET",
    "BaseStore",
    "FileHashes",
    "FilePlan",
    "Keystream",
    "Literal",
    "MidStates",
    "Part",
    "StoredRange",
    "VerifyCode",
    "Zeros",
    "hash_file",
    "nearest_code",
    "new_code",
    "parse_code",
]
