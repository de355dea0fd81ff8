# SPDX-License-Identifier: EUPL-1.2
from xml.etree import ElementTree as ET

from police2peer.measure import Bar, bar_chart


def _rects(svg: str, kind: str) -> list[float]:
    root = ET.fromstring(svg)  # noqa: S314 - made a line above
    return [
        float(r.get("width", "0")) for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("class") == kind
    ]


def test_a_bar_is_as_long_as_its_share_of_the_longest() -> None:
    svg = bar_chart("Ladder", "How far contacts went", [Bar("asked", 200), Bar("received all", 50)])
    longest, shorter = _rects(svg, "bar")
    assert longest == 4 * shorter


def test_every_count_stands_as_text_and_labels_are_escaped() -> None:
    svg = bar_chart("A & B", "d", [Bar("<x>", 12345)])
    texts = [e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert texts == ["<x>", "12,345"]


def test_a_chart_of_nothing_draws_no_bar() -> None:
    assert _rects(bar_chart("t", "d", [Bar("none", 0)]), "bar") == [0.0]
