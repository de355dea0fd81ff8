# SPDX-License-Identifier: EUPL-1.2
"""Makes all files of a campaign; can be stopped at any moment and taken up again.

A draft of the manifest is kept while making, and every file in it stays as it is: its code may be in the
catalogue already. The manifest itself appears when the last file is made. Heavy making takes any
`concurrent.futures` executor; what travels are messages, codes and recipes.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from police2peer.campaign import Campaign, Recipe, WarningMessage
from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.studio import Studio, basis_of
from police2peer.warningfiles.warningfile import (
    MANIFEST_NAME,
    Manifest,
    WarningFile,
    file_from_json,
    file_to_json,
    read_manifest,
    store_in,
    write_manifest,
)
from police2peer.warningfiles.workshop import SAMPLE_CODE

__all__ = ["make_campaign", "making_of"]

_DRAFT_NAME = "manifest.draft.json"
_DRAFT_EVERY_S = 2.0  # what a power cut may cost
_BATCH_FILES = 25  # one base film serves a batch; small enough that several workers share one message
_TOOLS = ("av", "pillow", "pymupdf-fonts", "segno", "typst")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Batch:
    """Files of one message in one language; what one worker is given. `run` differs for each call."""

    run: int
    store: Path
    message: WarningMessage
    making: Making
    orders: tuple[tuple[Recipe, VerifyCode], ...]


def making_of(campaign: Campaign) -> Making:
    """Give what the campaign says about its files."""
    files = campaign.files
    return Making(
        film_seconds=files.film_seconds,
        film_height=files.film_height,
        subtitles=files.subtitles,
        blank_bytes=files.blank_bytes,
        filler=files.filler,
        blank_holds=_held(campaign) if files.blank_picture else None,
        sizes=files.sizes,
        credentials=campaign.credentials,
    )


def _held(campaign: Campaign) -> WarningMessage:
    """Give the message that a blank holds: the campaign's first with words, in its first language."""
    for message in campaign.messages:
        for language, texts in message.texts.items():
            return replace(message, texts={language: texts}, clips={}, audio={})
    raise BadInput("no message has a picture for the blanks", remedy="set blank.picture = false, or add a message")


def make_campaign(
    campaign: Campaign,
    folder: Path,
    *,
    new_code: Callable[[], VerifyCode],
    progress: Progress = lambda _done, _all: None,
    executor: Executor | None = None,
) -> Manifest:
    """Make every file of `campaign.recipes()` into `folder` and write the manifest.

    `progress(done, all)` is called as files are done. Files that were made before from the same words are kept,
    with their codes. Raises `BadInput` for a message that cannot be shown and `Unavailable` for a full disk;
    what was made until then is kept for the next run.
    """
    made = _kept(campaign, folder)
    recipes = campaign.recipes()
    batches = list(_batches(campaign, folder, made, new_code))
    saved_at = time.monotonic()
    progress(len(made), len(recipes))
    try:
        for files in _run(batches, executor):
            made |= {file.recipe: file for file in files}
            progress(len(made), len(recipes))
            if time.monotonic() - saved_at > _DRAFT_EVERY_S:
                _write(campaign, folder, made, _DRAFT_NAME)
                saved_at = time.monotonic()
    except BaseException:
        if made:
            _write(campaign, folder, made, _DRAFT_NAME)
        raise
    manifest = _write(campaign, folder, made, MANIFEST_NAME)
    (folder / _DRAFT_NAME).unlink(missing_ok=True)
    return manifest


def _write(campaign: Campaign, folder: Path, made: Mapping[Recipe, WarningFile], name: str) -> Manifest:
    files = tuple(made[recipe] for recipe in campaign.recipes() if recipe in made)
    manifest = Manifest(campaign.id, campaign.sha256, {tool: version(tool) for tool in _TOOLS}, files)
    write_manifest(folder / name, manifest)
    return manifest


def _kept(campaign: Campaign, folder: Path) -> dict[Recipe, WarningFile]:
    """Find the files of an earlier run that are still what the campaign wants, and whose bytes are there."""
    found: dict[Recipe, WarningFile] = {}
    for name in (MANIFEST_NAME, _DRAFT_NAME):
        if (folder / name).is_file():
            found |= {file.recipe: file for file in read_manifest(folder, name).files}
    making = making_of(campaign)
    messages = {message.id: message for message in campaign.messages}
    wanted = {recipe: basis_of(messages[recipe.message_id], recipe, making) for recipe in campaign.recipes()}
    return {
        recipe: file
        for recipe, file in found.items()
        if wanted.get(recipe) == file.basis and file.plan.is_there() and file.plan.store.holds(file.still_sha256)
    }


def _batches(
    campaign: Campaign, folder: Path, made: Mapping[Recipe, WarningFile], new_code: Callable[[], VerifyCode]
) -> Iterator[_Batch]:
    issued = {file.code for file in made.values()} | {SAMPLE_CODE}
    messages = {message.id: message for message in campaign.messages}
    run = time.monotonic_ns()
    wanted = [recipe for recipe in campaign.recipes() if recipe not in made]
    wanted.sort(key=lambda recipe: (recipe.message_id, recipe.language or "", recipe.format, recipe.variant))
    for (message_id, language), group in groupby(wanted, key=lambda recipe: (recipe.message_id, recipe.language)):
        message = messages[message_id]
        spoken = {} if language is None else {language: None, **dict.fromkeys(campaign.files.subtitles)}
        texts = {one: message.texts[one] for one in spoken}
        recipes = list(group)
        for at in range(0, len(recipes), _BATCH_FILES):
            orders = tuple((recipe, _unissued(issued, new_code)) for recipe in recipes[at : at + _BATCH_FILES])
            yield _Batch(
                run,
                store_in(folder).folder,
                replace(message, texts=texts, clips=dict(message.clips), audio=dict(message.audio)),
                making_of(campaign),
                orders,
            )


def _unissued(issued: set[VerifyCode | None], new_code: Callable[[], VerifyCode]) -> VerifyCode:
    for _ in range(100):
        code = new_code()
        if code not in issued:
            issued.add(code)
            return code
    raise BadInput("the source of codes repeats itself", remedy="use a source of real randomness")


def _run(batches: Sequence[_Batch], executor: Executor | None) -> Iterator[list[WarningFile]]:
    if executor is None:
        for batch in batches:
            for order in batch.orders:
                yield _read(batch, _make_batch(replace(batch, orders=(order,))))
        return
    waiting = {executor.submit(_make_batch, batch): batch for batch in batches}
    try:
        for done in as_completed(waiting):
            yield _read(waiting[done], done.result())
    except BrokenExecutor as error:
        raise Unavailable(
            "a process that makes files was ended from outside, most likely for want of memory",
            remedy="run `police2peer make` again, with --jobs 1 if memory is short",
        ) from error
    finally:
        for future in waiting:
            future.cancel()


def _read(batch: _Batch, files: list[dict[str, object]]) -> list[WarningFile]:
    store = BaseStore(batch.store)
    return [file_from_json(file, store) for file in files]


_here = threading.local()


def _make_batch(batch: _Batch) -> list[dict[str, object]]:
    """Make one batch; the studio stays with the thread for the next one of the same run."""
    studio = getattr(_here, "studio", None)
    if not isinstance(studio, Studio) or _here.basis != (batch.run, batch.store, batch.making):
        studio = Studio(BaseStore(batch.store), batch.making)
        _here.studio, _here.basis = studio, (batch.run, batch.store, batch.making)
    return [
        file_to_json(studio.make(batch.message, recipe.language, recipe.format, code, variant=recipe.variant))
        for recipe, code in batch.orders
    ]
