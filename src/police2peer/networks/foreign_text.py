# SPDX-License-Identifier: EUPL-1.2
"""What trackers, hubs and servers say in words: shown to the operator short, printable and without addresses."""

import re
from typing import Final

_MOST_TEXT: Final = 120
_ADDRESS_LIKE: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,}")


def without_addresses(text: str) -> str:
    """Give a foreign text short, printable and with every address replaced."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 8 * _MOST_TEXT])
    return _ADDRESS_LIKE.sub("<address>", plain)[:_MOST_TEXT].strip() or "no reason given"
