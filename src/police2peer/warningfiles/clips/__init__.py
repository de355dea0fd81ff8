# SPDX-License-Identifier: EUPL-1.2
"""Clips of officers and sound files that partners hand in: hostile bytes until they were made anew.

A foreign file is decoded once, in a process that can reach nothing; out of that come plain pictures and plain
sound, from which we make our own film. Nothing else of the file is kept.

The face loads numpy, av and typst when it is first asked for something: the limited process begins in here too.
"""

import importlib
from typing import TYPE_CHECKING

from police2peer.warningfiles.clips.limits import Limits

if TYPE_CHECKING:
    from police2peer.warningfiles.clips.prepared import (
        PreparedClip,
        PreparedSound,
        clip_pictures,
        prepare_clip,
        prepare_sound,
        sound_pcm,
    )

__all__ = [
    "Limits",
    "PreparedClip",
    "PreparedSound",
    "clip_pictures",
    "prepare_clip",
    "prepare_sound",
    "sound_pcm",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(importlib.import_module("police2peer.warningfiles.clips.prepared"), name)
