# SPDX-License-Identifier: EUPL-1.2
"""How pictures and sound are coded for the containers; each codec stands still and fills a slot in its own way."""

from police2peer.warningfiles.codecs.mpeg_pictures import MPEG2, MPEG4
from police2peer.warningfiles.codecs.muxing import Muxer, Tracks
from police2peer.warningfiles.codecs.pictures import Coded, PictureCodec, Size, picture_track, set_common
from police2peer.warningfiles.codecs.sound import AAC, MP2, MP3, OPUS, WMA, SoundCodec
from police2peer.warningfiles.codecs.vp9_pictures import VP9
from police2peer.warningfiles.codecs.wmv_pictures import WMV2

__all__ = [
    "AAC",
    "MP2",
    "MP3",
    "MPEG2",
    "MPEG4",
    "OPUS",
    "VP9",
    "WMA",
    "WMV2",
    "Coded",
    "Muxer",
    "PictureCodec",
    "Size",
    "SoundCodec",
    "Tracks",
    "picture_track",
    "set_common",
]
