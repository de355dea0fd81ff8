# SPDX-License-Identifier: EUPL-1.2
"""Lays a published catalogue beside the pages, in the order in which a reader may meet it.

Promise: `timestamp.json` is written last, so that whoever reads during the copy sees one state or the other; only
the public folders are copied, never a key or a register; a file that the source no longer has goes.
Source: docs/catalogue-format.md, "Files".
"""

import shutil
import zipfile
from pathlib import Path

from police2peer.errors import BadInput
from police2peer.storage import whole_file, write_whole

__all__ = ["CATALOGUE_FOLDER", "COPY_NAME", "place_catalogue"]

CATALOGUE_FOLDER = "catalogue"
COPY_NAME = "catalogue.zip"  # the same files in one, for whoever checks without a browser
_FOLDERS = ("rec", "log", "idx", "head", "md")  # the order of writing
_REPLACED = Path("md/timestamp.json")  # makes a state the current one
_CONFIRMED = (Path("log/checkpoint"), Path("log/cosigned"))  # content changes here too, and covers what is beside it


def place_catalogue(catalogue: Path, site: Path) -> int:
    """Bring `site`/catalogue to the state of `catalogue` and give the number of files that were new.

    Raises `BadInput` when the folder is no published catalogue.
    """
    if not (catalogue / _REPLACED).is_file():
        inner = catalogue / "public" / _REPLACED
        hint = "give its folder public" if inner.is_file() else "publish one first: police2peer catalogue publish"
        raise BadInput("this folder holds no published catalogue", remedy=hint)
    target = site / CATALOGUE_FOLDER
    timestamp = (catalogue / _REPLACED).read_bytes()
    wanted = [path.relative_to(catalogue) for folder in _FOLDERS for path in _files(catalogue / folder)]
    new = [name for name in wanted if name != _REPLACED and not _is_there(catalogue, target, name)]
    for name in sorted(new, key=_is_confirmed):
        _copy(catalogue / name, target / name)
    write_whole(target / _REPLACED, timestamp)
    _pack(catalogue, wanted, timestamp, site / COPY_NAME)
    for path in [path for folder in _FOLDERS for path in _files(target / folder)]:
        if path.relative_to(target) not in set(wanted):
            path.unlink()
    return len(new)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]


def _pack(catalogue: Path, names: list[Path], timestamp: bytes, target: Path) -> None:
    """Write the files into one archive, the same bytes for the same catalogue; what is sealed does not compress."""
    with whole_file(target) as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(names):
            content = timestamp if name == _REPLACED else (catalogue / name).read_bytes()
            archive.writestr(zipfile.ZipInfo(f"{CATALOGUE_FOLDER}/{name.as_posix()}"), content)


def _is_confirmed(name: Path) -> bool:
    return any(name.is_relative_to(each) for each in _CONFIRMED)


def _is_there(source: Path, target: Path, name: Path) -> bool:
    if not (target / name).is_file() or (target / name).stat().st_size != (source / name).stat().st_size:
        return False
    return not _is_confirmed(name) or (target / name).read_bytes() == (source / name).read_bytes()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    shutil.copyfile(source, draft)
    draft.replace(target)
