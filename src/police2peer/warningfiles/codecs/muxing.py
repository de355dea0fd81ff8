# SPDX-License-Identifier: EUPL-1.2
"""Pictures, sound and subtitles laid into a container, in the order in which a player needs them.

Promise: the same tracks give the same bytes; no clock, version or random number goes in.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from police2peer.campaign import Language
from police2peer.warningfiles.codecs.pictures import Coded
from police2peer.warningfiles.codecs.sound import Heard, SoundCodec
from police2peer.warningfiles.film.language_codes import iso_639_2
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ, Cue

__all__ = ["Muxer", "Tracks"]

_MS = Fraction(1, 1000)
# Matroska names languages as libraries do, where ISO 639-2 has two codes for one (RFC 9559, 12).
_OF_LIBRARIES = {
    "ces": "cze",
    "deu": "ger",
    "ell": "gre",
    "fra": "fre",
    "isl": "ice",
    "nld": "dut",
    "ron": "rum",
    "slk": "slo",
    "zho": "chi",
}


@dataclass(frozen=True)
class Tracks:
    """What a film consists of. `add_video` adds the stream of the pictures; `sound` None is a film without any."""

    add_video: Callable[[OutputContainer], VideoStream]
    pictures: Sequence[Coded]
    sound: SoundCodec | None
    frames: int
    pcm: bytes | None = None
    subtitles: Mapping[Language, Sequence[Cue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Timed:
    """Bytes for one stream and when they are due; `stream` is its number."""

    due: Fraction
    stream: int
    content: bytes
    duration: Fraction
    is_key: bool


class Muxer:
    """Muxes the same film again and again, each time with another picture; its sound is coded once."""

    def __init__(self, form: str, options: Mapping[str, str], tracks: Tracks) -> None:
        self._form = form
        self._options = {**options, "fflags": "+bitexact"}
        self._tracks = tracks
        self._heard: tuple[Heard, ...] | None = None

    def mux(self, changed: Mapping[int, bytes]) -> bytes:
        """Give the whole file, with other bytes for the pictures of these numbers."""
        target = io.BytesIO()
        tracks = self._tracks
        with av.open(target, "w", format=self._form, container_options=self._options) as container:
            streams: list[Stream] = [tracks.add_video(container)]
            timed = list(self._pictures(changed))
            if tracks.sound is not None:
                timed += self._sound(tracks.sound, container, streams)
            for stream in streams:
                stream.disposition = Disposition.default  # players start these unasked, and no subtitles
            for language, cues in tracks.subtitles.items():
                timed += _cues(container, streams, language, cues)
            container.start_encoding()
            for one in sorted(timed, key=lambda one: (one.due, one.stream)):
                container.mux(_packet(one, streams[one.stream]))
        return target.getvalue()

    def _pictures(self, changed: Mapping[int, bytes]) -> Iterator[_Timed]:
        for number, picture in enumerate(self._tracks.pictures):
            due = Fraction(number, FRAMES_PER_S)
            content = changed.get(number, picture.content)
            yield _Timed(due, 0, content, Fraction(1, FRAMES_PER_S), picture.is_key)

    def _sound(self, codec: SoundCodec, container: OutputContainer, streams: list[Stream]) -> Iterator[_Timed]:
        stream = codec.add_stream(container)
        streams.append(stream)
        if self._heard is None:
            self._heard = codec.encode(stream, self._tracks.pcm, self._tracks.frames)
        for piece in self._heard:
            due, duration = Fraction(piece.begin, PCM_RATE_HZ), Fraction(piece.duration, PCM_RATE_HZ)
            yield _Timed(due, len(streams) - 1, piece.content, duration, is_key=True)


def _cues(
    container: OutputContainer, streams: list[Stream], language: Language, cues: Sequence[Cue]
) -> Iterator[_Timed]:
    stream = container.add_mux_stream("subrip", time_base=_MS)
    name = iso_639_2(language)
    stream.metadata["language"] = _OF_LIBRARIES.get(name, name)
    streams.append(stream)
    for cue in cues:
        due, duration = cue.start_ms * _MS, (cue.end_ms - cue.start_ms) * _MS
        yield _Timed(due, len(streams) - 1, cue.text.encode(), duration, is_key=True)


def _packet(one: _Timed, stream: Stream) -> "Packet[Stream]":
    packet = Packet(one.content)
    packet.stream = stream
    tick = Fraction(1, PCM_RATE_HZ)  # divides a picture's 1/25 s and a subtitle's 1/1000 s alike
    packet.time_base = tick
    packet.pts = packet.dts = int(one.due / tick)
    packet.duration = int(one.duration / tick)
    packet.is_keyframe = one.is_key
    return packet
