# SPDX-License-Identifier: EUPL-1.2
"""The film of `benchmarks.making` as MoviePy makes it: run by a Python of its own, with MoviePy 2.2.1 in it.

Arguments: seconds a card, the film to write, the cards as PNG files.
"""

import sys

import numpy as np
from moviepy import AudioClip, ImageClip, concatenate_videoclips


def main(seconds: str, target: str, *cards: str) -> None:
    """Make the film with silence."""
    clips = [ImageClip(card).with_duration(float(seconds)) for card in cards]
    film = concatenate_videoclips(clips)
    silence = AudioClip(lambda t: np.zeros((np.size(t), 1)), duration=film.duration, fps=48_000)
    film.with_audio(silence).write_videofile(
        target,
        fps=25,
        codec="libx264",
        preset="veryfast",
        ffmpeg_params=["-crf", "16"],
        audio_codec="aac",
        logger=None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
