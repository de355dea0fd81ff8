# SPDX-License-Identifier: EUPL-1.2
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.warningfiles.code import CODE_ALPHABET, VerifyCode, nearest_code, new_code, parse_code

codes = st.binary(min_size=7, max_size=7).map(lambda raw: new_code(lambda _: raw))


def _symbols(code: str) -> list[str]:
    return list(code.replace("-", ""))


def _is_code(symbols: list[str]) -> bool:
    try:
        parse_code("".join(symbols))
    except BadInput:
        return False
    return True


def _undetected(spoil: Callable[[random.Random, list[str]], list[str]], trials: int) -> int:
    chance = random.Random(5)
    missed = 0
    for _ in range(trials):
        symbols = _symbols(new_code(chance.randbytes))
        spoiled = spoil(chance, list(symbols))
        missed += spoiled != symbols and _is_code(spoiled)
    return missed


def _wrong(count: int) -> Callable[[random.Random, list[str]], list[str]]:
    def spoil(chance: random.Random, symbols: list[str]) -> list[str]:
        for place in chance.sample(range(12), count):
            symbols[place] = chance.choice([one for one in CODE_ALPHABET if one != symbols[place]])
        return symbols

    return spoil


def _swapped(distance: int) -> Callable[[random.Random, list[str]], list[str]]:
    def spoil(chance: random.Random, symbols: list[str]) -> list[str]:
        left = chance.randrange(12 - distance)
        symbols[left], symbols[left + distance] = symbols[left + distance], symbols[left]
        return symbols

    return spoil


def test_the_published_example_is_a_code() -> None:
    assert parse_code("FVPA-GSRR-NJ60") == "FVPA-GSRR-NJ60"


@given(codes)
def test_a_code_reads_back_as_itself(code: VerifyCode) -> None:
    assert parse_code(code) == code == nearest_code(code)


@given(codes, st.sampled_from(["", " ", "\u2013", "\u2011", " - ", "\u200e"]), st.booleans())
def test_a_code_is_read_as_people_type_it(code: VerifyCode, dash: str, lower: bool) -> None:  # noqa: FBT001
    typed = code.replace("-", dash).replace("0", "O").replace("1", "l")
    assert parse_code(typed.lower() if lower else typed) == code


@given(codes, st.integers(0, 11), st.sampled_from(CODE_ALPHABET))
def test_one_wrong_symbol_is_noticed_and_named(code: VerifyCode, place: int, symbol: str) -> None:
    symbols = _symbols(code)
    if symbols[place] == symbol:
        return
    symbols[place] = symbol
    with pytest.raises(BadInput, match="mistyped"):
        parse_code("".join(symbols))
    assert nearest_code("".join(symbols)) == code


@given(st.text(max_size=80))
def test_any_text_is_a_code_or_is_refused(raw: str) -> None:
    try:
        parsed = parse_code(raw)
    except BadInput:
        return
    assert parse_code(parsed) == parsed


@given(st.text(max_size=80))
def test_a_suggestion_is_always_a_code(raw: str) -> None:
    suggestion = nearest_code(raw)
    assert suggestion is None or parse_code(suggestion) == suggestion


@pytest.mark.parametrize("spoil", [_wrong(1), _wrong(2), _swapped(1), _swapped(2)])
def test_no_single_or_double_error_and_no_swap_goes_unnoticed(
    spoil: Callable[[random.Random, list[str]], list[str]],
) -> None:
    assert _undetected(spoil, 3_000) == 0


def test_three_wrong_symbols_go_unnoticed_about_once_in_a_thousand() -> None:
    assert _undetected(_wrong(3), 8_000) <= 20


def test_a_random_string_passes_about_once_in_a_thousand() -> None:
    missed = _undetected(lambda chance, _: chance.choices(CODE_ALPHABET, k=12), 8_000)
    assert 1 <= missed <= 20


def test_a_refusal_says_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(BadInput, match="11 signs, not 12") as short:
        parse_code("FVPA-GSRR-NJ6")
    assert "under the QR code" in short.value.remedy
    with pytest.raises(BadInput, match="'U'"):
        parse_code("FVPA-GSRU-NJ60")
    assert nearest_code("FVPA") is None
