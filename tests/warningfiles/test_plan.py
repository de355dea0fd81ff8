# SPDX-License-Identifier: EUPL-1.2
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libtorrent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles import (
    BaseStore,
    FilePlan,
    Keystream,
    Literal,
    MidStates,
    Part,
    StoredRange,
    Zeros,
    hash_file,
)

_KEPT = random.Random(1).randbytes(50_000)


@pytest.fixture(scope="module")
def kept(store: BaseStore) -> str:
    return store.put(_KEPT)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _parts() -> st.SearchStrategy[list[Part]]:
    sha256 = hashlib.sha256(_KEPT).hexdigest()
    stored = st.tuples(st.integers(0, 25_000), st.integers(0, 25_000)).map(lambda place: StoredRange(sha256, *place))
    stream = st.tuples(st.binary(min_size=32, max_size=32), st.integers(0, 1 << 40), st.integers(0, 40_000))
    part: st.SearchStrategy[Part] = st.one_of(
        st.binary(max_size=300).map(Literal),
        st.integers(0, 70_000).map(Zeros),
        stream.map(lambda values: Keystream(*values)),
        stored,
    )
    return st.lists(part, max_size=6)


def _bytes(plan: FilePlan) -> bytes:
    return plan.read(0, plan.size)


@given(parts=_parts())
@settings(max_examples=40)
def test_a_plan_survives_its_way_through_json(store: BaseStore, kept: str, parts: list[Part]) -> None:
    plan = FilePlan(parts, store)
    again = FilePlan.from_json(json.loads(json.dumps(plan.to_json())), store)
    assert again == plan
    assert _bytes(again) == _bytes(plan)
    assert len(kept) == 64


@given(parts=_parts(), offset=st.integers(0, 200_000), count=st.integers(0, 100_000))
@settings(max_examples=40)
def test_any_range_reads_as_the_written_file(
    store: BaseStore, kept: str, parts: list[Part], offset: int, count: int
) -> None:
    plan = FilePlan(parts, store)
    with _scratch() as folder:
        plan.write(folder / "file")
        written = (folder / "file").read_bytes()
    assert len(written) == plan.size
    assert plan.read(offset, count) == written[offset : offset + count]
    assert _bytes(FilePlan(plan.parts_of(offset, count), store)) == written[offset : offset + count]
    assert kept


@given(parts=_parts())
@settings(max_examples=30)
def test_a_plan_hashes_as_the_file_it_writes(store: BaseStore, kept: str, parts: list[Part]) -> None:
    plan = FilePlan(parts, store)
    with _scratch() as folder:
        plan.write(folder / "file")
        assert plan.hashes() == hash_file(folder / "file")
    content = _bytes(plan)
    assert plan.hashes().sha256 == hashlib.sha256(content).hexdigest()
    assert plan.hashes().sha1 == hashlib.sha1(content).hexdigest()  # noqa: S324 - a network's name
    assert plan.hashes().md5 == hashlib.md5(content).hexdigest()  # noqa: S324 - as above
    assert kept


@given(shared=_parts(), first=_parts(), second=_parts())
@settings(max_examples=30)
def test_hashes_from_a_known_beginning_are_the_same(
    store: BaseStore, kept: str, shared: list[Part], first: list[Part], second: list[Part]
) -> None:
    known = MidStates()
    for parts in (shared + first, shared + second, shared + first):
        plan = FilePlan(parts, store)
        assert plan.hashes(known) == plan.hashes()
    assert kept


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 300_000, 1_000_000, 40_000_000])
@pytest.mark.parametrize("filler", ["zeros", "keystream"])
def test_bittorrent_hashes_equal_those_of_libtorrent(
    store: BaseStore, tmp_path: Path, size: int, filler: str
) -> None:
    parts: list[Part] = [Zeros(size)] if filler == "zeros" else [Keystream(bytes(32), 5, size)]
    plan = FilePlan([Literal(b"!"), *parts], store)
    path = tmp_path / "file"
    plan.write(path)
    hashes = plan.hashes()
    files = libtorrent.list_files(str(path))
    for flag in (libtorrent.create_torrent.v1_only, libtorrent.create_torrent.v2_only):
        torrent = libtorrent.create_torrent(files, hashes.bt_piece_length, flag)
        libtorrent.set_piece_hashes(torrent, str(tmp_path))
        made: Any = libtorrent.bdecode(libtorrent.bencode(torrent.generate()))
        if b"pieces" in made[b"info"]:
            assert made[b"info"][b"pieces"] == hashes.bt_pieces
        else:
            assert made[b"info"][b"file tree"][b"file"][b""][b"pieces root"] == hashes.bt2_root
            layers = made.get(b"piece layers") or {}
            assert layers.get(hashes.bt2_root, b"") == hashes.bt2_layer


def test_a_hole_takes_no_room_on_the_disk(store: BaseStore, tmp_path: Path) -> None:
    FilePlan([Literal(b"a"), Zeros(700_000_000), Literal(b"z")], store).write(tmp_path / "file")
    found = (tmp_path / "file").stat()
    assert found.st_size == 700_000_002
    assert found.st_blocks * 512 < 64 * 1024


_FILL = """
import resource, sys
from pathlib import Path
from police2peer.errors import Unavailable
from police2peer.warningfiles import BaseStore, FilePlan, Keystream
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
plan = FilePlan([Keystream(bytes(32), 0, 3_000_000)], BaseStore(Path(sys.argv[1]) / "store"))
try:
    plan.write(Path(sys.argv[1]) / "out" / "file")
except Unavailable as error:
    print(error)
"""


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    ended = subprocess.run([sys.executable, "-c", _FILL, str(tmp_path)], check=True, capture_output=True, text=True)
    assert "no room on the disk" in ended.stdout
    assert list((tmp_path / "out").iterdir()) == []


_FILL_DISK = """
mount -t tmpfs -o size=1m none "$1" && exec "$2" - "$1" <<'END'
import sys
from pathlib import Path
from police2peer.errors import Unavailable
from police2peer.warningfiles import BaseStore, FilePlan, Keystream
folder = Path(sys.argv[1])
try:
    FilePlan([Keystream(bytes(32), 0, 3_000_000)], BaseStore(folder)).write(folder / "file")
except Unavailable as error:
    print(error.facts, list(folder.iterdir()))
END
"""


@pytest.mark.peer("unshare")
def test_a_disk_that_is_really_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    # The small disk is mounted in a namespace of its own and is gone when the program ends.
    command = ["unshare", "-rm", "sh", "-c", _FILL_DISK, "sh", str(tmp_path), sys.executable]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if "mount" in ended.stderr or "unshare" in ended.stderr:
        pytest.skip("this machine lets nobody mount in a namespace")
    assert ended.stdout == "no room on the disk while writing file []\n"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["literal", "zeros", "keystream", "stored", "offset", "length", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_value_is_a_plan_or_is_refused(store: BaseStore, value: object) -> None:
    try:
        plan = FilePlan.from_json(value, store)
    except BadInput:
        return
    assert plan.size >= 0


def test_a_name_that_leaves_the_store_is_refused(store: BaseStore) -> None:
    with pytest.raises(BadInput, match="no SHA-256"):
        store.read("../" * 20 + "etc")
    with pytest.raises(BadInput, match="no SHA-256"):
        FilePlan.from_json([{"stored": "../x", "offset": 0, "length": 1}], store)


def test_spoiled_stored_bytes_are_noticed_and_made_anew(tmp_path: Path) -> None:
    sha256 = BaseStore(tmp_path).put(b"a warning")
    (tmp_path / "bytes" / sha256[:2] / sha256).write_bytes(b"a warninG")
    with pytest.raises(Unavailable, match="gone or spoiled"):
        BaseStore(tmp_path).read(sha256)
    assert BaseStore(tmp_path).put(b"a warning") == sha256
    assert BaseStore(tmp_path).read(sha256, 2, 4) == b"warn"


def test_what_was_derived_is_recalled_by_its_inputs(tmp_path: Path) -> None:
    key = "0" * 64
    assert BaseStore(tmp_path).recall(key) is None
    kept = BaseStore(tmp_path).put(b"a film")
    BaseStore(tmp_path).remember(key, {"film": kept}, stored=[kept])
    assert BaseStore(tmp_path).recall(key) == {"film": kept, "stored": [kept]}
    (tmp_path / "bytes" / kept[:2] / kept).unlink()
    assert BaseStore(tmp_path).recall(key) is None
