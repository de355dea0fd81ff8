# SPDX-License-Identifier: EUPL-1.2
"""Reads what people paste or scan: magnet links, ed2k links, and the address behind a QR code.

Promise: nothing is fetched; names, sizes, trackers, sources and hosts are dropped unread, and no error repeats them.
The browser reads the same texts alike (site/assets/code.js); one list of cases holds both.
Source: BEP 9 and BEP 53 (btih, btmh); the magnet topics of Direct Connect, Gnutella and eD2k clients;
`ed2k://|file|NAME|SIZE|HASH|/` as aMule and eMule write it.
"""

import base64
import re
from urllib.parse import parse_qsl, unquote

from police2peer.catalogue.lookup import Alias, parse_network_id
from police2peer.errors import BadInput

__all__ = ["is_link", "parse_link", "take_code_from_address"]

_LONGEST_LINK = 16_384
_COPY_AGAIN = "copy the whole link again, in quotes, or check the file itself"
_BTIH_BASE32 = re.compile(r"[A-Z2-7]{32}")
_SHA256_MULTIHASH = "1220"  # multihash prefix: SHA-256, 32 bytes
_TOPIC_TYPES = {"btih": "btih", "btmh": "btmh", "ed2k": "ed2k", "ed2khash": "ed2k", "aich": "aich", "tiger": "tth"}
_UPPER_CASE = frozenset({"aich", "tth"})
_TOPIC_NAME = re.compile(r"xt(\.[0-9]+)?")
_ADDRESS = re.compile(r"https?://[^#]*#(.*)", re.IGNORECASE | re.DOTALL)
_ED2K_FIELDS = 6  # ed2k://, file, name, size, hash and at least the slash
_SIZE = re.compile(r"[0-9]{1,20}")


def is_link(raw: str) -> bool:
    """Whether a text begins as a magnet or ed2k link does."""
    return raw.strip().lower().startswith(("magnet:", "ed2k:"))


def parse_link(raw: str) -> tuple[Alias, ...]:
    """Read the network ids of a magnet or ed2k link, each once. Raises `BadInput`."""
    text = raw.strip()
    if len(text) > _LONGEST_LINK:
        raise BadInput("this is far too long for a link", remedy=_COPY_AGAIN)
    found = _read_ed2k(text) if text.lower().startswith("ed2k:") else _read_magnet(text)
    if not found:
        raise BadInput("this link does not say which file it means", remedy=_COPY_AGAIN)
    return tuple(dict.fromkeys(found))


def take_code_from_address(raw: str) -> str:
    """Give what stands behind the `#` of a web address, as a QR code of ours has it; any other text as it is."""
    address = _ADDRESS.fullmatch(raw.strip()) if len(raw) <= _LONGEST_LINK else None
    return unquote(address.group(1), errors="replace") if address else raw


def _read_magnet(text: str) -> list[Alias]:
    if not text.lower().startswith("magnet:?"):
        raise BadInput("this is no magnet or ed2k link", remedy=_COPY_AGAIN)
    try:
        fields = parse_qsl(text[len("magnet:?") :], max_num_fields=200, errors="replace")
    except ValueError as error:
        raise BadInput("this magnet link has too many parts", remedy=_COPY_AGAIN) from error
    topics = [value for name, value in fields if _TOPIC_NAME.fullmatch(name.lower())]
    return [alias for topic in topics if (alias := _read_topic(topic)) is not None]


def _read_topic(topic: str) -> Alias | None:
    """Read one topic; None when it is of a kind that the catalogue does not hold."""
    scheme, _, rest = topic.partition(":")
    kind, _, value = rest.partition(":")
    if scheme.lower() != "urn":
        return None
    if kind.lower() == "tree":
        kind, _, value = value.partition(":")  # urn:tree:tiger:
    id_type = _TOPIC_TYPES.get(kind.lower())
    if id_type is None:
        return None
    if id_type == "btih" and _BTIH_BASE32.fullmatch(value.upper()):
        value = base64.b32decode(value.upper()).hex()
    if id_type == "btmh":
        value = value.removeprefix(_SHA256_MULTIHASH)
    return _name(id_type, value.upper() if id_type in _UPPER_CASE else value.lower())


def _name(id_type: str, value: str) -> Alias:
    try:
        return parse_network_id(id_type, value)
    except BadInput as error:
        raise BadInput("this link names its file in no known form", remedy=_COPY_AGAIN) from error


def _read_ed2k(text: str) -> list[Alias]:
    """Read `ed2k://|file|NAME|SIZE|HASH|h=AICH|/`; browsers write the bars as %7C."""
    fields = re.sub("%7c", "|", text, flags=re.IGNORECASE).split("|")
    if len(fields) < _ED2K_FIELDS or fields[0].lower() != "ed2k://" or fields[1].lower() != "file":
        raise BadInput("this ed2k link names no file", remedy=_COPY_AGAIN)
    if not _SIZE.fullmatch(fields[3]):
        raise BadInput("this ed2k link has no size where it should", remedy=_COPY_AGAIN)
    end = fields.index("/", 5) if "/" in fields[5:] else len(fields)
    trees = [field[2:] for field in fields[5:end] if field.lower().startswith("h=")]
    return [_name("ed2k", fields[4].lower()), *(_name("aich", tree.upper()) for tree in trees)]
