# SPDX-License-Identifier: EUPL-1.2
"""The tree and its tiles: against the published reference values and against a tree built the plain way."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from police2peer.catalogue.log.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    root_of,
)
from police2peer.catalogue.log.store import LogStore
from police2peer.catalogue.log.tiles import (
    TileTree,
    bundle_path,
    read_bundle,
    read_bundle_at,
    tile_path,
    write_bundle,
)
from police2peer.errors import NotAuthentic

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
# The reference leaves and roots of the Certificate Transparency tests, as many implementations hold them.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    0: (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    5: (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY_2_5 = (
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)


def plain_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + plain_root(hashes[:split]) + plain_root(hashes[split:])).digest()


class Plain:
    """A tree in memory."""

    def __init__(self, entries: list[bytes]) -> None:
        self.hashes = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]

    def hash_at(self, level: int, index: int) -> bytes:
        width = 1 << level
        part = self.hashes[index * width : (index + 1) * width]
        assert len(part) == width, "only complete subtrees are asked for"
        return plain_root(part)


def entries_to(count: int) -> list[bytes]:
    return [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(count)]


MANY = Plain(entries_to(300))


def test_roots_and_proofs_are_the_published_ones() -> None:
    tree = Plain(LEAVES)
    assert [root_of(size, tree.hash_at).hex() for size in range(9)] == list(ROOTS)
    for index, path in INCLUSION.items():
        assert tuple(each.hex() for each in inclusion_proof(index, 8, tree.hash_at)) == path
    assert tuple(each.hex() for each in consistency_proof(2, 5, tree.hash_at)) == CONSISTENCY_2_5


@given(st.integers(1, 300), st.data())
def test_every_leaf_is_proved_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, leaf = plain_root(MANY.hashes[:size]), MANY.hashes[index]
    proof = inclusion_proof(index, size, MANY.hash_at)
    check_inclusion(leaf, index, size, proof, root)
    wrong = [
        (leaf, index, size, [*proof, root]),
        (hash_leaf(b"another"), index, size, proof),
        (leaf, index + size, size, proof),
        (leaf, -1, size, proof),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (leaf, index, size, proof[:at] + proof[at + 1 :]),
            (leaf, index, size, [*proof[:at], hash_leaf(proof[at]), *proof[at + 1 :]]),
        ]
    for case in wrong:
        with pytest.raises(NotAuthentic):
            check_inclusion(*case, root)


@given(st.integers(0, 300), st.data())
def test_growth_is_proved_and_nothing_else_is(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    roots = plain_root(MANY.hashes[:old]), plain_root(MANY.hashes[:new])
    proof = consistency_proof(old, new, MANY.hash_at)
    check_consistency(old, roots[0], new, roots[1], proof)
    other = hash_leaf(b"another")
    wrong = [(old, other, new, roots[1], proof), (new + 1, roots[1], new, roots[1], proof)]
    if old:
        wrong += [(old, roots[0], new, roots[1], [*proof, other]), (old, roots[0], new, other, proof)]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (old, roots[0], new, roots[1], proof[:at] + proof[at + 1 :]),
            (old, roots[0], new, roots[1], [*proof[:at], other, *proof[at + 1 :]]),
        ]
    for case in wrong:
        with pytest.raises(NotAuthentic):
            check_consistency(*case)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=9), st.integers(-2, 600), st.integers(-2, 600))
def test_no_made_up_proof_ends_in_another_error(proof: list[bytes], first: int, second: int) -> None:
    with pytest.raises(NotAuthentic):
        check_inclusion(bytes(32), first, second, proof, b"no root")
    with pytest.raises(NotAuthentic):
        check_consistency(first, b"no root", second, b"nor this", proof)


def test_tiles_and_bundles_have_the_names_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert bundle_path(999) == "tile/entries/999"
    assert bundle_path(1000, 8) == "tile/entries/x001/000.p/8"


def test_a_log_of_70000_leaves_has_the_tiles_of_the_specifications_example(tmp_path: Path) -> None:
    store = LogStore(tmp_path, "example.org/log", [KEY])
    store.append(entries_to(70_000))
    store.sign()
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    tiles = {level: [name for name in names if name.startswith(f"tile/{level}/")] for level in "0123"}
    assert [len(tiles[level]) for level in "0123"] == [273 + 1, 1 + 1, 1, 0]
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= set(names)
    assert (tmp_path / "tile/0/272").stat().st_size == 8192
    assert len([name for name in names if name.startswith("tile/entries/")]) == 274


@settings(max_examples=20)  # each writes some hundred files
@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_a_log_that_grows_in_steps_is_the_log_made_at_once(steps: list[int]) -> None:
    import tempfile  # noqa: PLC0415 - each example needs a folder of its own

    entries = entries_to(sum(steps))
    with tempfile.TemporaryDirectory() as name:
        done, seen = 0, []
        for step in steps:
            store = LogStore(Path(name), "example.org/log", [KEY])
            store.append(entries[done : done + step])
            done += step
            seen.append(store.sign().checkpoint)
        tree = TileTree(store, done)
        plain = Plain(entries)
        assert seen[-1].root == plain_root(plain.hashes)
        for before in seen:
            proof = consistency_proof(before.size, done, tree.hash_at)
            check_consistency(before.size, before.root, done, seen[-1].root, proof)
        for index in (0, done // 2, done - 1):
            check_inclusion(
                plain.hashes[index], index, done, inclusion_proof(index, done, tree.hash_at), seen[-1].root
            )
        assert read_bundle_at(store, (done - 1) // 256, (done - 1) % 256 + 1) == entries[(done - 1) // 256 * 256 :]


def test_an_interrupted_append_leaves_no_trace(tmp_path: Path) -> None:
    entries = entries_to(900)
    first = LogStore(tmp_path, "example.org/log", [KEY])
    first.append(entries[:100])
    signed = first.sign()
    broken = LogStore(tmp_path, "example.org/log", [KEY])
    broken.append([b"never signed"] * 700)  # full tiles are on the disk, the checkpoint is the old one
    again = LogStore(tmp_path, "example.org/log", [KEY])
    assert again.size == 100
    again.append(entries[100:])
    assert again.sign().root == plain_root(Plain(entries).hashes)
    assert root_of(100, TileTree(again, 900).hash_at) == signed.root


def test_a_log_whose_files_were_changed_signs_nothing(tmp_path: Path) -> None:
    store = LogStore(tmp_path, "example.org/log", [KEY])
    store.append(entries_to(300))
    store.sign()
    path = tmp_path / "tile/0/000"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])
    # The tile above still has the right hash, so the root holds; an old state inside the tile does not.
    assert root_of(3, TileTree(store, 300).hash_at) != root_of(3, MANY.hash_at)
    above = tmp_path / "tile/1/000.p/1"
    above.write_bytes(bytes(32))
    with pytest.raises(NotAuthentic, match="root that was signed last"):
        LogStore(tmp_path, "example.org/log", [KEY])


@given(st.binary(max_size=200), st.integers(1, 6))
def test_a_bundle_of_any_bytes_is_read_whole_or_refused(raw: bytes, width: int) -> None:
    try:
        entries = read_bundle(raw, width)
    except NotAuthentic:
        return
    assert len(entries) == width
    assert write_bundle(entries) == raw


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_are_read_as_written(entries: list[bytes]) -> None:
    assert read_bundle(write_bundle(entries), len(entries)) == entries


class _Fixed:
    """A server that answers everything with the same bytes."""

    def __init__(self, raw: bytes | None) -> None:
        self.raw = raw

    def read(self, name: str, limit_bytes: int) -> bytes | None:  # noqa: ARG002 - whatever is asked
        return self.raw


@given(st.none() | st.integers(0, 9000).map(bytes), st.integers(1, 2**40))
def test_tiles_of_any_length_are_cut_to_measure_or_refused(raw: bytes | None, size: int) -> None:
    tree = TileTree(_Fixed(raw), size)
    try:
        root = root_of(size, tree.hash_at)
    except NotAuthentic:
        return
    assert raw is not None
    assert len(root) == 32


def test_the_empty_tree_and_the_node_hash_are_the_standards() -> None:
    assert EMPTY_ROOT.hex() == ROOTS[0]
    assert hash_children(hash_leaf(LEAVES[0]), hash_leaf(LEAVES[1])).hex() == ROOTS[2]
