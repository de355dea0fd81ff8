# SPDX-License-Identifier: EUPL-1.2
"""Making warning files, beside ffmpeg and MoviePy making the same film of four cards and silence.

Rates are a second of processor time, so that other work on the machine weighs less; where two processes work, a
second of the clock. MoviePy runs in an environment of its own, made for the run; `P2P_MOVIEPY` names the Python of
one that is there already.
"""

import hashlib
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import av
from PIL import Image

from police2peer.campaign import (
    Clip,
    FileFormat,
    FreeSide,
    Language,
    WarningMessage,
    load_campaign,
    new_campaign,
    new_key_pair,
)
from police2peer.storage import flush_disk
from police2peer.warningfiles import BaseStore, Making, MidStates, Studio, WarningFile, new_code, variant_of
from police2peer.warningfiles.clips import prepare_clip
from police2peer.warningfiles.makers import BLANK_MAKERS
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import FILM_CARDS, Workshop

TITLE = "Making: unique films, pages, blanks, and one film beside other makers"

_SECONDS = 60
_MAKING = Making(film_seconds=_SECONDS)
_EN, _DE = Language("en"), Language("de")
_FILMS, _PAGES, _VARIANTS, _WRITTEN, _RUNS = 120, 60, 2000, 300, 3
_CLIP_SECONDS = 36
_MOVIEPY = "moviepy==2.2.1"


@dataclass(frozen=True)
class _Took:
    """How long something took: by the clock, and of the processor."""

    wall_s: float
    cpu_s: float


def _took(action: Callable[[], object]) -> _Took:
    began, spent = time.perf_counter(), _cpu_s()
    action()
    return _Took(time.perf_counter() - began, _cpu_s() - spent)


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def run() -> str:
    """Measure, and give two tables in markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        message = _message(folder / "campaign")
        words = replace(message, officer=False)
        busy = f"The machine's load was {os.getloadavg()[0]:.0f} when this began; it has {os.cpu_count()} cores."
        lines = [busy, "", "| what | made | per second | of | goal |", "|---|---|---|---|---|"]
        lines += [*_unique(folder, words), *_films(folder, message, words), *_blank(folder, words)]
        return "\n".join([*lines, "", *_beside_others(folder, words)]) + "\n"


def _message(folder: Path) -> WarningMessage:
    new_campaign(folder, now=datetime.now(UTC))
    for name in ("first", "second"):
        new_key_pair(folder / "approvers" / f"{name}.key")
    return next(one for one in load_campaign(folder).messages if one.id == "combined")


def _row(what: str, made: int, rate: float, of: str, goal: str) -> str:
    return f"| {what} | {made:,} | {rate:,.0f} | {of} | {goal} |"


def _make(studio: Studio, message: WarningMessage, file_format: FileFormat, language: Language = _EN) -> WarningFile:
    shown = language if file_format.carries_text else None
    return studio.make(message, shown, file_format, new_code(secrets.token_bytes))


def _unique(folder: Path, words: WarningMessage) -> list[str]:
    """Make files that differ: visibly, then by a token alone."""
    store = BaseStore(folder / "store")
    studio = Studio(store, _MAKING)
    film = _make(studio, words, FileFormat.MP4)
    names: set[str] = {film.hashes.sha256}
    alone = _took(lambda: names.update(_make(studio, words, FileFormat.MP4).hashes.sha256 for _ in range(_FILMS)))
    assert len(names) == _FILMS + 1
    rows = [_row("unique 720p mp4 with its own code, all hashes", _FILMS, _FILMS / alone.cpu_s, "one core", "40")]
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_begin, initargs=(store.folder, words)) as pool:
        list(pool.map(_films_of_worker, [3, 3]))
        both = _took(lambda: names.update(*pool.map(_films_of_worker, [_FILMS // 2] * 2)))
    assert len(names) > 2 * _FILMS
    rows.append(_row("the same by two processes", _FILMS, _FILMS / both.wall_s, "the clock", "100 as a stretch"))
    return [*rows, *_metadata_only(folder, film), _pages(studio, words)]


_here = threading.local()


def _begin(folder: Path, words: WarningMessage) -> None:
    _here.studio, _here.words = Studio(BaseStore(folder), _MAKING), words


def _films_of_worker(count: int) -> set[str]:
    return {_make(_here.studio, _here.words, FileFormat.MP4).hashes.sha256 for _ in range(count)}


def _metadata_only(folder: Path, film: WarningFile) -> list[str]:
    known, names = MidStates(), set[str]()

    def plan() -> None:
        for _ in range(_VARIANTS):
            names.add(variant_of(film.plan, FileFormat.MP4, secrets.token_bytes(16)).hashes(known).sha256)

    def write() -> None:
        for number in range(_WRITTEN):
            variant = variant_of(film.plan, FileFormat.MP4, secrets.token_bytes(16))
            variant.write(folder / "variants" / f"{number}.mp4", flushed=False)
        flush_disk(folder)

    planned, written = _took(plan), _took(write)
    assert len(names) == _VARIANTS
    size = f"{film.plan.size / 1e6:.1f} MB"
    return [
        _row("metadata-only mp4, planned, all hashes", _VARIANTS, _VARIANTS / planned.cpu_s, "one core", "5,000"),
        _row(f"metadata-only mp4 of {size}, written", _WRITTEN, _WRITTEN / written.cpu_s, "one core", "900"),
        _row("the same, with the disk flushed once", _WRITTEN, _WRITTEN / written.wall_s, "the clock", ""),
    ]


def _pages(studio: Studio, words: WarningMessage) -> str:
    _make(studio, words, FileFormat.PDF)
    took = _took(lambda: [_make(studio, words, FileFormat.PDF) for _ in range(_PAGES)])
    return _row("unique PDF/A-2a with its own code, all hashes", _PAGES, _PAGES / took.cpu_s, "one core", "60")


def _films(folder: Path, message: WarningMessage, words: WarningMessage) -> list[str]:
    """Make whole films from words, in a language that no film was made in; times of the film a second of work."""
    rows = []
    for what, said, goal in (("film of cards", words, "200"), ("film with the drawn officer", message, "5")):
        found = []
        for number in range(_RUNS):
            store = BaseStore(folder / f"films-{number}-{goal}")
            Studio(store, _MAKING).make(words, _EN, FileFormat.MP4, new_code(secrets.token_bytes))
            studio, made = Studio(store, _MAKING), list[WarningFile]()
            took = _took(lambda s=studio, m=made, w=said: m.append(_make(s, w, FileFormat.MP4, _DE)))
            found.append(_film_seconds(made[0], folder) / took.cpu_s)
        rate = statistics.median(found)
        rows.append(_row(f"{what}, from words, seconds of film", _RUNS, rate, "one core", goal))
    return [*rows, *_recorded(folder, message)]


def _recorded(folder: Path, message: WarningMessage) -> list[str]:
    """Take in a clip as a telephone records it, with grain, and make a film of it."""
    path = folder / "officer.mp4"
    shown = f"smptebars=s=1920x1080:r=30:d={_CLIP_SECONDS},noise=alls=6:allf=t"
    heard = f"sine=frequency=220:duration={_CLIP_SECONDS}"
    inputs = ["-f", "lavfi", "-i", shown, "-f", "lavfi", "-i", heard]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    _run(["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *coded, str(path)])
    clip = Clip(path, hashlib.sha256(path.read_bytes()).hexdigest(), "C-1", FreeSide.LEFT)
    store, said = BaseStore(folder / "recorded"), replace(message, clips={_DE: clip})
    _make(Studio(store, _MAKING), message, FileFormat.MP4)
    taken_in = _took(lambda: prepare_clip(store, clip, _MAKING.film_height))
    studio, made = Studio(store, _MAKING), list[WarningFile]()
    took = _took(lambda: made.append(_make(studio, said, FileFormat.MP4, _DE)))
    what = "film with a recorded officer, its clip taken in, seconds of film"
    return [
        _row(what, 1, _film_seconds(made[0], folder) / took.cpu_s, "one core", "5"),
        _row("clip of 1920x1080 taken in once, seconds of clip", 1, _CLIP_SECONDS / taken_in.cpu_s, "one core", ""),
    ]


def _film_seconds(film: WarningFile, folder: Path) -> float:
    path = folder / "film.mp4"
    film.plan.write(path)
    with av.open(str(path)) as opened:
        return float(opened.duration or 0) / av.time_base


def _blank(folder: Path, words: WarningMessage) -> list[str]:
    workshop = Workshop(BaseStore(folder / "store"))
    make = BLANK_MAKERS[FileFormat.BLANK_MP4]
    code = new_code(secrets.token_bytes)
    make(workshop, code, _MAKING)
    took = [_took(lambda: make(workshop, code, _MAKING)).wall_s for _ in range(20)]
    plan = make(workshop, code, _MAKING)
    plan.write(folder / "blank.mp4")
    room = (folder / "blank.mp4").stat().st_blocks * 512
    studio = Studio(BaseStore(folder / "store"), _MAKING)
    first, second = (_took(lambda: _make(studio, words, FileFormat.BLANK_MP4)).cpu_s for _ in range(2))
    rate = 1 / statistics.median(took)
    blank = f"blank of {plan.size / 1e6:.0f} MB"
    return [
        _row(f"{blank}, planned", 20, rate, "the clock", "200 (5 ms each)"),
        f"| {blank}: bytes on the disk | 1 | {room:,} bytes | | 65,536 |",
        f"| {blank}: all hashes of the first, of the next | 2 | {first:.2f} s, {1000 * second:.1f} ms | one core | |",
    ]


def _beside_others(folder: Path, words: WarningMessage) -> list[str]:
    """Let each maker make the film of four cards; the others are given the cards as pictures."""
    cards = _cards(folder, words)
    store = BaseStore(folder / "beside")
    _make(Studio(store, _MAKING), words, FileFormat.MP4, _DE)

    def ours() -> None:
        film = _make(Studio(store, _MAKING), words, FileFormat.MP4)
        film.plan.write(folder / "ours.mp4")

    studio = Studio(store, _MAKING)
    rows = {"police2peer, from words": _took(ours)}
    _make(studio, words, FileFormat.MP4)
    ten = _took(lambda: [_make(studio, words, FileFormat.MP4).plan.write(folder / "next.mp4") for _ in range(10)])
    next_one = _Took(ten.wall_s / 10, ten.cpu_s / 10)
    rows["police2peer, the next unique one"] = next_one
    rows["ffmpeg, from pictures"] = _median(lambda: _run(_ffmpeg(cards, folder / "ffmpeg.mp4")))
    with_moviepy = _moviepy_python(folder)
    if with_moviepy:
        script = str(Path(__file__).with_name("moviepy_film.py"))
        command = [with_moviepy, script, str(_SECONDS / len(cards)), str(folder / "moviepy.mp4"), *map(str, cards)]
        rows["MoviePy 2.2.1, from pictures"] = _took(lambda: _run(command))
    lines = [
        f"One film of {_SECONDS} s, 720p, {len(cards)} cards and silence, x264 veryfast at crf 16. Each unique film",
        "costs the others a whole film again.",
        "",
        "| maker | seconds | CPU seconds | times the CPU of our next one |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {maker} | {took.wall_s:.2f} | {took.cpu_s:.2f} | {took.cpu_s / next_one.cpu_s:,.0f} |"
        for maker, took in rows.items()
    ]
    return [*lines, *([] if with_moviepy else ["", "MoviePy was not measured: it could not be installed here."])]


def _median(action: Callable[[], object]) -> _Took:
    return sorted((_took(action) for _ in range(_RUNS)), key=lambda took: took.cpu_s)[_RUNS // 2]


def _cards(folder: Path, words: WarningMessage) -> list[Path]:
    workshop, wording = Workshop(BaseStore(folder / "store")), Wording.of(words, _EN)
    paths = [folder / f"{kind}.png" for kind in FILM_CARDS]
    for kind, path in zip(FILM_CARDS, paths, strict=True):
        Image.fromarray(workshop.film_card(wording, kind)).save(path)
    return paths


def _ffmpeg(cards: Sequence[Path], target: Path) -> list[str]:
    each = str(_SECONDS / len(cards))
    inputs = [word for card in cards for word in ("-loop", "1", "-framerate", "1", "-t", each, "-i", str(card))]
    joined = "".join(f"[{number}:v]" for number in range(len(cards)))
    return [
        *("ffmpeg", "-nostdin", "-v", "error", "-y", *inputs),
        *("-f", "lavfi", "-t", str(_SECONDS), "-i", "anullsrc=r=48000:cl=mono"),
        *("-filter_complex", f"{joined}concat=n={len(cards)},fps=25,format=yuv420p[v]", "-map", "[v]"),
        *(
            "-map",
            f"{len(cards)}:a",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "16",
            "-c:a",
            "aac",
            str(target),
        ),
    ]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _moviepy_python(folder: Path) -> str | None:
    """Give a Python that has MoviePy; it needs other versions of what we use, so it never gets ours."""
    named = os.environ.get("P2P_MOVIEPY")
    if named:
        return named
    venv.create(folder / "moviepy", with_pip=True)
    python = str(folder / "moviepy" / "bin" / "python")
    got = subprocess.run([python, "-m", "pip", "install", "-q", _MOVIEPY], check=False, stdout=sys.stderr)
    return python if got.returncode == 0 and shutil.which("ffmpeg") else None
