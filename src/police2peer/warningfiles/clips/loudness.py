# SPDX-License-Identifier: EUPL-1.2
"""How loud a voice is, and the same voice at the level of all our films.

Measured as EBU R 128 says (ITU-R BS.1770: gated loudness, peaks between samples) by FFmpeg's `ebur128`. Raised or
lowered as a whole, by one factor, so that a voice keeps its own quiet and loud; only peaks that would stand above
-2 dBTP are held down, by `alimiter` at four times the rate. What results is measured again. Silence, and a room
in which nobody speaks, stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from police2peer.warningfiles.clips.limits import PCM_RATE_HZ

__all__ = ["PEAK_DBTP", "QUIETEST_VOICE_LUFS", "TARGET_LUFS", "Loudness", "level", "measure"]

TARGET_LUFS: Final = -18.0  # between broadcast (-23) and the web (-14); facts of the field: heard on a telephone
PEAK_DBTP: Final = -2.0  # so that lossy coding does not clip
QUIETEST_VOICE_LUFS: Final = -50.0  # below this nobody speaks, and raising would only give noise
_CLOSE_LU: Final = 0.2
_ROUNDS: Final = 5
_PEAK_SPARE_DB: Final = 0.5  # what resampling after the limiter may add
_OVERSAMPLED_HZ: Final = 4 * PCM_RATE_HZ
_PIECE: Final = PCM_RATE_HZ  # one second
_LOUDNESS_KEY, _PEAK_KEY = "lavfi.r128.I", "lavfi.r128.true_peaks_ch0"


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness, and the highest peak between samples."""

    lufs: float
    peak_dbtp: float


def _run(pcm: bytes, *filters: tuple[str, str]) -> Iterator[AudioFrame]:
    graph = Graph()
    graph.threads = 1
    told = f"sample_rate={PCM_RATE_HZ}:sample_fmt=s16:channel_layout=mono:time_base=1/{PCM_RATE_HZ}"
    nodes = [graph.add("abuffer", told), *(graph.add(name, argument) for name, argument in filters)]
    nodes.append(graph.add("abuffersink"))
    graph.link_nodes(*nodes).configure()
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int16).reshape(1, -1)
    for begin, end in pairwise([*range(0, samples.shape[1], _PIECE), samples.shape[1]]):
        frame = AudioFrame.from_ndarray(samples[:, begin:end], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = PCM_RATE_HZ, begin, Fraction(1, PCM_RATE_HZ)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            made = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(made, AudioFrame):
            yield made


def measure(pcm: bytes) -> Loudness:
    """Measure PCM of one channel, 16 bits, 48 kHz; silence has -70 LUFS or less."""
    last: dict[str, str] = {}
    for frame in _run(pcm, ("ebur128", "metadata=1:peak=true")):
        last = dict(frame.metadata) or last
    peak = float(last.get(_PEAK_KEY, 0.0))
    return Loudness(float(last.get(_LOUDNESS_KEY, "-inf")), 20 * float(np.log10(peak)) if peak > 0 else -np.inf)


def level(pcm: bytes) -> tuple[bytes, Loudness]:
    """Bring a voice to -18 LUFS with no peak above -2 dBTP, and say what was reached."""
    before = measure(pcm)
    if before.lufs < QUIETEST_VOICE_LUFS:
        return pcm, before
    gain_db = TARGET_LUFS - before.lufs
    if before.peak_dbtp + gain_db <= PEAK_DBTP:
        made = _amplified(pcm, gain_db)
        return made, measure(made)
    for _ in range(_ROUNDS):
        made = _limited(pcm, gain_db)
        reached = measure(made)
        if abs(reached.lufs - TARGET_LUFS) <= _CLOSE_LU:
            break
        gain_db += TARGET_LUFS - reached.lufs
    return made, reached


def _amplified(pcm: bytes, gain_db: float) -> bytes:
    samples = np.frombuffer(pcm, dtype="<i2") * 10 ** (gain_db / 20)
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()


def _limited(pcm: bytes, gain_db: float) -> bytes:
    ceiling = 10 ** ((PEAK_DBTP - _PEAK_SPARE_DB) / 20)
    made = b"".join(
        bytes(frame.planes[0])[: frame.samples * 2]
        for frame in _run(
            pcm,
            ("volume", f"{gain_db:.3f}dB:precision=double"),
            ("aresample", str(_OVERSAMPLED_HZ)),
            ("alimiter", f"limit={ceiling:.6f}:level=false:latency=true:attack=5:release=50"),
            ("aresample", str(PCM_RATE_HZ)),
            ("aformat", "sample_fmts=s16:channel_layouts=mono"),
        )
    )
    return made[: len(pcm)].ljust(len(pcm), b"\0")
