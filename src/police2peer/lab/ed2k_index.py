# SPDX-License-Identifier: EUPL-1.2
"""What the lab's eD2k server knows: who offers what under which names, and how searches are read and matched.

No socket. A file is listed under every name it was offered with. Source: Kulbak and Bickson (2005), section 5;
aMule, `SearchList.cpp` and `Parser.y`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from police2peer.campaign import words_of
from police2peer.errors import BadInput
from police2peer.networks.ed2k.protocol import Fields, numbers_of, read_tags, texts_of

_MOST_NODES: Final = 200  # of one search
_MOST_OFFERED: Final = 1000  # in one packet
_FILE_NAME, _FILE_SIZE, _FILE_TYPE, _FILE_SIZE_HIGH = 0x01, 0x02, 0x03, 0x3A
_AT_LEAST: Final = frozenset({1, 3})
_AT_MOST: Final = frozenset({2, 4})


@dataclass(frozen=True, slots=True)
class Listed:
    """One name of one file, as somebody offered it."""

    hash: bytes
    name: str
    size: int
    kind: str
    words: frozenset[str] = field(default=frozenset())


def read_offers(payload: bytes) -> list[Listed]:
    """Read what a client offers; raises `BadInput`."""
    fields = Fields(payload)
    count = fields.number(4)
    if count > _MOST_OFFERED:
        raise BadInput("a client offers more files at once than is taken", remedy="offer them in several packets")
    offered = []
    for _ in range(count):
        hash_ = fields.hash()
        fields.take(6)  # where the file is; the server knows better
        tags = read_tags(fields)
        numbers, texts = numbers_of(tags), texts_of(tags)
        name = texts.get(_FILE_NAME, "")
        size = numbers.get(_FILE_SIZE, 0) | numbers.get(_FILE_SIZE_HIGH, 0) << 32
        offered.append(Listed(hash_, name, size, texts.get(_FILE_TYPE, ""), frozenset(words_of(name))))
    return offered


Matches = Callable[[Listed], bool]


def read_search(payload: bytes) -> Matches:
    """Read a search as a question to each listed file; raises `BadInput`."""
    return _read_node(Fields(payload), [_MOST_NODES])


def _read_node(fields: Fields, left: list[int]) -> Matches:
    left[0] -= 1
    if left[0] < 0:
        raise BadInput("a search has more parts than any needs", remedy="search for less")
    match fields.number(1):
        case 0x00:
            return _read_branch(fields, left)
        case 0x01:
            words = frozenset(words_of(fields.text()))
            return lambda listed: words <= listed.words
        case 0x02:
            value, name = fields.text(), fields.take(fields.number(2))
            return _text_matches(value, name)
        case 0x03:
            return _number_matches(fields.number(4), fields)
        case 0x08:
            return _number_matches(fields.number(8), fields)
    raise BadInput("a search has a part of an unknown kind", remedy="search by words, type and size")


def _read_branch(fields: Fields, left: list[int]) -> Matches:
    how = fields.number(1)
    one, other = _read_node(fields, left), _read_node(fields, left)
    match how:
        case 0:
            return lambda listed: one(listed) and other(listed)
        case 1:
            return lambda listed: one(listed) or other(listed)
        case 2:
            return lambda listed: one(listed) and not other(listed)
    raise BadInput("a search joins its parts in an unknown way", remedy="use AND, OR or NOT")


def _text_matches(value: str, name: bytes) -> Matches:
    if name == bytes((_FILE_TYPE,)):
        return lambda listed: listed.kind == value
    if name == b"\x04":  # the extension
        return lambda listed: listed.name.casefold().endswith("." + value.casefold())
    return lambda _: False


def _number_matches(value: int, fields: Fields) -> Matches:
    how, name = fields.number(1), fields.take(fields.number(2))
    if name != bytes((_FILE_SIZE,)):
        return lambda _: True  # sources, bit rate and the like: the lab does not sort by them
    if how in _AT_LEAST:
        return lambda listed: listed.size >= value
    if how in _AT_MOST:
        return lambda listed: listed.size <= value
    return lambda listed: listed.size == value


class Index:
    """What is offered now; a client is any object that stands for its connection."""

    def __init__(self) -> None:
        self._offered: dict[object, dict[tuple[bytes, str], Listed]] = {}
        self._sources: dict[bytes, dict[object, None]] = {}

    @property
    def files(self) -> int:
        """How many different files are offered."""
        return len(self._sources)

    def offer(self, client: object, listed: list[Listed]) -> None:
        """Add what a client offers."""
        mine = self._offered.setdefault(client, {})
        for one in listed:
            mine[one.hash, one.name] = one
            self._sources.setdefault(one.hash, {})[client] = None

    def leave(self, client: object) -> None:
        """Forget what a client offered."""
        for one in self._offered.pop(client, {}).values():
            sources = self._sources.get(one.hash, {})
            sources.pop(client, None)
            if not sources:
                self._sources.pop(one.hash, None)

    def search(self, matches: Matches, most: int) -> list[tuple[Listed, int]]:
        """Give what matches, each name of each file once, with the number of its sources."""
        found: dict[tuple[bytes, str], Listed] = {}
        for mine in self._offered.values():
            for key, one in mine.items():
                if len(found) < most and key not in found and matches(one):
                    found[key] = one
        return [(one, len(self._sources[one.hash])) for one in found.values()]

    def lists(self, name: str) -> bool:
        """Whether a file is listed under this name now."""
        return any(one.name == name for mine in self._offered.values() for one in mine.values())

    def sources(self, hash_: bytes) -> list[object]:
        """Give the clients that offer a file."""
        return list(self._sources.get(hash_, ()))
