# SPDX-License-Identifier: EUPL-1.2
"""`police2peer verify` tells whether a file, a code or a link is a genuine warning file.

Exit codes: 0 genuine, 1 not one of ours, 2 wrong use, 3 withdrawn, 4 cannot tell. Any failure that nobody foresaw is
*cannot tell* as well, so that 1 is never the code of a crash (docs/adr/0002-verify-exit-codes.md).
"""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from police2peer.catalogue import Home, Outcome, SeenFile, Verdict, Verifier, default_seen_file
from police2peer.catalogue.link import is_link
from police2peer.errors import BadInput, Police2PeerError

__all__ = ["verify"]

_COLOURS = {
    Outcome.GENUINE: "green",
    Outcome.WITHDRAWN: "yellow",
    Outcome.NOT_OURS: "red",
    Outcome.CANNOT_TELL: "yellow",
}
_SHOW_PROGRESS_FROM_BYTES = 256 * 1024 * 1024  # about half a second of hashing
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


@click.command()
@click.argument("what", metavar="FILE|CODE|LINK")
@click.option(
    "--catalogue",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("catalogue"),
    envvar="POLICE2PEER_CATALOGUE",
    show_default=True,
    help="A copy of the public catalogue, or the agency's own catalogue folder.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The pinned root, obtained apart from the catalogue; the agency's own folder has it as root.json.",
)
@click.option(
    "--seen",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the versions seen last are noted  [default: in your state folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def verify(
    ctx: click.Context, what: str, folder: Path, root: Path | None, seen: Path | None, *, as_json: bool
) -> None:
    """Tell whether a FILE, a CODE or a LINK (magnet, ed2k, or the address of a QR code) is of a genuine warning file.

    Works offline.

    Exit codes: 0 genuine, 1 not one of ours, 2 wrong use, 3 withdrawn, 4 cannot tell.
    """
    try:
        snapshot, pinned = _find_catalogue(folder, root)
        verifier = Verifier(snapshot, pinned, memory=SeenFile(seen or default_seen_file(pinned)))
        verdict = _ask(verifier, what)
        rooted = f"{hashlib.sha256(pinned).hexdigest()}, {'given' if root else 'of the catalogue folder itself'}"
        click.echo(_as_json(verdict, rooted) if as_json else _as_text(verdict, rooted))
    except (BadInput, click.ClickException):
        raise
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if ctx.find_root().params.get("debug"):
            raise
        reason = error.facts if isinstance(error, Police2PeerError) else f"an unforeseen {type(error).__name__}"
        click.echo(f"cannot tell: {reason}", err=True)
        click.echo("  what to do: run it again as police2peer --debug verify, and report what it prints", err=True)
        sys.exit(4)
    sys.exit(verdict.exit_code)


def _ask(verifier: Verifier, what: str) -> Verdict:
    if is_link(what):
        return verifier.link(what)
    path = Path(what)
    if path.exists() or path.is_symlink():
        with _progress(path) as progress:
            return verifier.file(path, progress)
    try:
        return verifier.code(what)
    except BadInput as error:
        raise BadInput(
            "there is no file of this name, and it is no code and no link either",
            remedy="give the path of a file, the 12 letters and digits of a code, or a whole link in quotes",
        ) from error


def _find_catalogue(folder: Path, root: Path | None) -> tuple[Path, bytes]:
    """Find the snapshot and the pinned root.

    A root is never taken from public files, which would vouch for themselves; only an agency's own folder, with its
    register and keys, brings one, and the answer says so.
    """
    home = Home(folder)
    is_home = home.exists and home.registry.is_file() and home.keys.is_dir()
    snapshot = home.public if is_home else folder
    if not (snapshot / "md").is_dir():
        raise BadInput(
            "there is no published catalogue in the folder given",
            remedy="copy the public catalogue here, and name its folder with --catalogue",
        )
    if root is None and not is_home:
        raise BadInput(
            "no pinned root was given", remedy="name the root.json that came with this program with --root"
        )
    try:
        return snapshot, (root or home.pinned_root).read_bytes()
    except OSError as error:
        raise BadInput(
            f"the pinned root cannot be read: {error.strerror}", remedy="name the root.json with --root"
        ) from error


@contextlib.contextmanager
def _progress(path: Path) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while a large file is read, when somebody is looking."""
    if not sys.stderr.isatty() or path.stat().st_size < _SHOW_PROGRESS_FROM_BYTES:
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a large file needs it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _as_text(verdict: Verdict, rooted: str) -> str:
    lines = [click.style(verdict.outcome.value, fg=_COLOURS[verdict.outcome], bold=True), f"  {verdict.reason}"]
    if verdict.record is not None:
        lines.append(f"  record {verdict.record.draft.id}, revision {verdict.record.rev}")
    if verdict.logged is not None:
        lines.append(f"  {verdict.logged}")
    if verdict.as_of is not None:
        lines.append(f"  catalogue of {verdict.as_of:%Y-%m-%d %H:%M} UTC")
    return "\n".join([*lines, f"  pinned root {rooted}", f"  what to do: {verdict.what_to_do}"])


def _as_json(verdict: Verdict, rooted: str) -> str:
    record, agency = verdict.record, verdict.agency
    value = {
        "outcome": verdict.outcome.value,
        "exit_code": verdict.exit_code,
        "reason": verdict.reason,
        "what_to_do": verdict.what_to_do,
        "as_of": verdict.as_of and verdict.as_of.isoformat(),
        "suggestion": verdict.suggestion,
        "agency": agency and {"role": agency.role, "name": agency.name, "country": agency.country},
        "logged": verdict.logged,
        "record": record and json.loads(record.to_bytes()),
        "pinned_root": rooted,
    }
    return json.dumps(value, indent=2, ensure_ascii=False)
