# SPDX-License-Identifier: EUPL-1.2
"""The mp4 film; every film shares all bytes with the others but those of its code card.

The base (everything before and after the first picture of the last card) is made once and stored. A film is that
base with one sample of fixed size exchanged. So the index never changes and the film stays valid.
"""

from dataclasses import dataclass
from functools import partial

import av

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.colour import Planes, paint_planes
from police2peer.warningfiles.film.language_codes import iso_639_2
from police2peer.warningfiles.film.scenes import code_card, timeline_digest, timeline_of
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ
from police2peer.warningfiles.formats import moving
from police2peer.warningfiles.formats.coded_film import code_film
from police2peer.warningfiles.formats.slot import CARD_CRF, filled_slot, note_bytes, slot_size
from police2peer.warningfiles.formats.sound_track import AAC_FRAME, CodedSound, code_sound
from police2peer.warningfiles.formats.subtitle_track import subtitle_track
from police2peer.warningfiles.h264 import ParameterSets
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.mp4_boxes import Track, aac_entry, write_mp4
from police2peer.warningfiles.plan import FilePlan, StoredRange
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import SAMPLE_CODE, Workshop, digest_of

__all__ = ["make_film"]


@dataclass(frozen=True)
class _Base:
    """The stored film around its slot."""

    prefix: StoredRange
    suffix: StoredRange
    slot_bytes: int
    sets: ParameterSets


def make_film(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    digest = timeline_digest(wording, making)
    base = workshop.keep(("film", digest), _Base, partial(_base, workshop, wording, making, digest))
    picture = _painted(workshop, wording, code, making)
    slot = filled_slot(workshop, picture, note_bytes(wording, code), base.slot_bytes, base.sets)
    return FilePlan([base.prefix, *slot, base.suffix], workshop.store)


def _painted(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> Planes:
    layout = film_layout(making.film_height)
    tile = workshop.tile(wording, code, layout)
    return paint_planes(code_card(workshop, wording, making), layout, tile, rtl=wording.is_rtl)


def _sound_track(sound: CodedSound, wording: Wording) -> Track:
    language = iso_639_2(wording.language) if sound.skipped else "zxx"
    entry = aac_entry(PCM_RATE_HZ, 1, sound.config)
    return Track(b"soun", PCM_RATE_HZ, AAC_FRAME, sound.frames, entry, skipped=sound.skipped, language=language)


def _base(workshop: Workshop, wording: Wording, making: Making, digest: str) -> _Base:
    key = digest_of(kind="mp4", timeline=digest, encoder=f"av {av.__version__}", crf=CARD_CRF)
    note = workshop.store.recall(key)
    if note is None:
        note = _make_base(workshop, wording, making)
        workshop.store.remember(key, note, stored=[str(note[name]) for name in ("prefix", "suffix")])
    prefix, suffix = (_whole(workshop, str(note[name])) for name in ("prefix", "suffix"))
    sets = ParameterSets(bytes.fromhex(str(note["sps"])), bytes.fromhex(str(note["pps"])))
    return _Base(prefix, suffix, int(str(note["slot_bytes"])), sets)


def _whole(workshop: Workshop, sha256: str) -> StoredRange:
    return StoredRange(sha256, 0, workshop.store.size(sha256))


def _make_base(workshop: Workshop, wording: Wording, making: Making) -> dict[str, object]:
    timeline = timeline_of(workshop, wording, making)
    slot_bytes = slot_size(_painted(workshop, wording, SAMPLE_CODE, making))
    coded = code_film(workshop, timeline, slot_bytes)
    picture = moving.picture_track(coded.samples, coded.sync, coded.sets, timeline.layout)
    film_ms = timeline.frames * 1000 // FRAMES_PER_S
    subtitles = [
        subtitle_track(cues, language, timeline.layout, film_ms) for language, cues in timeline.subtitles.items()
    ]
    film = write_mp4([picture, _sound_track(code_sound(workshop, timeline), wording), *subtitles])
    slot = film.offsets[coded.slot]
    return {
        "prefix": workshop.store.put(film.content[:slot]),
        "suffix": workshop.store.put(film.content[slot + slot_bytes :]),
        "slot_bytes": slot_bytes,
        "sps": coded.sets.sps.hex(),
        "pps": coded.sets.pps.hex(),
    }
