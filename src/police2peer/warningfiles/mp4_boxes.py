# SPDX-License-Identifier: EUPL-1.2
"""Writes MP4 files from finished samples, the same bytes each time, with the index before the media.

It knows where each sample lies, so that one sample can be exchanged for another of the same length without
touching anything else. Sources: ISO/IEC 14496-12 (boxes), 14496-14 (esds), 14496-15 (avcC).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

__all__ = ["MadeFilm", "Track", "aac_entry", "avc_entry", "box", "free_box_header", "write_mp4"]

_MOVIE_TIMESCALE = 1000  # movie times in milliseconds
_UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_LANGUAGE_UND = 0x55C4  # ISO 639-2 "und", packed
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
    """One kind of samples, all of one duration; `sync` are the samples a player may start at, or None for all."""

    handler: bytes
    timescale: int
    sample_duration: int
    samples: Sequence[bytes]
    entry: bytes
    sync: Sequence[int] | None = None
    width: int = 0
    height: int = 0

    @property
    def duration_ms(self) -> int:
        """How long all samples last, in milliseconds."""
        return len(self.samples) * self.sample_duration * _MOVIE_TIMESCALE // self.timescale

    def chunk_lengths(self) -> list[int]:
        """How many samples begin within each second."""
        ends = [-(-(second * self.timescale) // self.sample_duration) for second in self._seconds()]
        ends = [min(end, len(self.samples)) for end in ends]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]

    def _seconds(self) -> range:
        whole = -(-len(self.samples) * self.sample_duration // self.timescale)
        return range(_CHUNK_S, whole + 1, _CHUNK_S)


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
    for place, count in zip(chunks[0], _cut(tracks[0]), strict=True):
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
            if second < len(cut):
                places[number].append(len(media))
                media += b"".join(cut[second])
    return places, bytes(media)


def _moov(tracks: Sequence[Track], chunks: Sequence[Sequence[int]]) -> bytes:
    longest = max(track.duration_ms for track in tracks)
    head = struct.pack(">4I", 0, 0, _MOVIE_TIMESCALE, longest) + struct.pack(">IH10x", 0x10000, 0x100)
    header = _full(b"mvhd", 0, 0, head, _UNITY_MATRIX, bytes(24), struct.pack(">I", len(tracks) + 1))
    return box(b"moov", header, *(_trak(i + 1, t, c) for i, (t, c) in enumerate(zip(tracks, chunks, strict=True))))


def _trak(number: int, track: Track, chunks: Sequence[int]) -> bytes:
    is_sound = track.handler == b"soun"
    head = struct.pack(">5I8xHHHxx", 0, 0, number, 0, track.duration_ms, 0, 0, 0x100 if is_sound else 0)
    size = struct.pack(">II", track.width << 16, track.height << 16)
    duration = len(track.samples) * track.sample_duration
    media_head = struct.pack(">4IHxx", 0, 0, track.timescale, duration, _LANGUAGE_UND)
    handler = struct.pack(">I4s12x", 0, track.handler) + b"\0"
    kind = _full(b"smhd", 0, 0, bytes(4)) if is_sound else _full(b"vmhd", 0, 1, bytes(8))
    here = box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    return box(
        b"trak",
        _full(b"tkhd", 0, 3, head, _UNITY_MATRIX, size),
        box(
            b"mdia",
            _full(b"mdhd", 0, 0, media_head),
            _full(b"hdlr", 0, 0, handler),
            box(b"minf", kind, here, _sample_table(track, chunks)),
        ),
    )


def _sample_table(track: Track, chunks: Sequence[int]) -> bytes:
    count = len(track.samples)
    runs, first = [], 1
    for length, group in groupby(track.chunk_lengths()):
        runs.append(struct.pack(">3I", first, length, 1))
        first += len(list(group))
    sizes = [len(sample) for sample in track.samples]
    tables = [
        _full(b"stsd", 0, 0, struct.pack(">I", 1), track.entry),
        _full(b"stts", 0, 0, struct.pack(">3I", 1, count, track.sample_duration)),
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


def avc_entry(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    """Give the sample entry of H.264 with these parameter sets (BT.709, limited range)."""
    config = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    config += b"\x01" + struct.pack(">H", len(pps)) + pps
    if sps[1] in {100, 110, 122, 144}:  # High profiles state chroma format 4:2:0 and 8 bits (14496-15, 5.3.3.1)
        config += bytes([0xFD, 0xF8, 0xF8, 0])
    fixed = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    colour = box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0))
    return box(b"avc1", fixed, box(b"avcC", config), colour)


def aac_entry(rate_hz: int, channels: int, config: bytes) -> bytes:
    """Give the sample entry of AAC with this AudioSpecificConfig."""
    specific = _descriptor(5, config)
    decoder = _descriptor(4, struct.pack(">BB3xII", 0x40, 0x15, 0, 0) + specific)
    stream = _descriptor(3, struct.pack(">HB", 0, 0) + decoder + _descriptor(6, b"\x02"))
    fixed = struct.pack(">6xH8xHHIHH", 1, channels, 16, 0, rate_hz, 0)
    return box(b"mp4a", fixed, _full(b"esds", 0, 0, stream))


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content
