# SPDX-License-Identifier: EUPL-1.2
"""The line of every key and list element of a TOML text that `tomllib` has accepted.

`tomllib` gives values without places. This scanner gives places without values: it knows just enough of
TOML 1.0 (toml.io/en/v1.0.0) to step over strings, lists and inline tables. It relies on the text being valid.
"""

import re
import tomllib

__all__ = ["KeyPath", "lines_of_keys"]

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


class _Scanner:
    """Walks the text once; `lines` holds what was found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._counted_to = 0
        self._line = 1
        # How many tables each list of tables ([[name]]) has so far.
        self._tables: dict[KeyPath, int] = {}

    def document(self) -> None:
        """Scan the whole text."""
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._starts("["):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _starts(self, symbol: str) -> bool:
        return self.text.startswith(symbol, self.at)

    def _note(self, path: KeyPath, at: int) -> None:
        self._line += self.text.count("\n", self._counted_to, at)
        self._counted_to = at
        self.lines.setdefault(path, self._line)

    def _header(self) -> KeyPath:
        start = self.at
        is_list = self._starts("[[")
        self.at += 2 if is_list else 1
        keys = self._key()
        self.at += 2 if is_list else 1
        path = self._resolve((), keys[:-1], start)
        path = (*path, keys[-1])
        if is_list:
            index = self._tables.get(path, 0)
            self._tables[path] = index + 1
            self._note(path, start)
            path = (*path, index)
        elif path in self._tables:
            path = (*path, self._tables[path] - 1)
        self._note(path, start)
        return path

    def _resolve(self, base: KeyPath, keys: list[str], at: int) -> KeyPath:
        """Follow dotted keys; a list of tables stands for its last table."""
        path = base
        for key in keys:
            path = (*path, key)
            self._note(path, at)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _key(self) -> list[str]:
        """Read a dotted key and the spaces around it."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self.at
            if self._string():
                raw = self.text[start : self.at]
                keys.append(tomllib.loads(f"key = {raw}")["key"])
            else:
                self._skip(_BARE_KEY)
                keys.append(self.text[start : self.at])
            self._skip(_SPACE)
            if not self._starts("."):
                return keys
            self.at += 1

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        keys = self._key()
        path = (*self._resolve(table, keys[:-1], start), keys[-1])
        self._note(path, start)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _string(self) -> bool:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return True
        return False

    def _value(self, path: KeyPath) -> None:
        if self._starts("["):
            self._list(path)
        elif self._starts("{"):
            self._inline_table(path)
        elif not self._string():
            self._skip(_SCALAR)

    def _list(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        self._skip(_BLANK)
        while self.at < len(self.text) and not self._starts("]"):
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self._starts(","):
                self.at += 1
            self._skip(_BLANK)
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self.at < len(self.text) and not self._starts("}"):
            self._pair(path)
            self._skip(_BLANK)
            if self._starts(","):
                self.at += 1
            self._skip(_BLANK)
        self.at += 1


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """Give the line, from 1, of each key, table and list element; `text` is TOML that `tomllib` accepts."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines
