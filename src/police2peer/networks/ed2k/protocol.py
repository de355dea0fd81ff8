# SPDX-License-Identifier: EUPL-1.2
"""What others need to speak eD2k without our engine: the lab's server, and the peers of tests and measurements."""

from police2peer.networks.ed2k.greeting import LOWEST_HIGH_ID, Greeting, OurSelf, read_greeting
from police2peer.networks.ed2k.tags import Tag, numbers_of, read_tags, texts_of, write_tags
from police2peer.networks.ed2k.wire import (
    EDONKEY,
    EMULE,
    Fields,
    Op,
    Packet,
    PacketReader,
    ServerOp,
    encode_text,
    pack,
    pack_small,
)

__all__ = [
    "EDONKEY",
    "EMULE",
    "LOWEST_HIGH_ID",
    "Fields",
    "Greeting",
    "Op",
    "OurSelf",
    "Packet",
    "PacketReader",
    "ServerOp",
    "Tag",
    "encode_text",
    "numbers_of",
    "pack",
    "pack_small",
    "read_greeting",
    "read_tags",
    "texts_of",
    "write_tags",
]
