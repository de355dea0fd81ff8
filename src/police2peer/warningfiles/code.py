# SPDX-License-Identifier: EUPL-1.2
"""The short code printed in a warning file, such as `FVPA-GSRR-NJ60`.

Ten random symbols of Crockford's base32 (50 bits) and two check symbols of a Reed-Solomon code over GF(32).
Every one or two wrong symbols and every swap are noticed, and one wrong symbol can be named ("did you mean"),
which is offered to the reader and never accepted for them. A code proves nothing alone: anyone can copy one.

Source: Crockford, "Base 32"; Reed and Solomon 1960; field GF(2)[x] / (x^5 + x^2 + 1).
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import NewType

from police2peer.errors import BadInput

__all__ = ["CODE_ALPHABET", "VerifyCode", "nearest_code", "new_code", "parse_code"]

VerifyCode = NewType("VerifyCode", str)

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_SYMBOLS = 10
_SYMBOLS = 12
_RANDOM_BYTES = 7  # 56 bits, of which the low 50 are used
_GROUP = 4
_LONGEST_INPUT = 64  # what a person may paste, spaces and dashes of every kind among it

# Powers of the field's generator x, twice over so that sums of logarithms need no reduction.
_ORDER = 31
_FIELD = 0b100101


def _powers() -> tuple[int, ...]:
    powers, value = [], 1
    for _ in range(_ORDER):
        powers.append(value)
        value <<= 1
        value ^= _FIELD if value > _ORDER else 0
    return (*powers, *powers)


_POWER = _powers()
_LOG = {_POWER[index]: index for index in range(_ORDER)}
_VALUE = {symbol: value for value, symbol in enumerate(CODE_ALPHABET)}
# Read as Crockford reads them: what the eye takes for another symbol.
_VALUE |= {"O": 0, "I": 1, "L": 1}


def _times(left: int, right: int) -> int:
    return _POWER[_LOG[left] + _LOG[right]] if left and right else 0


def _syndromes(values: Sequence[int]) -> tuple[int, int]:
    """Give the plain sum and the sum weighted by x^position; both are 0 for a code."""
    plain = weighted = 0
    for position, value in enumerate(values):
        plain ^= value
        weighted ^= _times(value, _POWER[position])
    return plain, weighted


def _print(values: Sequence[int]) -> VerifyCode:
    symbols = "".join(CODE_ALPHABET[value] for value in values)
    return VerifyCode("-".join(symbols[at : at + _GROUP] for at in range(0, _SYMBOLS, _GROUP)))


def _complete(values: list[int]) -> list[int]:
    """Add the two check symbols c, d at positions 10, 11: c + d = plain and x^10 c + x^11 d = weighted."""
    plain, weighted = _syndromes(values)
    numerator = weighted ^ _times(plain, _POWER[_RANDOM_SYMBOLS + 1])
    denominator = _POWER[_RANDOM_SYMBOLS] ^ _POWER[_RANDOM_SYMBOLS + 1]
    first = _times(numerator, _POWER[_ORDER - _LOG[denominator]])
    return [*values, first, plain ^ first]


def new_code(random_bytes: Callable[[int], bytes]) -> VerifyCode:
    """Draw a code from `random_bytes(n)`, for which `secrets.token_bytes` is meant.

    Two of ten million codes are equal with probability 0.044: whoever issues codes tests that each is new.
    """
    number = int.from_bytes(random_bytes(_RANDOM_BYTES), "big")
    return _print(_complete([number >> (5 * place) & _ORDER for place in reversed(range(_RANDOM_SYMBOLS))]))


def _read(raw: str) -> list[int]:
    """Read twelve symbols, whether or not their checks hold. Raises `BadInput`."""
    if len(raw) > _LONGEST_INPUT:
        raise BadInput("this is too long for a code", remedy="type the 12 letters and digits under the QR code")
    folded = unicodedata.normalize("NFKC", raw).upper()
    kept = [char for char in folded if not char.isspace() and unicodedata.category(char) not in {"Pd", "Cf"}]
    unknown = [char for char in kept if char not in _VALUE]
    if unknown or len(kept) != _SYMBOLS:
        found = f"has a sign that no code has: {unknown[0]!a}" if unknown else f"has {len(kept)} signs, not 12"
        raise BadInput(f"this code {found}", remedy="type the 12 letters and digits under the QR code")
    return [_VALUE[char] for char in kept]


def parse_code(raw: str) -> VerifyCode:
    """Read a code as people type it: any case, any dashes or blanks, O for 0, I or L for 1.

    Raises `BadInput` when it is no code or a symbol is mistyped.
    """
    values = _read(raw)
    if _syndromes(values) != (0, 0):
        raise BadInput(
            "this code is mistyped: its check symbols do not fit", remedy="compare it with the file once more"
        )
    return _print(values)


def nearest_code(raw: str) -> VerifyCode | None:
    """Give the code at most one symbol away from `raw`, or None; only ever a question to the reader."""
    try:
        values = _read(raw)
    except BadInput:
        return None
    plain, weighted = _syndromes(values)
    if (plain, weighted) == (0, 0):
        return _print(values)
    if not plain or not weighted:
        return None
    position = (_LOG[weighted] - _LOG[plain]) % _ORDER
    if position >= _SYMBOLS:
        return None
    values[position] ^= plain
    return _print(values)
