# SPDX-License-Identifier: EUPL-1.2
"""MKV: the H.264 pictures of the mp4 film, AAC, and subtitles that a player can switch on.

Source: RFC 9559 (Matroska); its codec mappings for V_MPEG4/ISO/AVC and S_TEXT/UTF8.
"""

from functools import partial

from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import AAC, Coded, Muxer, Size, Tracks, set_common
from police2peer.warningfiles.film.scenes import timeline_digest, timeline_of
from police2peer.warningfiles.film.timeline import FRAMES_PER_S
from police2peer.warningfiles.formats.coded_film import code_film
from police2peer.warningfiles.formats.container import FirstFilm, base_of, painted_card
from police2peer.warningfiles.formats.moving import skips
from police2peer.warningfiles.formats.slot import filled_slot, note_bytes, slot_size
from police2peer.warningfiles.h264 import ParameterSets
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.mp4_boxes import avc_config
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import SAMPLE_CODE, Workshop, digest_of

__all__ = ["make_mkv"]

_OPTIONS = {"write_crc32": "0"}  # a sum over the pictures would undo the splice


def make_mkv(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    layout = film_layout(making.film_height)
    sets = skips(workshop, layout.width, layout.height).sets
    key = digest_of(
        kind="base",
        form="matroska",
        sound=repr(AAC),
        sets=sets.sps.hex() + sets.pps.hex(),
        timeline=timeline_digest(wording, making),
    )
    base = base_of(workshop, key, partial(_first_film, workshop, wording, making))
    picture = painted_card(workshop, wording, code, making)
    slot = filled_slot(workshop, picture, note_bytes(wording, code), base.slot_bytes, sets)
    return base.splice.around(workshop.store, slot)


def _first_film(workshop: Workshop, wording: Wording, making: Making) -> FirstFilm:
    timeline = timeline_of(workshop, wording, making)
    picture = painted_card(workshop, wording, SAMPLE_CODE, making)
    slot_bytes = slot_size(picture)
    coded = code_film(workshop, timeline, slot_bytes)
    slot = FilePlan(
        filled_slot(workshop, picture, note_bytes(wording, SAMPLE_CODE), slot_bytes, coded.sets), workshop.store
    )
    sync = frozenset(coded.sync)
    tracks = Tracks(
        add_video=partial(_add_video, Size(timeline.layout.width, timeline.layout.height), coded.sets),
        pictures=tuple(Coded(sample, number in sync) for number, sample in enumerate(coded.samples)),
        sound=AAC,
        frames=timeline.frames,
        pcm=timeline.sound,
        subtitles=timeline.subtitles,
    )
    return FirstFilm(Muxer("matroska", _OPTIONS, tracks), {coded.slot: slot.read(0, slot_bytes)})


def _add_video(size: Size, sets: ParameterSets, container: OutputContainer) -> VideoStream:
    """Add the stream of the pictures; the record of their sets tells the muxer that they need no changing."""
    stream = container.add_stream("libx264", rate=FRAMES_PER_S)
    context: VideoCodecContext = stream.codec_context
    set_common(context, size)
    context.open()
    context.extradata = avc_config(sets.sps, sets.pps)
    return stream
