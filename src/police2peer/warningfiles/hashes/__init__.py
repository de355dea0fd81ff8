# SPDX-License-Identifier: EUPL-1.2
"""All hashes by which networks know a file, from one reading of its bytes.

One hasher a network; a new network is one module here and a few lines in `state`. Runs of zeros cost the hashers of
blocks nothing but their first block, and every state can be copied, so that files which begin alike are hashed
once up to where they part.
"""

from police2peer.warningfiles.hashes.bittorrent import piece_length_bytes
from police2peer.warningfiles.hashes.state import READ_BYTES, FileHashes, HashState, hash_file
from police2peer.warningfiles.hashes.tiger import tiger_many
from police2peer.warningfiles.hashes.tth import TigerTree

__all__ = ["READ_BYTES", "FileHashes", "HashState", "TigerTree", "hash_file", "piece_length_bytes", "tiger_many"]
