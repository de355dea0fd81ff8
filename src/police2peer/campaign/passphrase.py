# SPDX-License-Identifier: EUPL-1.2
"""Where the pass phrases of key files and the PINs of tokens come from, for the length of one command.

A command says it once (`using`), and whoever opens a key asks here: from a file named for that key, from a file
for all keys, or from the person at the terminal. What was typed is kept in memory until the command ends, so that a
key that is needed twice is asked for once. Nothing of it is ever shown, logged or put into an error.
"""

import contextlib
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.errors import BadInput

__all__ = ["LEAST_CHARACTERS", "PassPhrases", "pass_phrases", "using"]

LEAST_CHARACTERS = 12  # four words or more; what is stolen can be guessed at without end
_MOST_BYTES = 1024
_TRIES_AT_A_TERMINAL = 3


class PassPhrases:
    """Files by the name of the key (the empty name stands for every other), and a question for whoever sits there."""

    def __init__(self, files: Mapping[str, Path] | None = None, ask: Callable[[str], str] | None = None) -> None:
        self._files = dict(files or {})
        self._ask = ask
        self.opened: dict[bytes, Ed25519PrivateKey] = {}  # by what stands in the key file

    def __repr__(self) -> str:
        return "PassPhrases()"

    def typed(self) -> "PassPhrases":
        """Give the same terminal without the files."""
        return PassPhrases(ask=self._ask)

    def tries(self, name: str) -> int:
        """Give how often it makes sense to ask for this one."""
        return _TRIES_AT_A_TERMINAL if self._file(name) is None and self._ask else 1

    def of(self, name: str, question: str) -> bytes:
        """Give the pass phrase or PIN of a key. Raises `BadInput` when there is nobody and nothing to ask."""
        path = self._file(name)
        if path is not None:
            return _read(path)
        if self._ask is None:
            raise BadInput(
                f"{name} asks for a pass phrase or PIN, and nobody is at a terminal to give it",
                remedy=f"give --passphrase-file FILE, or --passphrase-file {name}=FILE for this key alone",
            )
        return _normal(self._ask(question))

    def new(self, name: str) -> bytes:
        """Give a pass phrase for a new key; at a terminal it is asked for twice."""
        chosen = self.of(name, f"new pass phrase for {name}")
        if len(chosen.decode()) < LEAST_CHARACTERS:
            raise BadInput(
                f"the pass phrase for {name} has less than {LEAST_CHARACTERS} characters",
                remedy="take five or six words at random; write them down and seal the sheet",
            )
        if self._ask and self._file(name) is None and self.of(name, f"the same again for {name}") != chosen:
            raise BadInput("the two pass phrases differ", remedy="run the command again, and type them slowly")
        return chosen

    def _file(self, name: str) -> Path | None:
        for known in (name, name.partition(".")[0], ""):
            if known in self._files:
                return self._files[known]
        return None


def _normal(text: str) -> bytes:
    """Give one form to letters that keyboards compose in two ways."""
    return unicodedata.normalize("NFC", text).encode()


def _read(path: Path) -> bytes:
    """Read the first line of a file, a pipe or a descriptor (/dev/fd/3)."""
    try:
        with path.open("rb") as handle:
            mode = path.stat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise BadInput(
                    f"the pass phrase file {path.name} can be read by other users of this machine",
                    remedy=f"run chmod 600 {path.name}, and change the pass phrase if somebody may have read it",
                )
            line = handle.read(_MOST_BYTES).partition(b"\n")[0].rstrip(b"\r")
    except OSError as error:
        raise BadInput(
            f"the pass phrase file {path.name} cannot be read ({error.strerror})",
            remedy="give a file that you may read, with the pass phrase in its first line",
        ) from error
    try:
        return _normal(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInput(
            f"{path.name} is not text", remedy="write the pass phrase in its first line, as UTF-8"
        ) from None


_NOBODY = PassPhrases()
_PRESENT: ContextVar[PassPhrases] = ContextVar("pass_phrases", default=_NOBODY)


def pass_phrases() -> PassPhrases:
    """Give the source that this command set; without one, locked keys stay locked."""
    return _PRESENT.get()


@contextlib.contextmanager
def using(source: PassPhrases) -> Iterator[None]:
    """Ask `source` for pass phrases inside the block."""
    token = _PRESENT.set(source)
    try:
        yield
    finally:
        source.opened.clear()
        _PRESENT.reset(token)
