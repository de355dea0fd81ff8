# SPDX-License-Identifier: EUPL-1.2
"""Writes MP4 files from finished samples, the same bytes each time, with the index before the media.

It knows where each sample lies, so that one sample can be exchanged for another of the same length without
touching anything else. Sources: ISO/IEC 14496-12 (boxes), 14496-14 (esds), 14496-15 (avcC).
"""

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

__all__ = ["MadeFilm", "Track", "aac_entry", "avc_config", "avc_entry", "box", "free_box_header", "write_mp4"]

_MOVIE_TIMESCALE = 1000  # movie times in milliseconds
_UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_ON, _IN_MOVIE = 1, 2  # what a track header's flags say
_LETTER_BITS, _BEFORE_A = 5, 0x60  # how the three letters of a language are packed
_CHUNK_S = 1  # picture and sound alternate each second, so that players need not jump


def box(kind: bytes, *content: bytes) -> bytes:
    """Give a box of this kind."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def free_box_header(length: int) -> bytes:
    """Give the header of a `free` box that covers `length` bytes after it (64-bit size: any length)."""
    return struct.pack(">I4sQ", 1, b"free", 16 + length)


@dataclass(frozen=True, slots=True)
class Track:
    """One kind of samples, which last `sample_duration` each, or as `durations` says; `timescale` units are a second.

    `sync` are the samples a player may start at, or None for all. The first `skipped` units are not played.
    `language` is told by ISO 639-2; tracks of one number of `alternatives` take each other's place, and one that is
    not `is_on` is played when chosen. `top` is how far below the picture's upper edge it stands.
    """

    handler: bytes
    timescale: int
    sample_duration: int
    samples: Sequence[bytes]
    entry: bytes
    sync: Sequence[int] | None = None
    width: int = 0
    height: int = 0
    durations: Sequence[int] | None = None
    skipped: int = 0
    language: str = "und"
    is_on: bool = True
    alternatives: int = 0
    top: int = 0

    def all_durations(self) -> Sequence[int]:
        """How long each sample lasts."""
        return [self.sample_duration] * len(self.samples) if self.durations is None else self.durations

    @property
    def duration(self) -> int:
        """How long all samples last."""
        return sum(self.all_durations())

    @property
    def duration_ms(self) -> int:
        """How long the track plays, in milliseconds."""
        return (self.duration - self.skipped) * _MOVIE_TIMESCALE // self.timescale

    def chunk_lengths(self) -> list[int]:
        """How many samples begin within each second."""
        begins = [0, *accumulate(self.all_durations())][:-1]
        whole = -(-self.duration // self.timescale)
        ends = [bisect_left(begins, second * self.timescale) for second in range(_CHUNK_S, whole + 1, _CHUNK_S)]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True, slots=True)
class MadeFilm:
    """The file, and the offset of every sample of its first track."""

    content: bytes
    offsets: tuple[int, ...]


def write_mp4(tracks: Sequence[Track]) -> MadeFilm:
    """Lay the tracks out second by second behind their index."""
    kind = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    chunks, media = _interleave(tracks)
    empty = _moov(tracks, [[0] * len(places) for places in chunks])
    begin = len(kind) + len(empty) + 8
    index = _moov(tracks, [[begin + place for place in places] for places in chunks])
    offsets = []
    for place, count in zip(chunks[0], filter(None, _cut(tracks[0])), strict=True):
        at = begin + place
        for sample in count:
            offsets.append(at)
            at += len(sample)
    return MadeFilm(kind + index + box(b"mdat", media), tuple(offsets))


def _cut(track: Track) -> list[Sequence[bytes]]:
    cut, at = [], 0
    for count in track.chunk_lengths():
        cut.append(track.samples[at : at + count])
        at += count
    return cut


def _interleave(tracks: Sequence[Track]) -> tuple[list[list[int]], bytes]:
    cuts = [_cut(track) for track in tracks]
    places: list[list[int]] = [[] for _ in tracks]
    media = bytearray()
    for second in range(max(map(len, cuts))):
        for number, cut in enumerate(cuts):
            if second < len(cut) and cut[second]:
                places[number].append(len(media))
                media += b"".join(cut[second])
    return places, bytes(media)


def _moov(tracks: Sequence[Track], chunks: Sequence[Sequence[int]]) -> bytes:
    longest = max(track.duration_ms for track in tracks)
    head = struct.pack(">4I", 0, 0, _MOVIE_TIMESCALE, longest) + struct.pack(">IH10x", 0x10000, 0x100)
    header = _full(b"mvhd", 0, 0, head, _UNITY_MATRIX, bytes(24), struct.pack(">I", len(tracks) + 1))
    return box(b"moov", header, *(_trak(i + 1, t, c) for i, (t, c) in enumerate(zip(tracks, chunks, strict=True))))


def _trak(number: int, track: Track, chunks: Sequence[int]) -> bytes:
    volume = 0x100 if track.handler == b"soun" else 0
    head = struct.pack(">5I8xHHHxx", 0, 0, number, 0, track.duration_ms, 0, track.alternatives, volume)
    matrix = _UNITY_MATRIX[:28] + struct.pack(">I", track.top << 16) + _UNITY_MATRIX[32:]
    size = struct.pack(">II", track.width << 16, track.height << 16)
    media_head = struct.pack(">4IHxx", 0, 0, track.timescale, track.duration, _packed(track.language))
    handler = struct.pack(">I4s12x", 0, track.handler) + b"\0"
    kinds = {b"soun": _full(b"smhd", 0, 0, bytes(4)), b"vide": _full(b"vmhd", 0, 1, bytes(8))}
    kind = kinds.get(track.handler, _full(b"nmhd", 0, 0))
    here = box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    return box(
        b"trak",
        _full(b"tkhd", 0, _IN_MOVIE | _ON * track.is_on, head, matrix, size),
        _edit(track),
        box(
            b"mdia",
            _full(b"mdhd", 0, 0, media_head),
            _full(b"hdlr", 0, 0, handler),
            box(b"minf", kind, here, _sample_table(track, chunks)),
        ),
    )


def _packed(language: str) -> int:
    """Write three letters in 15 bits (14496-12, 8.4.2.3)."""
    packed = 0
    for letter in language.encode("ascii"):
        packed = packed << _LETTER_BITS | letter - _BEFORE_A
    return packed


def _edit(track: Track) -> bytes:
    if not track.skipped:
        return b""
    return box(b"edts", _full(b"elst", 0, 0, struct.pack(">IIIHH", 1, track.duration_ms, track.skipped, 1, 0)))


def _sample_table(track: Track, chunks: Sequence[int]) -> bytes:
    runs, first = [], 1
    for length, group in groupby(filter(None, track.chunk_lengths())):
        runs.append(struct.pack(">3I", first, length, 1))
        first += len(list(group))
    sizes = [len(sample) for sample in track.samples]
    times = [struct.pack(">II", len(list(group)), length) for length, group in groupby(track.all_durations())]
    tables = [
        _full(b"stsd", 0, 0, struct.pack(">I", 1), track.entry),
        _full(b"stts", 0, 0, struct.pack(">I", len(times)), *times),
    ]
    if track.sync is not None:
        tables.append(_full(b"stss", 0, 0, _numbers([sample + 1 for sample in track.sync])))
    tables += [
        _full(b"stsc", 0, 0, struct.pack(">I", len(runs)), *runs),
        _full(b"stsz", 0, 0, struct.pack(">I", 0), _numbers(sizes)),
        _full(b"stco", 0, 0, _numbers(chunks)),
    ]
    return box(b"stbl", *tables)


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f">I{len(values)}I", len(values), *values)


def avc_config(sps: bytes, pps: bytes) -> bytes:
    """Give the AVCDecoderConfigurationRecord, which MP4 and Matroska put before the pictures."""
    config = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    config += b"\x01" + struct.pack(">H", len(pps)) + pps
    if sps[1] in {100, 110, 122, 144}:  # High profiles state chroma format 4:2:0 and 8 bits (14496-15, 5.3.3.1)
        config += bytes([0xFD, 0xF8, 0xF8, 0])
    return config


def avc_entry(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    """Give the sample entry of H.264 with these parameter sets (BT.709, limited range)."""
    fixed = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    colour = box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0))
    return box(b"avc1", fixed, box(b"avcC", avc_config(sps, pps)), colour)


def aac_entry(rate_hz: int, channels: int, config: bytes) -> bytes:
    """Give the sample entry of AAC with this AudioSpecificConfig."""
    specific = _descriptor(5, config)
    decoder = _descriptor(4, struct.pack(">BB3xII", 0x40, 0x15, 0, 0) + specific)
    stream = _descriptor(3, struct.pack(">HB", 0, 0) + decoder + _descriptor(6, b"\x02"))
    fixed = struct.pack(">6xH8xHHIHH", 1, channels, 16, 0, rate_hz, 0)
    return box(b"mp4a", fixed, _full(b"esds", 0, 0, stream))


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content
