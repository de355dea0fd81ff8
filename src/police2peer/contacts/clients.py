# SPDX-License-Identifier: EUPL-1.2
"""Which program a peer says it is, reduced to a family.

Only the family is ever counted: an exact version with a rare platform could single a person out. The table
reads the prefix of a BitTorrent peer id; a program's own words (BEP 10 handshake, or what another network
sends) decide where they name a family we know. Neither is proof: both are what the peer claims.

Sources: BEP 20; prefixes seen from real clients (facts/bittorrent.md, section 2: libtorrent's own table maps
aria2 to another product, hence this one).
"""

from functools import lru_cache
from typing import Final, NewType

ClientFamily = NewType("ClientFamily", str)

OTHER: Final = ClientFamily("other")
"""A client that named itself as something not in the table."""
UNNAMED: Final = ClientFamily("unnamed")
"""A client that gave no name in time."""

# Azureus style, `-XXvvvv-`: two letters name the program.
_AZUREUS: Final = {
    b"AZ": "Vuze",
    b"BC": "BitComet",
    b"BG": "BTGetit",
    b"BI": "BiglyBT",
    b"BT": "BitTorrent",
    b"BW": "BitTorrent Web",
    b"DE": "Deluge",
    b"FD": "Free Download Manager",
    b"FL": "Flud",
    b"FW": "FrostWire",
    b"HL": "Halite",
    b"KG": "KGet",
    b"KT": "KTorrent",
    b"LT": "libtorrent",
    b"LW": "LimeWire",
    b"MG": "Media Get",
    b"PI": "PicoTorrent",
    b"TR": "Transmission",
    b"TX": "Tixati",
    b"UM": "uTorrent",
    b"UT": "uTorrent",
    b"UW": "uTorrent Web",
    b"WD": "WebTorrent",
    b"WW": "WebTorrent",
    b"XL": "Xunlei",
    b"lt": "rTorrent",
    b"qB": "qBittorrent",
}
# Other styles: how the id begins.
_BEGINNINGS: Final = {
    b"A2-": "aria2",
    b"TIX": "Tixati",
    b"M7-": "BitTorrent",
    b"exbc": "BitComet",
}
# How the program's own words begin, lower case; the longer entry wins.
_WORDS: Final = {
    "++": "DC++",
    "airdc++": "AirDC++",
    "amule": "aMule",
    "apexdc++": "ApexDC++",
    "aria2": "aria2",
    "biglybt": "BiglyBT",
    "bitcomet": "BitComet",
    "bittorrent": "BitTorrent",
    "deluge": "Deluge",
    "dc++": "DC++",
    "edonkey": "eDonkey",
    "eiskaltdc++": "EiskaltDC++",
    "emule": "eMule",
    "emule compatible": OTHER,
    "flud": "Flud",
    "flylinkdc++": "FlylinkDC++",
    "free download manager": "Free Download Manager",
    "ktorrent": "KTorrent",
    "libtorrent": "libtorrent",
    "libtorrent (rakshasa)": "rTorrent",
    "lphant": "lphant",
    "mldonkey": "MLDonkey",
    "ncdc": "ncdc",
    "picotorrent": "PicoTorrent",
    "qbittorrent": "qBittorrent",
    "rtorrent": "rTorrent",
    "shareaza": "Shareaza",
    "tixati": "Tixati",
    "transmission": "Transmission",
    "vuze": "Vuze",
    "webtorrent": "WebTorrent",
    "µtorrent": "uTorrent",
    "utorrent": "uTorrent",
}
_LONGEST_FIRST: Final = sorted(_WORDS, key=len, reverse=True)
_MOST_FAMILY_LETTERS: Final = max(map(len, _WORDS))
_PREFIX_BYTES: Final = 8


def client_family(peer_id: bytes, name: str) -> ClientFamily:
    """Name the family of a client from the prefix of its id and from its own words."""
    words = clean_words(name).casefold() if name else ""
    return _family(peer_id[:_PREFIX_BYTES], words[:_MOST_FAMILY_LETTERS])


@lru_cache(maxsize=4096)
def _family(peer_id: bytes, words: str) -> ClientFamily:
    for beginning in _LONGEST_FIRST:
        if words.startswith(beginning):
            return ClientFamily(_WORDS[beginning])
    for start, family in _BEGINNINGS.items():
        if peer_id.startswith(start):
            return ClientFamily(family)
    if peer_id[:1] == b"-":
        return ClientFamily(_AZUREUS.get(peer_id[1:3], OTHER))
    return OTHER if peer_id.strip(b"\0") or words else UNNAMED


def known_families() -> frozenset[ClientFamily]:
    """Give every value `client_family` can return."""
    tables = (_AZUREUS.values(), _BEGINNINGS.values(), _WORDS.values())
    return frozenset(ClientFamily(name) for table in tables for name in table) | {OTHER, UNNAMED}


VERIFIED_BY_CODE: Final = ClientFamily("code used")
"""Stands for the program where somebody used the code of a file on the public page: nothing is known about them."""

# Programs whose stock version fetches by itself what a subscribed list (RSS and the like) names.
_FETCH_LISTS: Final = frozenset({"BiglyBT", "BitTorrent", "Tixati", "Vuze", "qBittorrent", "uTorrent"})
# Programs that usually run without a window, or as a part of another program.
_SHOW_NO_TITLE: Final = frozenset({"aria2", "libtorrent", "rTorrent", "WebTorrent"})

MOST_WORDS: Final = 200


def fetches_lists(client: ClientFamily) -> bool:
    """Whether the program can fetch by itself what a list names."""
    return client in _FETCH_LISTS


def shows_no_title(client: ClientFamily) -> bool:
    """Whether the program as a rule shows nobody a title, as far as we know."""
    return client in _SHOW_NO_TITLE


def clean_words(name: str) -> str:
    """Give what a program called itself without anything but visible characters and single spaces, and not long."""
    words = " ".join(name[: 4 * MOST_WORDS].split())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)[:MOST_WORDS]
