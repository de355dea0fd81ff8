# SPDX-License-Identifier: EUPL-1.2
"""The words of ADC as tables: who may send what, how many places a command has, what codes mean.

Source: ADC 1.0.4 ("Message syntax", "BASE messages"), ADC-EXT 1.0.9 (TIGR, BZIP, ZLIB-GET, ADCS, KEYP, AP, FS).
"""

from typing import Final

MOST_LINE_BYTES: Final = 64 * 1024
"""No honest message is longer; DC++ sends searches and user lists line by line, some hundred bytes each."""

# Which headers a message kind has before its parameters: the sender's SID or CID, the receiver's SID, features.
SID: Final = "sid"
CID: Final = "cid"
FEATURES: Final = "features"
HEADERS: Final = {
    "B": (SID,),
    "C": (),
    "D": (SID, SID),
    "E": (SID, SID),
    "F": (SID, FEATURES),
    "H": (),
    "I": (),
    "U": (CID,),
}

POSITIONAL: Final = {
    "CTM": 3,  # protocol, port, token
    "GET": 4,  # type, identifier, first byte, length
    "GFI": 2,  # type, identifier
    "GPA": 1,  # random data
    "INF": 0,
    "MSG": 1,
    "PAS": 1,
    "QUI": 1,  # whose session id
    "RCM": 2,  # protocol, token
    "RES": 0,
    "SCH": 0,
    "SID": 1,
    "SND": 4,
    "STA": 2,  # code, description
    "SUP": 0,
}
"""Commands that we read, with the number of parameters that must stand before the named ones."""

SID_LETTERS: Final = 4
CID_LETTERS: Final = 39  # 24 bytes of Tiger, without padding
TIGER_BYTES: Final = 24

FEATURES_TO_HUB: Final = ("BASE", "TIGR")
FEATURES_TO_PEER: Final = ("BASE", "TIGR", "BZIP", "ZLIG")

PLAIN: Final = "ADC/1.0"
TLS: Final = ("ADCS/0.10", "ADCS/1.0")
"""What a peer names when it wants a connection; DC++ and its kin say 0.10, the specification 1.0."""

MOST_RESULTS_ACTIVE: Final = 10  # ADC 1.0, RES
MOST_RESULTS_PASSIVE: Final = 5

# Codes of STA that we send.
NOT_AVAILABLE: Final = "151"
SLOTS_FULL: Final = "153"
PROTOCOL_UNSUPPORTED: Final = "141"
PROTOCOL_FAULT: Final = "240"

REFUSALS: Final = {
    "10": "it had an error",
    "11": "it is full",
    "12": "it is out of service",
    "20": "it refused the login",
    "21": "it refused the nick",
    "22": "the nick is taken",
    "23": "the password is wrong",
    "24": "the client id is taken: is another node using this identity?",
    "25": "it denied access",
    "26": "it takes registered users only",
    "27": "it refused the private id",
    "30": "it sent us away",
    "31": "it banned us for good",
    "32": "it banned us for a while",
    "40": "it found a fault in our messages",
    "43": "it refused what we say of ourselves (a share that is too small, slots, hubs)",
    "44": "it found us in the wrong state",
    "45": "it wants a feature that we lack",
    "46": "it refused our address",
    "47": "it has no hash in common with us",
}
"""What the last two digits of a fatal status say, in our words."""

FOR_GOOD: Final = frozenset({"23", "26", "31"})
"""After these it is no use to come again: somebody must change the settings, or ask the owner."""
