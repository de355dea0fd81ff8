# SPDX-License-Identifier: EUPL-1.2
"""What commands that sign have in common: which key, and where its pass phrase or PIN comes from."""

import functools
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["NAMED_KEY", "SIGNING_KEY", "TOKEN_KEY", "unlocking"]

_FILES_SETTING = "POLICE2PEER_PASSPHRASE_FILE"
_NAMED = re.compile(r"([A-Za-z0-9_.-]+)=(.+)", re.DOTALL)

Done = TypeVar("Done")


class _SigningKey(click.ParamType[Any]):
    """A key file, or the address of a key in a token."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, ARG002 - click's signature
        if not isinstance(value, str):
            return value
        from police2peer.campaign import TokenUri  # noqa: PLC0415 - cryptography is slow to import

        return TokenUri.parse(value) if value.lower().startswith("pkcs11:") else Path(value)


class _TokenKey(click.ParamType[Any]):
    """The address of a key in a token."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, ARG002 - as above
        from police2peer.campaign import TokenUri  # noqa: PLC0415 - as above

        return TokenUri.parse(value) if isinstance(value, str) else value


class _NamedKey(click.ParamType[Any]):
    """NAME, or NAME=KEY: a place in the catalogue, and the key for it."""

    name = "NAME=KEY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as above
        if not isinstance(value, str):
            return value
        name, equals, key = value.partition("=")
        return name, SIGNING_KEY.convert(key, param, ctx) if equals else None


class _PassPhraseFile(click.ParamType[Any]):
    """FILE, or NAME=FILE for the key of that name."""

    name = "[NAME=]FILE"
    envvar_list_splitter = os.pathsep

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, ARG002 - as above
        if not isinstance(value, str):
            return value
        named = _NAMED.fullmatch(value)
        return (named[1], Path(named[2])) if named else ("", Path(value))


SIGNING_KEY = _SigningKey()
NAMED_KEY = _NamedKey()
TOKEN_KEY = _TokenKey()


def _ask(question: str) -> str:
    return str(click.prompt(question, hide_input=True, err=True, default="", show_default=False))


def unlocking(command: Callable[..., Done]) -> Callable[..., Done]:
    """Give a command the option --passphrase-file, and have it ask at the terminal where there is one."""

    @click.option(
        "--passphrase-file",
        "passphrase_files",
        multiple=True,
        type=_PassPhraseFile(),
        envvar=_FILES_SETTING,
        help="Where the pass phrase (or PIN) stands, for every key or for the one called NAME; else you are asked.",
    )
    @functools.wraps(command)
    def unlocked(*args: Any, passphrase_files: tuple[tuple[str, Path], ...], **kwargs: Any) -> Done:  # noqa: ANN401 - the command's own
        from police2peer.campaign import PassPhrases, using  # noqa: PLC0415 - as above

        with using(PassPhrases(dict(passphrase_files), _ask if sys.stdin.isatty() else None)):
            return command(*args, **kwargs)

    return unlocked
