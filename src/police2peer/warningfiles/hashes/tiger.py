# SPDX-License-Identifier: EUPL-1.2
"""Tiger over many short messages: by libgcrypt where it works, else by our own code, a seventh as fast.

Either is taken only if it gives the published digest of "abc".
Source: libgcrypt manual, "Hashing"; algorithm 306 prints Tiger's words lowest byte first, as TTH wants them.
"""

import ctypes
from collections.abc import Callable
from functools import lru_cache

from police2peer.errors import Unavailable
from police2peer.warningfiles.hashes import own_tiger

__all__ = ["DIGEST_BYTES", "libgcrypt_tiger", "tiger_many"]

DIGEST_BYTES = own_tiger.DIGEST_BYTES
_LIBRARY = "libgcrypt.so.20"
_TIGER = 306
_KNOWN = (b"abc", bytes.fromhex("2aab1484e8c158f2bfb8c5ff41b57a525129131c957b5f93"))

TigerMany = Callable[[bytes, bytes, int], bytes]


def _works(tiger: TigerMany) -> bool:
    message, digest = _KNOWN
    return tiger(b"", message, len(message)) == digest


@lru_cache(maxsize=1)
def libgcrypt_tiger() -> TigerMany | None:
    """Give Tiger by libgcrypt; None where the library is missing or does not give Tiger (in FIPS mode)."""
    try:
        # Calls of 4 us: to give up the interpreter's lock for each, as CDLL does, would cost more than it frees.
        library = ctypes.PyDLL(_LIBRARY)
        library.gcry_check_version(None)
        is_there = library.gcry_md_get_algo_dlen(_TIGER) == DIGEST_BYTES
        hash_buffer = library.gcry_md_hash_buffer
    except (OSError, AttributeError):
        return None
    hash_buffer.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    hash_buffer.restype = None

    def tiger(prefix: bytes, content: bytes, each_bytes: int) -> bytes:
        digest = ctypes.create_string_buffer(DIGEST_BYTES)
        length = len(prefix) + each_bytes
        if len(content) == each_bytes:
            hash_buffer(_TIGER, digest, prefix + content, length)
            return digest.raw
        made = []
        for at in range(0, len(content), each_bytes):
            hash_buffer(_TIGER, digest, prefix + content[at : at + each_bytes], length)
            made.append(digest.raw)
        return b"".join(made)

    return tiger if is_there and _works(tiger) else None


@lru_cache(maxsize=1)
def _engine() -> TigerMany:
    for tiger in (libgcrypt_tiger(), own_tiger.tiger_many):
        if tiger is not None and _works(tiger):
            return tiger
    raise Unavailable("Tiger does not give its published digest here", remedy="install libgcrypt 1.8 or later")


def tiger_many(prefix: bytes, content: bytes, each_bytes: int) -> bytes:
    """Give the joined digests of `prefix` + each `each_bytes` bytes of `content`, whose length must be a multiple."""
    return _engine()(prefix, content, each_bytes)
