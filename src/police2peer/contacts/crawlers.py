# SPDX-License-Identifier: EUPL-1.2
"""Why an exchange was no contact: what kind of crawler it looked like, from what the peer did with us alone.

Nobody is a crawler by name or by address. The class is given when a visit closes without a request for data; whoever
asks for data is a contact, and a crawler's manner is then told beside it (`ExculpatoryFlag.CRAWLER_SIGNATURE`).
"""

import enum
from typing import Final

MANY_OFFERS: Final = 8
"""From so many offers at about the same time on, one host is no reader of titles: people choose a few."""


class CrawlerReason(enum.StrEnum):
    """What the peer left it at, and how it went about."""

    HANDSHAKE_ONLY = "handshake only"
    METADATA_ONLY = "metadata only"
    ALREADY_COMPLETE = "had it already"  # said that it holds everything: another seed, or a probe that pretends to
    SCANNER = "many offers, handshake only"
    INDEXER = "many offers, metadata only"


def crawler_reason(*, read_metadata: bool, was_complete: bool, offers_spoken_of: int) -> CrawlerReason:
    """Name the class of a peer that asked for no data.

    `was_complete` says that the peer told it holds the whole file, `offers_spoken_of` about how many of our offers
    its host spoke at about the same time.
    """
    if offers_spoken_of >= MANY_OFFERS:
        return CrawlerReason.INDEXER if read_metadata else CrawlerReason.SCANNER
    if read_metadata:
        return CrawlerReason.METADATA_ONLY
    return CrawlerReason.ALREADY_COMPLETE if was_complete else CrawlerReason.HANDSHAKE_ONLY
