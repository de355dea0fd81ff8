# SPDX-License-Identifier: EUPL-1.2
"""`police2peer lab`: parts of the loopback network one at a time, and the demo that plays them all together."""

from pathlib import Path

import click

from police2peer.cli.court import court
from police2peer.cli.demo import demo

__all__ = ["lab"]


@click.group()
def lab() -> None:
    """Run a network of our own on loopback: for the demo, for training, for tests."""


lab.add_command(court)
lab.add_command(demo)


@lab.command()
@click.argument("hashes", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on, in 127.0.0.0/8.")
@click.option("--port", default=6969, show_default=True, type=click.IntRange(1, 65535), help="TCP and UDP port.")
def tracker(hashes: Path, *, host: str, port: int) -> None:
    """Run a tracker until Ctrl-C, for the infohashes in the file HASHES only (40 hex digits a line)."""
    from police2peer.lab import read_hashes, serve_tracker  # noqa: PLC0415 - only this command needs them

    allowed = [bytes.fromhex(line) for line in read_hashes(hashes)]

    def told(http: str, udp: str) -> None:
        click.echo(f"tracker for {len(allowed)} files: {http} and {udp}; Ctrl-C ends it")

    serve_tracker(allowed, host=host, port=port, told=told)


@lab.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on, in 127.0.0.0/8.")
@click.option("--port", default=4661, show_default=True, type=click.IntRange(1, 65535), help="TCP port.")
def server(*, host: str, port: int) -> None:
    """Run an eD2k server until Ctrl-C: login, offers, searches and sources, among the lab's addresses only."""
    from police2peer.lab import serve_ed2k  # noqa: PLC0415 - only this command needs it

    def told(link: str) -> None:
        click.echo(f"eD2k server: {link}; Ctrl-C ends it")

    serve_ed2k(host=host, port=port, told=told)


@lab.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def download(arguments: tuple[str, ...]) -> None:
    """Start the stand-in downloader, a program of its own; `police2peer lab download --help` shows its options.

    It takes only the lab's addresses and only infohashes in the list given with --allow.
    """
    from police2peer.lab import run_downloader  # noqa: PLC0415 - only this command needs it

    raise SystemExit(run_downloader(arguments))
