# SPDX-License-Identifier: EUPL-1.2
"""From a file that somebody handed in to pictures and sound of our own; from then on the file is not read again.

What was made is kept in the store under the digest of the file, the height and our tools, and found there the
next time. Of the file itself nothing is kept: no name, place, device, time, author.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from police2peer.campaign import Clip, FreeSide
from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles.clips.framing import End, Header, Picture, Record, Sound
from police2peer.warningfiles.clips.limits import BOXES, SAMPLES_PER_PICTURE, DecoderTask, Limits
from police2peer.warningfiles.clips.loudness import PEAK_DBTP, QUIETEST_VOICE_LUFS, TARGET_LUFS, level
from police2peer.warningfiles.clips.stored_film import ENCODER, encode_film, read_film
from police2peer.warningfiles.clips.watching import check_same, copy_of, decode, sha256_of
from police2peer.warningfiles.colour import Planes, plain_planes
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.painting import INK
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.workshop import digest_of

__all__ = ["PreparedClip", "PreparedSound", "clip_pictures", "prepare_clip", "prepare_sound", "sound_pcm"]

_SAMPLE_BYTES: Final = 2
# Raised when the same clip would be normalised otherwise, so that films of the former way are made anew.
_WAY: Final = 1
_TOOLS: Final = {
    "way": _WAY,
    "encoder": ENCODER,
    "libraries": {name: ".".join(map(str, number)) for name, number in av.library_versions.items()},
    "level": [TARGET_LUFS, PEAK_DBTP],
}


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A normalised clip in the store.

    `film` (SHA-256 hex) is H.264, `frames` pictures of `width` x `height` at 25 a second, upright, progressive,
    8 bits 4:2:0 BT.709. `sound` (SHA-256 hex) is PCM, signed 16 bits little-endian, one channel, 48 kHz, of
    exactly the same length; None when the clip has no sound. `free_side` is where the picture holds nobody.
    """

    film: str
    frames: int
    width: int
    height: int
    free_side: FreeSide
    sound: str | None


@dataclass(frozen=True, slots=True)
class PreparedSound:
    """Levelled sound in the store: `sound` (SHA-256 hex) is PCM as in `PreparedClip`, of so many samples."""

    sound: str
    samples: int


def prepare_clip(store: BaseStore, clip: Clip, height: int, limits: Limits | None = None) -> PreparedClip:
    """Take a clip in, for films of this height (720 or 1080); decode it only when that was not done before.

    Raises `NotAuthentic` when the file is not the one consented to, `BadInput` when it cannot be taken (facts
    and remedy say why), `Unavailable` when the disk has no room.
    """
    limits = limits or Limits()
    if not clip.consent_reference.strip():
        raise BadInput("the clip has no consent reference", remedy="record the officer's consent and name it")
    if height not in BOXES:
        raise BadInput(f"there are no films of height {height}", remedy="take 720 or 1080")
    key = digest_of(kind="clip", sha256=clip.sha256, height=height, tools=_TOOLS)
    note = store.recall(key)
    if note is not None:
        check_same(sha256_of(clip.path, limits), clip.sha256)
    else:
        with copy_of(clip.path, clip.sha256, store.folder / "incoming", limits) as copy:
            note = _kept(store, decode(copy, DecoderTask(*BOXES[height], limits=limits)))
        store.remember(key, note, stored=[str(note[name]) for name in ("film", "sound") if note[name]])
    return PreparedClip(
        film=str(note["film"]),
        frames=int(str(note["frames"])),
        width=int(str(note["width"])),
        height=int(str(note["height"])),
        free_side=clip.free_side,
        sound=str(note["sound"]) if note["sound"] else None,
    )


def prepare_sound(
    store: BaseStore, path: Path, sha256: str | None = None, limits: Limits | None = None
) -> PreparedSound:
    """Take a sound file in, levelled as clips are; `sha256` is compared when given.

    Errors as `prepare_clip`, and `BadInput` for a file in which nobody is heard.
    """
    limits = limits or Limits()
    found = sha256_of(path, limits)
    check_same(found, sha256 or found)
    key = digest_of(kind="sound", sha256=found, tools=_TOOLS)
    note = store.recall(key)
    if note is None:
        with copy_of(path, found, store.folder / "incoming", limits) as copy:
            records = decode(copy, DecoderTask(0, 0, limits))
            pcm = b"".join(record.pcm for record in records if isinstance(record, Sound))
        made, reached = level(pcm)
        if reached.lufs < QUIETEST_VOICE_LUFS:
            raise BadInput(
                f"nobody is heard in the voice: it is at {max(reached.lufs, -70):.0f} LUFS",
                remedy="ask for a recording in which the voice is at -30 LUFS or louder",
            )
        note = {"sound": store.put(made), "samples": len(made) // _SAMPLE_BYTES}
        store.remember(key, note, stored=[str(note["sound"])])
    return PreparedSound(str(note["sound"]), int(str(note["samples"])))


def _kept(store: BaseStore, records: Iterator[Record]) -> dict[str, object]:
    """Encode and store the pictures as they come, then their sound; nothing is kept unless all of it came."""
    sound = bytearray()
    counted = End(0, 0)

    def pictures() -> Iterator[bytes]:
        nonlocal counted
        for record in records:
            match record:
                case Picture(planes):
                    yield planes
                case Sound(pcm):
                    sound.extend(pcm)
                case End():
                    counted = record
                case _:
                    raise TypeError(record)

    header = next(records)
    if not isinstance(header, Header):
        raise TypeError(header)
    film = store.put_pieces(encode_film(pictures(), header.width, header.height))
    note: dict[str, object] = {"film": film, "frames": counted.pictures, "sound": None}
    if sound:
        length = counted.pictures * SAMPLES_PER_PICTURE * _SAMPLE_BYTES
        pcm, _ = level(bytes(sound[:length]).ljust(length, b"\0"))
        note["sound"] = store.put(pcm)
    return note | {"width": header.width, "height": header.height}


def sound_pcm(store: BaseStore, prepared: PreparedClip | PreparedSound) -> bytes | None:
    """Give the PCM of a clip or sound (None: the clip has none). Raises `Unavailable` when it is gone."""
    return None if prepared.sound is None else store.read(prepared.sound)


def clip_pictures(store: BaseStore, prepared: PreparedClip, layout: Layout) -> Iterator[Planes]:
    """Give the clip's pictures at the size of the film, `prepared.frames` of them.

    A picture narrower than the film stands at the side opposite to its free side, so that all of the navy is
    where text may stand; one lower than the film stands in the middle. Raises `Unavailable` when the stored
    film is gone or spoiled, `BadInput` when it was prepared for another height.
    """
    if prepared.width > layout.width or prepared.height > layout.height:
        raise BadInput("the clip was prepared for a larger film", remedy="prepare it for this film's height")
    ground = plain_planes(layout.width, layout.height, INK)
    spare = layout.width - prepared.width
    left = (spare if prepared.free_side is FreeSide.LEFT else 0) // 2 * 2
    top = (layout.height - prepared.height) // 4 * 2
    shown = 0
    for picture in read_film(store, prepared.film):
        made = []
        for plane, inner, scale in zip(ground.all(), picture, (1, 2, 2), strict=True):
            filled = plane.copy()
            rows, columns = inner.shape
            filled[top // scale : top // scale + rows, left // scale : left // scale + columns] = inner
            made.append(filled)
        yield Planes(*made)
        shown += 1
    if shown != prepared.frames:
        raise Unavailable("a stored film has lost pictures", remedy="remove the store and make the files anew")
