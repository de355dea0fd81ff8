# SPDX-License-Identifier: EUPL-1.2
"""A thousand unique films, each with its own visible code, held against programs that others wrote.

Not a race but a proof, too long for the tests: all hashes of all films differ; `sha256sum` gives the same for each;
for fifty drawn by lot `rhash` and libtorrent give the same as well, every picture and sound decodes with errors
fatal, and the QR code of the last picture leads to the record's code. Any of these that fails ends the run.
"""

import random
import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import libtorrent
import zxingcpp

from police2peer.campaign import FileFormat, Language, WarningMessage, load_campaign, new_campaign, new_key_pair
from police2peer.warningfiles import BaseStore, Making, Studio, WarningFile, hash_file, new_code, verify_address

TITLE = "A thousand unique films, checked by other programs"

_FILMS, _LOT, _SECONDS = 1000, 50, 20
_NAMES = ("sha256", "sha1", "md5", "bt_pieces", "bt2_root", "ed2k", "ed2k_parts", "aich", "tth")
_RHASH = ("sha256", "sha1", "md5", "ed2k", "aich", "tth")
_RHASH_CALLS = ("sha-256", "sha1", "md5", "ed2k", "aich", "tth")


def run() -> str:
    """Make and check the films, and give a table in markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        message = _words(folder / "campaign")
        studio = Studio(BaseStore(folder / "store"), Making(film_seconds=_SECONDS))
        began, spent = time.perf_counter(), time.process_time()
        films = [
            studio.make(message, Language("en"), FileFormat.MP4, new_code(secrets.token_bytes)) for _ in range(_FILMS)
        ]
        took, used = time.perf_counter() - began, time.process_time() - spent
        for hashed in _NAMES:
            assert len({getattr(film.hashes, hashed) for film in films}) == _FILMS, hashed
        paths = [_written(film, folder / "films") for film in films]
        stored = sum(path.stat().st_blocks * 512 for path in (folder / "store").rglob("*") if path.is_file())
        _as_sha256sum_says(films, paths)
        lot = random.sample(list(zip(films, paths, strict=True)), _LOT)
        pictures = sum(_check(film, path, message.verify_url) for film, path in lot)
        size = sum(film.plan.size for film in films)
    return "\n".join(
        [
            f"{_FILMS:,} films of {_SECONDS} s, 720p, were made in {took:.0f} s ({used:.0f} s of one core), with",
            f"their base: {size / 1e6:,.0f} MB of films, kept as {stored / 1e6:,.0f} MB.",
            "",
            "| checked | how many | with |",
            "|---|---|---|",
            f"| {', '.join(_NAMES)}: no two alike | {_FILMS:,} | |",
            f"| SHA-256 of the file on disk | {_FILMS:,} | sha256sum |",
            f"| SHA-256, SHA-1, MD5, eD2k, AICH, TTH | {_LOT} | rhash |",
            f"| BitTorrent v1 pieces, v2 root | {_LOT} | libtorrent |",
            f"| decoded whole with errors fatal | {_LOT}, {pictures:,} pictures | FFmpeg's libraries |",
            f"| QR code of the last picture is the code on record | {_LOT} | ZXing |",
            "",
        ]
    )


def _words(folder: Path) -> WarningMessage:
    new_campaign(folder, now=datetime.now(UTC))
    for name in ("first", "second"):
        new_key_pair(folder / "approvers" / f"{name}.key")
    message = next(one for one in load_campaign(folder).messages if one.id == "combined")
    return replace(message, officer=False)


def _written(film: WarningFile, folder: Path) -> Path:
    path = folder / f"{film.id}.mp4"
    film.plan.write(path, flushed=False)
    return path


def _as_sha256sum_says(films: Sequence[WarningFile], paths: Sequence[Path]) -> None:
    ran = subprocess.run(["sha256sum", *map(str, paths)], check=True, capture_output=True, text=True)
    told = [line.split()[0] for line in ran.stdout.splitlines()]
    assert told == [film.hashes.sha256 for film in films]


def _check(film: WarningFile, path: Path, verify_url: str) -> int:
    """Hold one film against the other programs; gives how many pictures it has."""
    assert hash_file(path) == film.hashes
    template = " ".join(f"%{{{name}}}" for name in _RHASH_CALLS)
    ran = subprocess.run(["rhash", "-p", template, str(path)], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == [getattr(film.hashes, name).lower() for name in _RHASH]
    _as_libtorrent_says(film, path)
    shown = 0
    with av.open(str(path), options={"err_detect": "explode"}) as opened:
        for frame in opened.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                shown, last = shown + 1, frame
    assert film.code is not None
    read = [found.text for found in zxingcpp.read_barcodes(last.to_ndarray(format="gray"))]
    assert read == [verify_address(verify_url, film.code)]
    return shown


def _as_libtorrent_says(film: WarningFile, path: Path) -> None:
    files = libtorrent.list_files(str(path))
    for flag in (libtorrent.create_torrent.v1_only, libtorrent.create_torrent.v2_only):
        torrent = libtorrent.create_torrent(files, film.hashes.bt_piece_length, flag)
        libtorrent.set_piece_hashes(torrent, str(path.parent))
        info: Any = libtorrent.bdecode(libtorrent.bencode(torrent.generate()))[b"info"]
        if flag == libtorrent.create_torrent.v1_only:
            assert info[b"pieces"] == film.hashes.bt_pieces
        else:
            (entry,) = info[b"file tree"].values()
            assert entry[b""][b"pieces root"] == film.hashes.bt2_root
