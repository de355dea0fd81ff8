# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from police2peer.campaign import Campaign, FileFormat
from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles import (
    StoredRange,
    Studio,
    VerifyCode,
    hash_file,
    make_campaign,
    materialise,
    read_manifest,
    store_in,
)

Draw = Callable[[], VerifyCode]


class _StopError(Exception):
    pass


@pytest.fixture(scope="module")
def made(small_campaign: Campaign, draw_code: Draw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_campaign(small_campaign, folder, new_code=draw_code)
    return folder


def test_every_recipe_is_made_once_and_reads_back(small_campaign: Campaign, made: Path) -> None:
    manifest = read_manifest(made)
    assert [file.recipe for file in manifest.files] == list(small_campaign.recipes())
    assert {file.format for file in manifest.files} == set(small_campaign.formats)
    assert len({file.id for file in manifest.files}) == len(manifest.files) == 11
    codes = [file.code for file in manifest.files if file.code]
    assert len(set(codes)) == 10
    assert manifest.file_for(small_campaign.recipes()[3]) is manifest.files[3]
    assert manifest.campaign_sha256 == small_campaign.sha256
    assert not (made / "manifest.draft.json").exists()


def test_a_materialised_file_has_the_hashes_of_the_manifest(made: Path, tmp_path: Path) -> None:
    for file in read_manifest(made).files:
        path = materialise(file, tmp_path)
        assert path.name == f"{file.id}.{file.format.extension}"
        assert hash_file(path) == file.hashes
        before = path.stat().st_mtime_ns
        assert materialise(file, tmp_path).stat().st_mtime_ns == before


def test_a_second_run_makes_nothing_anew(small_campaign: Campaign, made: Path, draw_code: Draw) -> None:
    before = (made / "manifest.json").read_bytes()
    seen: list[tuple[int, int]] = []
    make_campaign(small_campaign, made, new_code=draw_code, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(11, 11)]
    assert (made / "manifest.json").read_bytes() == before


def test_making_is_taken_up_where_it_stopped(small_campaign: Campaign, draw_code: Draw, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 4:
            raise _StopError

    with pytest.raises(_StopError):
        make_campaign(small_campaign, tmp_path, new_code=draw_code, progress=stop)
    assert not (tmp_path / "manifest.json").exists()
    kept = {file.recipe: file.code for file in read_manifest(tmp_path, "manifest.draft.json").files}
    assert len(kept) == 4
    manifest = make_campaign(small_campaign, tmp_path, new_code=draw_code)
    assert {file.recipe: file.code for file in manifest.files if file.recipe in kept} == kept
    assert len(manifest.files) == 11


_KILLED = """
import os, random, signal, sys
from pathlib import Path
from police2peer.campaign import load_campaign
from police2peer.warningfiles import make_campaign, making, new_code
making._DRAFT_EVERY_S = 0
def progress(done, total):
    if done == 6:
        os.kill(os.getpid(), signal.SIGKILL)
make_campaign(load_campaign(Path(sys.argv[1])), Path(sys.argv[2]),
              new_code=lambda: new_code(random.Random().randbytes), progress=progress)
"""


def test_making_that_was_killed_goes_on_with_the_codes_it_had(
    small_campaign: Campaign, draw_code: Draw, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _KILLED, str(small_campaign.folder), str(tmp_path)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    assert not (tmp_path / "manifest.json").exists()
    kept = {file.recipe: file.code for file in read_manifest(tmp_path, "manifest.draft.json").files}
    assert len(kept) == 5
    manifest = make_campaign(small_campaign, tmp_path, new_code=draw_code)
    assert {file.recipe: file.code for file in manifest.files if file.recipe in kept} == kept
    assert all(hash_file(materialise(file, tmp_path / "out")) == file.hashes for file in manifest.files)


_LEFT = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from police2peer.cli.make import _end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=_end_with_parent)
    print(*{pool.submit(os.getpid).result() for _ in range(2)}, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_worker_process_outlives_a_command_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "left.py"
    program.write_text(_LEFT, "utf-8")
    # The pipe ends when the last process that holds it has ended; workers that stayed would hold it.
    ended = subprocess.run([sys.executable, str(program)], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split()


def test_changed_words_are_made_anew_and_others_keep_their_code(
    small_campaign: Campaign, draw_code: Draw, made: Path
) -> None:
    before = {file.recipe: file for file in read_manifest(made).files}
    longer = dataclasses.replace(small_campaign, files=dataclasses.replace(small_campaign.files, film_seconds=11))
    after = {file.recipe: file for file in make_campaign(longer, made, new_code=draw_code).files}
    for recipe, file in after.items():
        assert (file.code == before[recipe].code) is (file.format is not FileFormat.MP4)
    make_campaign(small_campaign, made, new_code=draw_code)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_makes_the_same_files(
    small_campaign: Campaign, draw_code: Draw, tmp_path: Path, kind: str
) -> None:
    executor: Executor = (
        ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    with ExitStack() as stack:
        stack.enter_context(executor)
        manifest = make_campaign(small_campaign, tmp_path, new_code=draw_code, executor=executor)
    assert [file.recipe for file in manifest.files] == list(small_campaign.recipes())
    film = manifest.files[0]
    assert hash_file(materialise(film, tmp_path / "out")) == film.hashes


def test_what_a_worker_process_cannot_make_is_told_as_without_one(
    small_campaign: Campaign, draw_code: Draw, tmp_path: Path
) -> None:
    worded, blank = small_campaign.messages
    texts = {
        language: dataclasses.replace(words, help="A sentence that goes on. " * 60)
        for language, words in worded.texts.items()
    }
    long = dataclasses.replace(small_campaign, messages=(dataclasses.replace(worded, texts=texts), blank))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool, pytest.raises(BadInput) as refused:
        make_campaign(long, tmp_path, new_code=draw_code, executor=pool)
    assert "message combined in" in refused.value.facts
    assert "the text help" in refused.value.facts
    assert refused.value.remedy == "shorten it"


def test_a_worker_process_that_is_ended_from_outside_is_told(
    small_campaign: Campaign, draw_code: Draw, tmp_path: Path
) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ended = pool.submit(os._exit, 1)
        with pytest.raises(Unavailable, match="ended from outside"):
            make_campaign(small_campaign, tmp_path, new_code=draw_code, executor=pool)
        assert ended.exception() is not None


def test_a_source_of_codes_that_repeats_itself_is_refused(small_campaign: Campaign, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="repeats itself"):
        make_campaign(small_campaign, tmp_path, new_code=lambda: VerifyCode("FVPA-GSRR-NJ60"))


def test_a_manifest_that_is_not_there_says_what_to_do(tmp_path: Path, small_campaign: Campaign, made: Path) -> None:
    with pytest.raises(BadInput, match=r"no manifest\.json") as missing:
        read_manifest(tmp_path)
    assert missing.value.remedy == "run `police2peer make` again"
    other = dataclasses.replace(small_campaign.recipes()[0], variant=7)
    with pytest.raises(BadInput, match="was not made"):
        read_manifest(made).file_for(other)


@given(data=st.data())
@settings(max_examples=40)
def test_a_spoiled_manifest_is_refused_and_never_half_read(
    made: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    value = json.loads((made / "manifest.json").read_bytes())
    item = data.draw(st.sampled_from(value["files"]))
    key = data.draw(st.sampled_from(sorted(item)))
    item[key] = data.draw(st.none() | st.integers() | st.lists(st.integers(), max_size=2) | st.just({"x": 1}))
    folder = tmp_path_factory.mktemp("spoiled")
    (folder / "manifest.json").write_text(json.dumps(value))
    try:
        read_manifest(folder)
    except BadInput as error:
        assert str(error) == (  # noqa: PT017
            "manifest.json is not in its form, or was written by another version "
            "(move the folder of the files away, then run `police2peer make`)"
        )


_FILL = """
import random, resource, sys
from pathlib import Path
from police2peer.campaign import load_campaign
from police2peer.errors import Unavailable
from police2peer.warningfiles import make_campaign, new_code
campaign, out, limit = load_campaign(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    make_campaign(campaign, out, new_code=lambda: new_code(random.Random().randbytes))
except Unavailable as error:
    print(error)
"""


def test_a_full_disk_while_making_leaves_nothing_half_written(small_campaign: Campaign, tmp_path: Path) -> None:
    def run(limit: int) -> str:
        command = [sys.executable, "-c", _FILL, str(small_campaign.folder), str(tmp_path), str(limit)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    # The fonts of 800 kB are there already; the larger pictures and archives do not fit below this limit.
    Studio(store_in(tmp_path))
    assert "no room on the disk" in run(200_000)
    assert not (tmp_path / "manifest.json").exists()
    assert 0 < len(read_manifest(tmp_path, "manifest.draft.json").files) < 11
    assert not list(tmp_path.rglob("*.draft"))
    assert run(0) == ""
    manifest = read_manifest(tmp_path)
    assert len(manifest.files) == 11
    assert all(hash_file(materialise(file, tmp_path / "out")) == file.hashes for file in manifest.files)


def test_lost_bytes_are_made_anew_with_a_new_code(small_campaign: Campaign, draw_code: Draw, made: Path) -> None:
    before = read_manifest(made)
    film = before.files[0]
    lost = film.plan.parts[0]
    assert isinstance(lost, StoredRange)
    (made / "store" / "bytes" / lost.sha256[:2] / lost.sha256).unlink()
    after = make_campaign(small_campaign, made, new_code=draw_code)
    assert [old.code == new.code for old, new in zip(before.files, after.files, strict=True)].count(False) == 1
    assert after.files[0].code != film.code
    content = after.files[0].plan.read(0, after.files[0].plan.size)
    assert hashlib.sha256(content).hexdigest() == after.files[0].hashes.sha256
