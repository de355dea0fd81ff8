# SPDX-License-Identifier: EUPL-1.2
"""Four things that CASE/UCO demands of data by queries, which take the stock validator minutes: checked here at once.

1. No blank nodes; 2. every id ends in a UUID; 3. no facet belongs to two objects; 4. no dictionary has a key twice.
All else that the shapes ask for holds by the template, and the stock validator says so of a sample in the tests.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from police2peer.errors import BadInput

__all__ = ["check_graph"]

_ID: Final = re.compile(r"kb:[a-z-]+-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_REMEDY: Final = "report this with the version of the program; the pack was not written"


def check_graph(nodes: Iterable[dict[str, Any]]) -> None:
    """Raise `BadInput` for the first node that breaks one of the four."""
    facets: set[str] = set()
    for node in nodes:
        for inner in _objects(node):
            if not _ID.fullmatch(str(inner.get("@id", "_:"))):  # 1, 2
                raise BadInput("a node of the graph has no id of its own", remedy=_REMEDY)
            for facet in inner.get("core:hasFacet", ()):
                if facet["@id"] in facets:  # 3
                    raise BadInput("two objects of the graph share a facet", remedy=_REMEDY)
                facets.add(facet["@id"])
            entries = inner.get("types:entry", ())
            keys = [entry["types:key"] for entry in (entries if isinstance(entries, list) else [entries]) if entry]
            if len(keys) != len(set(keys)):  # 4
                raise BadInput("a dictionary of the graph has a key twice", remedy=_REMEDY)


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """Give every object with or without an id, but no literal."""
    if isinstance(value, dict):
        if "@value" in value:
            return
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
