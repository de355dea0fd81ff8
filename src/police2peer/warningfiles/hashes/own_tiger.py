# SPDX-License-Identifier: EUPL-1.2
"""Tiger of our own, many messages of one length side by side, for machines without libgcrypt.

The four substitution boxes are not copied: they are drawn as the designers drew them, from a sentence of theirs.

Source: Anderson and Biham, "Tiger: A Fast New Hash Function" (FSE 1996), and the procedure published beside it.
"""

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["tiger_many"]

Words = NDArray[np.uint64]
State = tuple[Words, Words, Words]

DIGEST_BYTES = 24
_BLOCK_BYTES = 64
_LENGTH_BYTES = 8
_PADDING_BEGINS = b"\x01"
_START = (0x0123456789ABCDEF, 0xFEDCBA9876543210, 0xF096A5B4C3B2E187)
_MULTIPLIERS = (5, 7, 9)  # one a pass
_BOXES, _ENTRIES, _WORD_BYTES = 4, 256, 8

_SENTENCE = b"Tiger - A Fast New Hash Function, by Ross Anderson and Eli Biham"
_DRAWING_PASSES = 5


def _words(values: tuple[int, ...], lanes: int) -> list[Words]:
    return [np.full(lanes, value, dtype=np.uint64) for value in values]


def _bytes_of(words: Words) -> NDArray[np.uint8]:
    """Show each word as its eight bytes, lowest first."""
    return words.astype("<u8", copy=False).view(np.uint8).reshape(-1, _WORD_BYTES)


def _pass(state: State, block: list[Words], boxes: Words, multiplier: int) -> State:
    a, b, c = state
    first, second, third, fourth = boxes.reshape(_BOXES, _ENTRIES)
    for word in block:
        c = c ^ word
        byte = _bytes_of(c)
        a = a - (first[byte[:, 0]] ^ second[byte[:, 2]] ^ third[byte[:, 4]] ^ fourth[byte[:, 6]])
        b = b + (fourth[byte[:, 1]] ^ third[byte[:, 3]] ^ second[byte[:, 5]] ^ first[byte[:, 7]])
        b = b * np.uint64(multiplier)
        a, b, c = b, c, a
    return a, b, c


def _next_key(x: list[Words]) -> list[Words]:
    """Mix the block for the next pass."""
    x = list(x)
    left, right = np.uint64(19), np.uint64(23)
    x[0] = x[0] - (x[7] ^ np.uint64(0xA5A5A5A5A5A5A5A5))
    x[1] = x[1] ^ x[0]
    x[2] = x[2] + x[1]
    x[3] = x[3] - (x[2] ^ (~x[1] << left))
    x[4] = x[4] ^ x[3]
    x[5] = x[5] + x[4]
    x[6] = x[6] - (x[5] ^ (~x[4] >> right))
    x[7] = x[7] ^ x[6]
    x[0] = x[0] + x[7]
    x[1] = x[1] - (x[0] ^ (~x[7] << left))
    x[2] = x[2] ^ x[1]
    x[3] = x[3] + x[2]
    x[4] = x[4] - (x[3] ^ (~x[2] >> right))
    x[5] = x[5] ^ x[4]
    x[6] = x[6] + x[5]
    x[7] = x[7] - (x[6] ^ np.uint64(0x0123456789ABCDEF))
    return x


def _compress(state: State, block: list[Words], boxes: Words) -> State:
    a, b, c = state
    for number, multiplier in enumerate(_MULTIPLIERS):
        if number:
            block = _next_key(block)
        a, b, c = _pass((a, b, c), block, boxes, multiplier)
    return a ^ state[0], b - state[1], c + state[2]


def _as_words(table: NDArray[np.uint8]) -> Words:
    return table.view("<u8").reshape(-1).astype(np.uint64, copy=False)


@lru_cache(maxsize=1)
def _boxes() -> Words:
    """Draw the four boxes: shuffle each column of bytes by what Tiger makes of the sentence with the boxes so far."""
    row = np.arange(_ENTRIES).astype(np.uint8)
    table = np.tile(np.repeat(row, _WORD_BYTES).reshape(_ENTRIES, _WORD_BYTES), (_BOXES, 1))
    columns = np.arange(_WORD_BYTES)
    block = list(np.frombuffer(_SENTENCE, dtype="<u8").astype(np.uint64).reshape(-1, 1))
    first, second, third = _words(_START, 1)
    drawn = 2  # of the three words of a state; the first draw makes a state
    state = (first, second, third)
    for _, entry, box in product(range(_DRAWING_PASSES), range(_ENTRIES), range(0, len(table), _ENTRIES)):
        drawn = (drawn + 1) % len(state)
        if not drawn:
            state = _compress(state, block, _as_words(table))
        other = box + _bytes_of(state[drawn])[0].astype(np.intp)
        swapped = table[other, columns]
        table[other, columns] = table[box + entry]
        table[box + entry] = swapped
    return _as_words(table)


def tiger_many(prefix: bytes, content: bytes | memoryview, each_bytes: int) -> bytes:
    """Give the joined digests of `prefix` + each `each_bytes` bytes of `content`, whose length must be a multiple."""
    count = len(content) // each_bytes
    length = len(prefix) + each_bytes
    padded = -(-(length + 1 + _LENGTH_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES
    rows = np.zeros((count, padded), dtype=np.uint8)
    rows[:, : len(prefix)] = np.frombuffer(prefix, dtype=np.uint8)
    rows[:, len(prefix) : length] = np.frombuffer(content, dtype=np.uint8).reshape(count, each_bytes)
    rows[:, length] = _PADDING_BEGINS[0]
    rows[:, -_LENGTH_BYTES:] = np.frombuffer((8 * length).to_bytes(_LENGTH_BYTES, "little"), dtype=np.uint8)
    columns = rows.view("<u8").astype(np.uint64, copy=False).T
    first, second, third = _words(_START, count)
    state = (first, second, third)
    for at in range(0, len(columns), _BLOCK_BYTES // _WORD_BYTES):
        block = [np.ascontiguousarray(column) for column in columns[at : at + _BLOCK_BYTES // _WORD_BYTES]]
        state = _compress(state, block, _boxes())
    return np.stack(state, axis=1).astype("<u8").tobytes()
