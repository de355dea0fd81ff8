# SPDX-License-Identifier: EUPL-1.2
"""The address of a key in a token: `pkcs11:token=ceremony;object=root-1?pin-source=file:/path`.

It names the token and the key in it, and may name where the PIN lies and which library speaks to the token. A PIN
itself never stands in an address, for addresses stand in files, in histories and in lists of processes.
Source: RFC 7512 (2.3 path attributes, 2.4 query attributes).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes

from police2peer.errors import BadInput

__all__ = ["SCHEME", "TokenUri"]

SCHEME = b"pkcs11:"
_MOST_CHARACTERS = 1_000
_TEXTS = ("token", "manufacturer", "model", "serial", "object")
_ESCAPED = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})*")
_REMEDY = "write it as in pkcs11:token=ceremony;object=root-1 (RFC 7512); pkcs11-tool lists what a token has"


def _bad(what: str) -> BadInput:
    return BadInput(f"{what} in the address of a token's key", remedy=_REMEDY)


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Which token, which key in it, where its PIN lies and which library speaks to it."""

    token: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    object: str | None = None
    id: bytes | None = None
    pin_file: Path | None = None
    module: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "TokenUri":
        """Read an address. Raises `BadInput` for what cannot be one, and for one that holds a PIN."""
        scheme, _, rest = text.partition(":")
        if f"{scheme.lower()}:".encode() != SCHEME or len(text) > _MOST_CHARACTERS or not _ESCAPED.fullmatch(rest):
            raise BadInput("this is no address of a token's key", remedy=_REMEDY)
        path, _, query = rest.partition("?")
        named = _pairs(path, ";")
        asked = _pairs(query, "&")
        if named.pop("type", "private") != "private":
            raise _bad("another type than private stands")
        texts = {name: _text(named.pop(name)) for name in _TEXTS if name in named}
        key_id = unquote_to_bytes(named.pop("id")) if "id" in named else None
        if "pin-value" in asked:
            raise BadInput(
                "there is a PIN in the address of a token's key",
                remedy="change that PIN, and name a file that holds it: pin-source=file:/path",
            )
        pin_file, module = _path(asked.pop("pin-source", None)), _path(asked.pop("module-path", None))
        if unknown := sorted((*named, *asked)):
            raise _bad(f"the unknown word {unknown[0][:40]} stands")
        if not texts.get("object") and not key_id:
            raise _bad("neither object nor id of a key stands")
        return cls(**texts, id=key_id, pin_file=pin_file, module=module)

    @property
    def name(self) -> str:
        """What this key is called when somebody is asked for its PIN."""
        return self.object or self.token or "token"

    def __str__(self) -> str:
        named = [(name, quote(getattr(self, name), safe="")) for name in _TEXTS if getattr(self, name) is not None]
        if self.id is not None:
            named.append(("id", "".join(f"%{byte:02x}" for byte in self.id)))
        places = (("pin-source", self.pin_file), ("module-path", self.module))
        asked = "&".join(f"{name}={quote(str(place), safe='/')}" for name, place in places if place is not None)
        return SCHEME.decode() + ";".join(f"{name}={value}" for name, value in named) + (asked and f"?{asked}")


def _pairs(text: str, separator: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(separator) if text else ():
        name, equals, value = part.partition("=")
        if not equals or not value or name in found:
            raise _bad("a part without a value, or one that stands twice, is")
        found[name] = value
    return found


def _text(escaped: str) -> str:
    try:
        text = unquote(escaped, errors="strict")
    except UnicodeDecodeError:
        raise _bad("something that is not UTF-8 stands") from None
    if not text.isprintable():
        raise _bad("a control character stands")
    return text


def _path(escaped: str | None) -> Path | None:
    """Read a path, bare or as a file: address; programs to run (`|command`) are not followed."""
    if escaped is None:
        return None
    text = _text(escaped).removeprefix("file://").removeprefix("file:")
    if not text.startswith("/"):
        raise _bad("a path that does not begin at the root (/) stands")
    return Path(text)
