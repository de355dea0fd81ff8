# SPDX-License-Identifier: EUPL-1.2
"""A campaign to begin with: the example, copied into a folder of its own. It holds no secret."""

import importlib.resources
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from police2peer.campaign.campaign_file import CAMPAIGN_NAME
from police2peer.errors import BadInput
from police2peer.storage import write_whole

__all__ = ["new_campaign"]

_SAMPLE = importlib.resources.files("police2peer.campaign") / "sample"
_PERIOD = timedelta(days=180)


def new_campaign(folder: Path, *, now: datetime) -> Path:
    """Copy the example into `folder` with an order from today for 180 days; give the campaign file.

    Raises `BadInput` when the folder holds something already; a failure leaves nothing behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder.name} is there and not empty", remedy="give the name of a new folder")
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    was_there = folder.exists()
    try:
        for source in sorted(_SAMPLE.iterdir(), key=lambda one: one.name):
            content = source.read_bytes()
            if source.name == CAMPAIGN_NAME:
                content = _with_period(content.decode(), start).encode()
            write_whole(folder / source.name, content)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            folder.mkdir()
        raise
    return folder / CAMPAIGN_NAME


def _with_period(text: str, start: datetime) -> str:
    for key, moment in (("start", start), ("end", start + _PERIOD)):
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {moment:%Y-%m-%dT%H:%M:%SZ}", text)
        if count != 1:
            raise ValueError(key)
    return text
