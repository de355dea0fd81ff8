# SPDX-License-Identifier: EUPL-1.2
"""Films in the containers that FFmpeg's muxers write: the base is made once, a unique film is a splice of it.

`Container` says what a kind of film consists of; one module a kind holds its values and the reason for each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import av

from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import Muxer, PictureCodec, Size, SoundCodec, Tracks, picture_track
from police2peer.warningfiles.colour import Planes, paint_planes
from police2peer.warningfiles.film.scenes import code_card, timeline_digest, timeline_of
from police2peer.warningfiles.formats.slot import note_bytes
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.splice import Splice, find_slot
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import SAMPLE_CODE, Workshop, digest_of

__all__ = ["Base", "Container", "FirstFilm", "base_of", "make", "painted_card"]

_SLOT_ROUND_BYTES = 4096
_SLOT_SPARE_PERCENT = 20  # QR codes differ by a few percent in how well they compress


@dataclass(frozen=True)
class Container:
    """A kind of film: FFmpeg's name of the muxer and its options, the codecs, and what is done to a muxed base."""

    form: str
    pictures: PictureCodec
    sound: SoundCodec
    options: Mapping[str, str] = field(default_factory=dict)
    finish: Callable[[bytes], bytes] = bytes

    def digest(self) -> str:
        """Name all that decides the bytes of a base, but the film itself."""
        return digest_of(
            form=self.form,
            pictures=(self.pictures.encoder, self.pictures.qualities, self.pictures.longest_still),
            sound=repr(self.sound),
            options=dict(self.options),
            av=av.__version__,
        )


@dataclass(frozen=True)
class FirstFilm:
    """A film with the sample code, ready to be muxed; `slots` are the pictures, by number, that others will replace.

    `read_by_muxer`: how many first bytes of a picture the muxer reads. `finish`: what is done to the muxed film.
    """

    muxer: Muxer
    slots: Mapping[int, bytes]
    read_by_muxer: int = 0
    finish: Callable[[bytes], bytes] = bytes

    def muxed(self, contents: Sequence[bytes]) -> bytes:
        """Give the whole film with these contents in its slots."""
        return self.finish(self.muxer.mux(dict(zip(self.slots, contents, strict=True))))


@dataclass(frozen=True)
class Base:
    """A stored film, and the numbers of the pictures that a unique film replaces."""

    splice: Splice
    numbers: tuple[int, ...]

    @property
    def slot_bytes(self) -> int:
        """How many bytes each of them takes."""
        return self.splice.slot.size // len(self.numbers)


def base_of(workshop: Workshop, key: str, first_film: Callable[[], FirstFilm]) -> Base:
    """Give the base that is stored under this digest; the first film is only made when there is none."""
    return workshop.keep(("base", key), Base, partial(_base, workshop, key, first_film))


def _base(workshop: Workshop, key: str, first_film: Callable[[], FirstFilm]) -> Base:
    note = workshop.store.recall(key)
    if note is None:
        first = first_film()
        film, slot = find_slot(first.muxed, list(first.slots.values()), first.read_by_muxer)
        note = {**Splice.keep(workshop.store, film, slot), "numbers": list(first.slots)}
        workshop.store.remember(key, note, stored=[str(note["film"])])
    numbers = note["numbers"]
    if not isinstance(numbers, list):
        raise TypeError(key)
    splice = Splice.recall(workshop.store, str(note["film"]), note["runs"])
    return Base(splice, tuple(int(number) for number in numbers))


def make(container: Container, workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    key = digest_of(kind="base", container=container.digest(), timeline=timeline_digest(wording, making))
    base = base_of(workshop, key, partial(_first_film, container, workshop, wording, making))
    codec = container.pictures
    picture = painted_card(workshop, wording, code, making)
    filled = _filled(codec, picture, note_bytes(wording, code), base.slot_bytes)
    return base.splice.plan(workshop.store, b"".join(codec.timed(filled, number) for number in base.numbers))


def painted_card(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> Planes:
    """Draw the last card with this code."""
    layout = film_layout(making.film_height)
    tile = workshop.tile(wording, code, layout)
    return paint_planes(code_card(workshop, wording, making), layout, tile, rtl=wording.is_rtl)


def _filled(codec: PictureCodec, picture: Planes, note: bytes, slot_bytes: int) -> bytes:
    """Code the picture as finely as its slot allows."""
    for quality in codec.qualities:
        filled = codec.fill(codec.still(picture, quality), note, slot_bytes)
        if filled is not None:
            return filled
    raise BadInput("the code card is too rich for its slot", remedy="use a plainer badge")


def _first_film(container: Container, workshop: Workshop, wording: Wording, making: Making) -> FirstFilm:
    timeline = timeline_of(workshop, wording, making)
    size = Size(timeline.layout.width, timeline.layout.height)
    codec = container.pictures
    card, note = painted_card(workshop, wording, SAMPLE_CODE, making), note_bytes(wording, SAMPLE_CODE)
    slot = _filled(codec, card, note, _slot_size(codec.still(card, codec.qualities[0]), note))
    pictures = picture_track(workshop, codec, timeline.scenes, size, slot)
    tracks = Tracks(
        add_video=partial(codec.add_stream, size=size),
        pictures=pictures,
        sound=container.sound,
        frames=timeline.frames,
        pcm=timeline.sound,
    )
    begin = timeline.frames - timeline.scenes[-1].frames
    slots = {number: pictures[number].content for number in range(begin, timeline.frames, codec.longest_still)}
    muxer = Muxer(container.form, container.options, tracks)
    return FirstFilm(muxer, slots, codec.read_by_muxer, container.finish)


def _slot_size(picture: bytes, note: bytes) -> int:
    wanted = (len(picture) + len(note)) * (100 + _SLOT_SPARE_PERCENT) // 100 + _SLOT_ROUND_BYTES // 2
    return -(-wanted // _SLOT_ROUND_BYTES) * _SLOT_ROUND_BYTES
