# SPDX-License-Identifier: EUPL-1.2
"""The command line: `police2peer NOUN VERB`.

A command parses, calls one function and prints. Exit codes: 0 done, 1 failed or not authentic, 2 wrong use;
`verify` adds 3 (withdrawn) and 4 (cannot tell). Each noun lives in its own module and is imported on use,
so that a quick command starts quickly.
"""

import importlib
import sys

import click

from police2peer.errors import BadInput, Police2PeerError

__all__ = ["main"]

_NOUNS = {
    "campaign": ("campaign", "check a campaign file, or begin one from the example"),
    "catalogue": ("catalogue", "keep the signed register of warning files"),
    "counting": ("counting", "see what was counted, and let nodes count together"),
    "credentials": ("credentials", "sign and check content credentials (C2PA) inside files"),
    "custody": ("custody", "keep and check the log of what was done with records"),
    "demand": ("demand", "see which approved terms people search for"),
    "evidence": ("evidence", "ask for records, export them as a pack, verify a pack"),
    "help": ("help", "keep the directory of help services"),
    "key": ("key", "make and show signing keys"),
    "lab": ("lab", "a loopback network to see the whole mission on"),
    "ledger": ("ledger", "verify the sealed ledger, have it confirmed and stamped, erase from it"),
    "make": ("make", "make the warning files of a campaign"),
    "message": ("message", "see, check and review the messages of a campaign"),
    "observe": ("observe", "count who announces hashes that the police supplied"),
    "order": ("order", "sign and check the operation order"),
    "release": ("release", "join titles with files, and sign the list that a node follows"),
    "site": ("site", "build the public page"),
    "status": ("node", "say how the node does"),
    "up": ("node", "run the node and the public page until Ctrl-C"),
    "verify": ("verify", "tell whether a file, code or magnet link is a genuine warning file"),
    "witness": ("witness", "confirm, as a partner, that the public log of a programme only grows"),
}


class _LazyGroup(click.Group):
    """Imports the module of a noun when the noun is used, and prints our errors as facts and remedy."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _NOUNS:
            return None
        module = importlib.import_module(f"police2peer.cli.{_NOUNS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(noun, text) for noun, (_, text) in sorted(_NOUNS.items())])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Police2PeerError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"police2peer: {error.facts}", err=True)
            click.echo(f"  what to do: {error.remedy}", err=True)
            sys.exit(2 if isinstance(error, BadInput) else 1)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="police2peer")
def main(*, debug: bool) -> None:
    """Presence of police on file-sharing networks, with warning files that anyone can verify."""
