# SPDX-License-Identifier: EUPL-1.2
"""What a search of ADC asks for, and how an answer is written.

Source: ADC 1.0.4 (SCH, RES), ADC-EXT (TIGR; SEGA is not offered, its GR and RX are unknown fields to us).
"""

from dataclasses import dataclass

from police2peer.errors import BadInput
from police2peer.networks.directconnect.message import Message, fields, parse_number
from police2peer.networks.search import Search

_DIRECTORY = "2"


@dataclass(frozen=True, slots=True)
class Asked:
    """One search: by words or by the root of a file's tree; `token` goes back with each answer.

    `wants_directory`: a directory is looked for, and we have none to offer.
    """

    search: Search | None
    tth: str
    token: str
    wants_directory: bool


def read_search(message: Message) -> Asked | None:
    """Read a search; None when it holds nothing that we know. Raises `BadInput` for a malformed number."""
    words: list[str] = []
    excluded: list[str] = []
    extensions: list[str] = []
    said: dict[str, str] = {}
    for parameter in message.parameters:
        name, value = parameter[:2], parameter[2:]
        match name:
            case "AN" if value:
                words.append(value)
            case "NO":
                excluded.append(value)
            case "EX":
                extensions.append(value)
            case _:
                said[name] = value
    least, most = _sizes(said)
    tth, token, directory = said.get("TR", ""), said.get("TO", ""), said.get("TY") == _DIRECTORY
    if tth:
        return Asked(None, tth, token, directory)
    if not words:
        return None
    search = Search(tuple(words), tuple(excluded), tuple(extensions), least, most)
    return Asked(search, "", token, directory)


def _sizes(said: dict[str, str]) -> tuple[int, int | None]:
    least, most = 0, None
    try:
        if "GE" in said:
            least = parse_number(said["GE"])
        if "LE" in said:
            most = parse_number(said["LE"])
        if "EQ" in said:
            least = most = parse_number(said["EQ"])
    except BadInput:
        raise BadInput("a search names no size but something else", remedy="nothing of it was used") from None
    return least, most


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: `path` is where the file stands in our list."""

    path: str
    size_bytes: int
    tth: str


def result_fields(found: Found, *, free_slots: int, token: str = "") -> tuple[str, ...]:
    """Give the parameters of a RES."""
    said: dict[str, str | int] = {
        "FN": found.path,
        "SI": found.size_bytes,
        "SL": free_slots,
        "TR": found.tth,
    }
    if token:
        said["TO"] = token
    return fields(said)
