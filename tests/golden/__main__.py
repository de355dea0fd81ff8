# SPDX-License-Identifier: EUPL-1.2
"""Freezes warning files and a signed catalogue of this release: `python -m tests.golden`, once before each release.

What is frozen is verified by the tests of every later release, with both verifiers (tests/site/test_golden.py). The
keys are thrown away: a frozen catalogue can be changed by nobody. An archive that is there is never written over.
"""

import importlib.metadata
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from police2peer.campaign import load_campaign, new_campaign, new_key_pair, read_signing_key, sign_campaign
from police2peer.catalogue import (
    Home,
    RecordDraft,
    Registry,
    begin_log,
    drafts_of,
    init_catalogue,
    publish_catalogue,
    renew_trust,
)
from police2peer.storage import whole_file
from police2peer.warningfiles import Manifest, make_campaign, materialise, new_code

_FOLDER = Path(__file__).parent
_AGENCY = "Police Unit A"
_FORMATS = ("png", "pdf", "blank-mp4")  # one small file of each
_WITHDRAWN = 1
_LINKS_OF_ONE = 300  # enough index entries for a level of nodes
_STRANGE = "b9" * 20


def main() -> None:
    """Make, sign, publish, and pack. Raises `FileExistsError` when this release is frozen."""
    target = _FOLDER / f"{importlib.metadata.version('police2peer')}.zip"
    if target.exists():
        raise FileExistsError(target.name)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        now = datetime.now(UTC).replace(microsecond=0)
        manifest = make_files(folder, now)
        drafts = publish(folder / "catalogue", manifest, now)
        paths = [materialise(file, folder / "files") for file in manifest.files]
        pack(target, folder / "catalogue", paths, drafts, now + timedelta(hours=1))


def make_files(folder: Path, now: datetime) -> Manifest:
    """Make the sample campaign in one language, and keep the first file of each format."""
    path = new_campaign(folder / "campaign", now=now)
    text = path.read_text("utf-8")
    text = text.replace(
        'formats = ["mp4", "jpg", "png", "pdf", "zip", "blank-mp4"]', f"formats = {json.dumps(_FORMATS)}"
    )
    text = text.replace('languages = ["en", "de", "fr", "es", "pl", "ar"]', 'languages = ["en"]')
    text = text.replace("size_bytes = 700_000_000", "size_bytes = 300_000").replace("offers_per_title = 2\n", "")
    path.write_text(text, "utf-8")
    keys = [path.parent / "approvers" / f"{name}.key" for name in ("first", "second")]
    for key in keys:
        new_key_pair(key)
    campaign = load_campaign(path.parent)
    for key in keys:
        sign_campaign(campaign, read_signing_key(key))
    manifest = make_campaign(campaign, folder / "made", new_code=lambda: new_code(token_bytes))
    first = {file.format: file for file in reversed(manifest.files)}
    return replace(manifest, files=tuple(file for file in manifest.files if first[file.format] is file))


def publish(home: Path, manifest: Manifest, now: datetime) -> Sequence[RecordDraft]:
    """Publish the files, with a log, a changed root key and one file withdrawn."""
    agency = init_catalogue(home, agency=_AGENCY, country="NL", now=now, code_iterations=1_000)
    begin_log(Home(home), "example.org/warning-files", now=now)
    # No swarm has these: they are drawn.
    ids = {file.hashes.sha256: [("btih", token_bytes(20).hex())] for file in manifest.files}
    ids[manifest.files[0].hashes.sha256] += [("btih", token_bytes(20).hex()) for _ in range(_LINKS_OF_ONE)]
    drafts = drafts_of(manifest, agency=agency, issued_on=now.date(), network_ids=ids)
    with Registry(home) as registry:
        registry.add(drafts, now=now.date())
    publish_catalogue(home, now=now)
    renew_trust(home, now=now, replace=["root-1"])
    with Registry(home) as registry:
        registry.withdraw(drafts[_WITHDRAWN].id, now=now.date())
    publish_catalogue(home, now=now)
    return drafts


def pack(target: Path, home: Path, paths: Sequence[Path], drafts: Sequence[RecordDraft], asked_at: datetime) -> None:
    """Pack the files, the catalogue, its pinned root, and what every verifier has to say of them at this time."""
    said = ["withdrawn" if number == _WITHDRAWN else "genuine" for number in range(len(drafts))]
    asks = [
        *({"file": f"files/{path.name}", "outcome": outcome} for path, outcome in zip(paths, said, strict=True)),
        *({"code": each.code, "outcome": outcome} for each, outcome in zip(drafts, said, strict=True) if each.code),
        *({"link": _magnet(each.network_ids[0][1]), "outcome": said[at]} for at, each in enumerate(drafts)),
        {"file": "root.json", "outcome": "not_ours"},
        {"code": "FVPA-GSRR-NJ60", "outcome": "not_ours"},
        {"link": _magnet(_STRANGE), "outcome": "cannot_tell"},
    ]
    expected = {"asked_at": asked_at.isoformat(), "agency": _AGENCY, "asks": asks}
    public = home / "public"
    with whole_file(target) as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("expected.json", json.dumps(expected, indent=1))
        archive.write(home / "root.json", "root.json")
        for path in paths:
            archive.write(path, f"files/{path.name}")
        for path in sorted(public.rglob("*")):
            if path.is_file():
                archive.write(path, f"catalogue/{path.relative_to(public)}")


def _magnet(infohash: str) -> str:
    return f"magnet:?xt=urn:btih:{infohash}&dn=sample-clip-07"


if __name__ == "__main__":
    main()
