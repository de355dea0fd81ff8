# SPDX-License-Identifier: EUPL-1.2
"""A file as a recipe: parts that are read at any offset, written sparse and hashed once for all networks.

A thousand films that differ in their last picture share one stored film; a 700 MB blank costs nothing.
Promise: the bytes of a plan never change, for its parts are values and names of content.
"""

import base64
import binascii
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import assert_never

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from police2peer.errors import BadInput
from police2peer.storage import whole_file
from police2peer.warningfiles.hashes import READ_BYTES, FileHashes, HashState, piece_length_bytes
from police2peer.warningfiles.store import BaseStore, check_digest

__all__ = ["FilePlan", "Keystream", "Literal", "MidStates", "Part", "StoredRange", "Zeros"]

_AES_BLOCK_BYTES = 16
_SEED_BYTES = 32
_COUNTERS = 1 << 128
_WORTH_BYTES = 4096  # a shorter part is hashed anew in the time that a state takes to copy


@dataclass(frozen=True, slots=True)
class Literal:
    """These bytes."""

    content: bytes

    @property
    def length(self) -> int:
        """How many bytes."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Zeros:
    """A run of zeros; a hole on a disk that knows holes."""

    length: int

    def __post_init__(self) -> None:
        _check_range(0, self.length)


@dataclass(frozen=True, slots=True)
class Keystream:
    """A range of AES-256-CTR keystream under a 32-byte seed: filler that no two files share.

    Source: NIST SP 800-38A, 6.5; the counter begins at 0 and counts blocks of 16 bytes.
    """

    seed: bytes
    offset: int
    length: int

    def __post_init__(self) -> None:
        _check_range(self.offset, self.length)
        if len(self.seed) != _SEED_BYTES:
            raise BadInput("the seed of a filler is not 32 bytes long", remedy="make the plan anew")


@dataclass(frozen=True, slots=True)
class StoredRange:
    """A range of the bytes that the store keeps under this SHA-256 (hex)."""

    sha256: str
    offset: int
    length: int

    def __post_init__(self) -> None:
        _check_range(self.offset, self.length)
        check_digest(self.sha256)


Part = Literal | Zeros | Keystream | StoredRange


def _check_range(offset: int, length: int) -> None:
    if offset < 0 or length < 0:
        raise BadInput("a part of a file plan has a negative place", remedy="make the plan anew")


class MidStates:
    """Hash states after the parts that files begin with, the latest few, so that no prefix is hashed twice."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._states: OrderedDict[tuple[int, tuple[Part, ...]], HashState] = OrderedDict()

    def longest(self, piece_length: int, parts: tuple[Part, ...]) -> tuple[int, HashState]:
        """Give how many leading parts are known, and a state to go on from."""
        counts = {len(begun) for _, begun in self._states}
        for count in sorted((count for count in counts if count <= len(parts)), reverse=True):
            key = (piece_length, parts[:count])
            if key in self._states:
                self._states.move_to_end(key)
                return count, self._states[key].copy()
        return 0, HashState(piece_length)

    def keep(self, piece_length: int, parts: tuple[Part, ...], state: HashState) -> None:
        """Keep the state after these leading parts."""
        if not self._most:
            return
        self._states[piece_length, parts] = state.copy()
        while len(self._states) > self._most:
            self._states.popitem(last=False)


class FilePlan:
    """The parts of a file in order, and the store that its stored ranges lie in."""

    def __init__(self, parts: Sequence[Part], store: BaseStore) -> None:
        self.parts = tuple(part for part in parts if part.length)
        self.store = store
        self._ends = list(accumulate(part.length for part in self.parts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FilePlan) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self._ends[-1] if self._ends else 0

    def read(self, offset: int, count: int) -> bytes:
        """Give up to `count` bytes from `offset`; fewer at the end of the file."""
        _check_range(offset, count)
        end = min(offset + count, self.size)
        pieces = []
        index = bisect_right(self._ends, offset)
        while offset < end:
            part = self.parts[index]
            begin = self._ends[index] - part.length
            taken = min(end, self._ends[index]) - offset
            pieces.append(self._read_part(part, offset - begin, taken))
            offset += taken
            index += 1
        return b"".join(pieces)

    def parts_of(self, offset: int, count: int) -> tuple[Part, ...]:
        """Give the parts that make up `count` bytes from `offset`, for a plan that takes this range over."""
        _check_range(offset, count)
        end = min(offset + count, self.size)
        found = []
        for part, part_end in zip(self.parts, self._ends, strict=True):
            begin = part_end - part.length
            low, high = max(offset, begin), min(end, part_end)
            if low < high:
                found.append(_cut(part, low - begin, high - low))
        return tuple(found)

    def write(self, path: Path, *, flushed: bool = True) -> None:
        """Write the file, holes as holes, whole or not at all. Raises `Unavailable` when the disk is full.

        Whoever writes many leaves `flushed` out and calls `storage.flush_disk` once, before they count.
        """
        with whole_file(path, flushed=flushed) as handle:
            for part in self.parts:
                if isinstance(part, Zeros):
                    handle.seek(part.length, 1)
                elif isinstance(part, StoredRange):
                    self.store.copy(part.sha256, part.offset, part.length, handle)
                else:
                    handle.writelines(self._chunks(part))
            handle.truncate(self.size)

    def hashes(self, known: MidStates | None = None) -> FileHashes:
        """Hash the file once for all networks; with `known`, only from where it parts from earlier files."""
        known = known or MidStates(most=0)
        piece_length = piece_length_bytes(self.size)
        done, state = known.longest(piece_length, self.parts)
        few = b""  # short parts go together: taking bytes costs each hasher about as much for one as for a thousand
        for index in range(done, len(self.parts)):
            part = self.parts[index]
            if part.length < _WORTH_BYTES:
                few += self._read_part(part, 0, part.length)
                continue
            state.update(few)
            few = b""
            if isinstance(part, Zeros):
                state.zeros(part.length)
            else:
                for chunk in self._chunks(part):
                    state.update(chunk)
            known.keep(piece_length, self.parts[: index + 1], state)
        state.update(few)
        return state.result()

    def is_there(self) -> bool:
        """Whether the store still holds every range that the plan draws on."""
        stored = (part for part in self.parts if isinstance(part, StoredRange))
        return all(self.store.holds(part.sha256, part.offset + part.length) for part in stored)

    def to_json(self) -> list[dict[str, object]]:
        """Give the parts as plain values for a manifest; stored bytes stay in the store."""
        return [_part_to_json(part) for part in self.parts]

    @classmethod
    def from_json(cls, value: object, store: BaseStore) -> "FilePlan":
        """Read what `to_json` gave. Raises `BadInput` for anything else."""
        if not isinstance(value, list):
            raise _bad_plan()
        try:
            return cls([_part_from_json(item) for item in value], store)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _bad_plan() from error

    def _chunks(self, part: Part) -> Iterator[bytes]:
        for offset in range(0, part.length, READ_BYTES):
            yield self._read_part(part, offset, min(READ_BYTES, part.length - offset))

    def _read_part(self, part: Part, offset: int, count: int) -> bytes:
        match part:
            case Literal():
                return part.content[offset : offset + count]
            case Zeros():
                return bytes(count)
            case Keystream():
                return _keystream(part.seed, part.offset + offset, count)
            case StoredRange():
                return self.store.read(part.sha256, part.offset + offset, count)
            case _:
                assert_never(part)


def _cut(part: Part, offset: int, length: int) -> Part:
    match part:
        case Literal():
            return Literal(part.content[offset : offset + length])
        case Zeros():
            return Zeros(length)
        case Keystream() | StoredRange():
            return replace(part, offset=part.offset + offset, length=length)
        case _:
            assert_never(part)


def _keystream(seed: bytes, offset: int, count: int) -> bytes:
    block, skipped = divmod(offset, _AES_BLOCK_BYTES)
    counter = (block % _COUNTERS).to_bytes(_AES_BLOCK_BYTES, "big")
    stream = Cipher(algorithms.AES256(seed), modes.CTR(counter)).encryptor()
    return stream.update(bytes(skipped + count))[skipped:]


def _bad_plan() -> BadInput:
    return BadInput("a file plan cannot be read", remedy="make the files anew from the campaign")


def _part_to_json(part: Part) -> dict[str, object]:
    match part:
        case Literal():
            return {"literal": base64.b64encode(part.content).decode()}
        case Zeros():
            return {"zeros": part.length}
        case Keystream():
            return {"keystream": part.seed.hex(), "offset": part.offset, "length": part.length}
        case StoredRange():
            return {"stored": part.sha256, "offset": part.offset, "length": part.length}
        case _:
            assert_never(part)


def _part_from_json(item: Mapping[str, object]) -> Part:
    match item:
        case {"literal": str(text), **rest} if not rest:
            try:
                return Literal(base64.b64decode(text, validate=True))
            except binascii.Error as error:
                raise _bad_plan() from error
        case {"zeros": int(length), **rest} if not rest:
            return Zeros(int(length))
        case {"keystream": str(seed), "offset": int(offset), "length": int(length), **rest} if not rest:
            return Keystream(bytes.fromhex(seed), int(offset), int(length))
        case {"stored": str(sha256), "offset": int(offset), "length": int(length), **rest} if not rest:
            return StoredRange(sha256, int(offset), int(length))
        case _:
            raise _bad_plan()
