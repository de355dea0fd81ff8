# SPDX-License-Identifier: EUPL-1.2
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign.badge import MAX_BADGE_BYTES, check_badge
from police2peer.errors import BadInput

_SAMPLE = (Path(__file__).parents[2] / "examples/sample/badge.svg").read_bytes()
_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8">'
_GRADIENT = '<defs><linearGradient id="g"><stop offset="0" stop-color="rgb(1, 2, 3)"/></linearGradient></defs>'


def _svg(inside: str) -> bytes:
    return f"{_HEAD}{inside}</svg>".encode()


@pytest.mark.parametrize(
    "svg",
    [
        _SAMPLE,
        _svg('<g transform="translate(1 2) rotate(3)"><circle cx="4" cy="4" r="2" fill="#fff"/></g>'),
        _svg(_GRADIENT + '<rect width="8" height="8" fill="url(#g)"/>'),
        _svg(_GRADIENT + '<radialGradient id="h" xlink:href="#g"/><path style="fill:url( \'#h\' )" d="M0 0h8v8z"/>'),
        b"\xef\xbb\xbf" + _svg("<title>Shield</title>"),
    ],
)
def test_a_plain_drawing_passes(svg: bytes) -> None:
    check_badge(svg)


@pytest.mark.parametrize(
    ("svg", "told"),
    [
        (b"", "no SVG picture"),
        (b"GIF89a", "no SVG picture"),
        (b"\xff\xfe<\x00s\x00", "UTF-8"),
        (b"<html/>", "no SVG picture"),
        (b"<svg/>", "no SVG picture"),
        (_svg("<g>"), "not XML"),
        (_svg(" " * MAX_BADGE_BYTES), "256 KiB"),
        (_svg("<g>" * 40 + "</g>" * 40), "too many parts"),
        (_svg("<g/>" * 6000), "too many parts"),
        (b'<!DOCTYPE svg [<!ENTITY a "x">]>' + _svg("<title>&a;</title>"), "document type"),
        (b'<!DOCTYPE svg SYSTEM "file:///etc/hostname">' + _svg(""), "document type"),
        (b'<?xml-stylesheet href="https://p2p.police.example/a.css"?>' + _svg(""), "processing instruction"),
        (_svg("<script>1</script>"), "<script>"),
        (_svg("<foreignObject/>"), "<foreignObject>"),
        (_svg('<image href="secret.png"/>'), "<image>"),
        (_svg('<image href="data:image/png;base64,AAAA"/>'), "<image>"),
        (_svg('<use href="#a"/>'), "<use>"),
        (_svg("<style>@import 'https://p2p.police.example/a.css';</style>"), "<style>"),
        (_svg("<text>A</text>"), "<text>"),
        (_svg('<a href="https://p2p.police.example"><path d="M0 0"/></a>'), "<a>"),
        (_svg('<animate attributeName="href"/>'), "<animate>"),
        (_svg('<g xmlns="http://www.w3.org/1999/xhtml"/>'), "<g>"),
        (_svg('<g onload="x()"/>'), "runs something"),
        (_svg('<g OnClick="x()"/>'), "runs something"),
        (_svg('<linearGradient xlink:href="other.svg#g"/>'), "outside itself"),
        (_svg('<linearGradient href="javascript:x"/>'), "outside itself"),
        (_svg('<path fill="url(https://p2p.police.example/a.svg#g)"/>'), "outside itself"),
        (_svg("<path fill=\"URL ( 'other.svg#g' )\"/>"), "outside itself"),
        (_svg('<path style="fill:url(//p2p.police.example/a)"/>'), "outside itself"),
        (_svg('<path style="fill:url(#ok);stroke:url(other.svg)"/>'), "outside itself"),
        (_svg('<path style="fill:u\\72l(other.svg)"/>'), "hides"),
        (_svg('<path style="fill:u/**/rl(other.svg)"/>'), "hides"),
        (_svg("<path style=\"fill:image-set('other.png' 1x)\"/>"), "calls something"),
        (_svg('<g xml:base="https://p2p.police.example/"/>'), "another program"),
        (_svg('<g xmlns:i="http://ns.example/i" i:label="x"/>'), "another program"),
    ],
)
def test_whatever_is_more_than_a_drawing_is_refused_with_a_reason(svg: bytes, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_badge(svg)
    assert told in caught.value.facts
    assert caught.value.remedy


@given(st.binary(max_size=400))
def test_foreign_bytes_are_refused_and_break_nothing(content: bytes) -> None:
    with pytest.raises(BadInput):
        check_badge(content)


@given(st.integers(0, len(_SAMPLE) - 1), st.binary(max_size=12), st.integers(0, 12))
def test_a_damaged_badge_passes_or_is_refused(place: int, put: bytes, dropped: int) -> None:
    try:
        check_badge(_SAMPLE[:place] + put + _SAMPLE[place + dropped :])
    except BadInput as error:
        assert error.remedy  # noqa: PT017 - both ends are right, and only these two


_NAMES = st.sampled_from(["path", "g", "script", "image", "use", "style", "linearGradient", "a", "set", "filter"])
_KEYS = st.sampled_from(["fill", "href", "xlink:href", "style", "onload", "src", "d", "clip-path", "xml:base"])
_VALUES = st.one_of(
    st.sampled_from(
        ["#g", "url(#g)", "url(x.svg)", "javascript:x", "http://p2p.police.example/", "@import x", "red"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='<&"\ufffe\uffff'),
        max_size=20,
    ),
)


@given(st.lists(st.tuples(_NAMES, st.dictionaries(_KEYS, _VALUES, max_size=3)), max_size=4))
def test_nothing_that_passes_can_lead_out_of_the_file(parts: list[tuple[str, dict[str, str]]]) -> None:
    inside = "".join(
        f"<{name} " + " ".join(f'{key}="{value}"' for key, value in values.items()) + "/>" for name, values in parts
    )
    try:
        check_badge(_svg(inside))
    except BadInput:
        return
    for element in ET.fromstring(_svg(inside)).iter():  # noqa: S314 - made here
        assert element.tag.rpartition("}")[2] in {"svg", "path", "g", "linearGradient"}
        for key, value in element.attrib.items():
            assert not key.startswith("on")
            if key.endswith(("href", "src")):
                assert value.startswith("#")
            assert not re.search(r"url\s*\(\s*[^#\s]", value, re.IGNORECASE)
