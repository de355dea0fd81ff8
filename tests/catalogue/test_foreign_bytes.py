# SPDX-License-Identifier: EUPL-1.2
"""Whatever stands in a catalogue, even signed with the right keys, ends in an answer or in `NotAuthentic`."""

import copy
import hashlib
import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import read_signing_key
from police2peer.catalogue import RecordDraft, SeenNothing, Status, Verdict
from police2peer.catalogue.examination import Examination, FileQuestion
from police2peer.catalogue.freshness import record_keys
from police2peer.catalogue.head import Head
from police2peer.catalogue.lookup import Alias
from police2peer.catalogue.metadata import Versions, canonical, walk_metadata
from police2peer.catalogue.record import RECORD_SIGNING_PREFIX, Record
from police2peer.catalogue.seal import Place, Signature, open_entry, open_record, seal_entry, seal_record
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import NotAuthentic

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_ROLES = ("timestamp", "snapshot", "catalogue", "targets")
_HEAD = "head.json"


class _Files:
    """A catalogue in memory, over the real one."""

    def __init__(self, case: "Case") -> None:
        self._reader = FolderReader(case.public)
        self.own: dict[str, bytes] = {}

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        return self.own[name] if name in self.own else self._reader.read(name, limit_bytes)


class _Thief:
    """Somebody who holds every online key and one agency's, and publishes what they like."""

    def __init__(self, case: "Case") -> None:
        self._case = case
        self.files = _Files(case)
        self.trusted = walk_metadata(self.files, case.root, case.now, Versions())
        self.record_key = record_keys(case.home)[case.agencies[0]]
        self._keys = {name: self._key(name) for name in ("online", "targets-1", "targets-2")}

    @property
    def draft(self) -> RecordDraft:
        """The warning file that is asked about."""
        return self._case.drafts[0]

    def _key(self, name: str) -> tuple[str, Ed25519PrivateKey]:
        private = read_signing_key(self._case.home.keys / f"{name}.pem")
        public = private.public_key().public_bytes_raw().hex()
        keys = self.signed("root")["keys"] | self.signed("targets")["delegations"]["keys"]
        return next(key_id for key_id, key in keys.items() if key["keyval"]["public"] == public), private

    def _name(self, role: str) -> str:
        numbers = {"root": 1, "targets": 2}
        return "md/timestamp.json" if role == "timestamp" else f"md/{numbers.get(role, 1)}.{role}.json"

    def signed(self, role: str) -> Any:  # noqa: ANN401 - JSON
        content = self.files.read(self._name(role), 10**6)
        assert content is not None
        return json.loads(content)["signed"]

    def publish(self, role: str, signed: object) -> None:
        """Sign anything as a role, and whatever leads to it."""
        names = ("targets-1", "targets-2") if role == "targets" else ("online",)
        message = canonical(signed)
        signatures = [
            {"keyid": self._keys[each][0], "sig": self._keys[each][1].sign(message).hex()} for each in names
        ]
        self._place(role, json.dumps({"signatures": signatures, "signed": signed}).encode())

    def _place(self, role: str, content: bytes) -> None:
        self.files.own[self._name(role)] = content
        above = {"snapshot": "timestamp", "catalogue": "snapshot", "targets": "snapshot"}.get(role)
        if above is not None:
            value = self.signed(above)
            sha256 = hashlib.sha256(content).hexdigest()
            value["meta"][f"{role}.json"] |= {"length": len(content), "hashes": {"sha256": sha256}}
            self.publish(above, value)

    def publish_head(self, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        self.files.own[f"head/{sha256}.{_HEAD}"] = content
        value = self.signed("catalogue")
        value["targets"][_HEAD] = {"length": len(content), "hashes": {"sha256": sha256}}
        self.publish("catalogue", value)

    def publish_index(self, shard: bytes) -> None:
        """Make these bytes the one shard, or the root node, of the index."""
        sha256 = hashlib.sha256(shard)
        self.files.own[f"idx/{sha256.hexdigest()[:2]}/{sha256.hexdigest()}"] = shard
        head = self.trusted.head
        depth = 1 if len(shard) == 512 else 0
        self.publish_head(Head(head.at, head.stretch, 1, depth, sha256.digest()).to_bytes())

    def publish_pack(self, pack: bytes, place: Callable[[bytes], Place]) -> None:
        sha256 = hashlib.sha256(pack)
        self.files.own[f"rec/{sha256.hexdigest()[:2]}/{sha256.hexdigest()}"] = pack
        alias = Alias("sha256", self._case.drafts[0].sha256)
        self.publish_index(seal_entry(alias, place(sha256.digest()), random.Random(1).randbytes))

    def publish_record(self, raw: bytes) -> None:
        signature = Signature(self.record_key.key_id, self.record_key.private.sign(RECORD_SIGNING_PREFIX + raw))
        blob = seal_record(raw, (signature,), bytes(32), random.Random(2).randbytes)
        self.publish_pack(blob, lambda sha256: Place(bytes(32), sha256, 0, len(blob)))

    def ask(self) -> Verdict:
        draft = self._case.drafts[0]
        examination = Examination(self.files, self._case.root, self._case.now, SeenNothing())
        return examination.answer(FileQuestion(lambda: (draft.sha256, draft.size)))


@pytest.fixture(scope="session")
def thief_of(built: "Case") -> Callable[[], _Thief]:
    """Give a thief before the deed."""
    first = _Thief(built)

    def _again() -> _Thief:
        again = copy.copy(first)
        again.files = _Files(built)
        return again

    return _again


def _refused_or(thief: _Thief, *outcomes: str) -> None:
    try:
        assert thief.ask().outcome in outcomes
    except NotAuthentic:
        return


def _paths(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [at]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += _paths(child, (*at, key))
    return found


def _put(value: Any, path: tuple[Any, ...], new: object) -> Any:  # noqa: ANN401 - JSON
    if not path:
        return new
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = new
    return value


def test_the_thief_can_publish_what_is_sound(thief_of: Callable[[], _Thief]) -> None:
    for role in _ROLES:
        thief = thief_of()
        thief.publish(role, thief.signed(role))
        assert thief.ask().outcome == "genuine"
    thief = thief_of()
    entry = seal_entry(Alias("code", "x"), Place(bytes(32), bytes(32), 0, 0), random.Random(4).randbytes)
    thief.publish_index(entry)
    assert thief.ask().outcome == "not one of ours"
    thief = thief_of()
    draft = thief.draft
    thief.publish_record(Record(draft, 1, Status.GENUINE, draft.issued_on).to_bytes())
    assert thief.ask().outcome == "genuine"


@given(name=st.sampled_from(["root", *_ROLES]), content=st.binary(max_size=200) | _JSON.map(repr).map(str.encode))
def test_any_bytes_as_metadata_are_not_authentic(thief_of: Callable[[], _Thief], name: str, content: bytes) -> None:
    thief = thief_of()
    file = "md/2.root.json" if name == "root" else thief._name(name)
    thief.files.own[file] = content
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(at=st.integers(0, 10**6), role=st.sampled_from(_ROLES), new=_JSON)
def test_metadata_with_any_value_in_any_place_though_well_signed_raises_nothing_else(
    thief_of: Callable[[], _Thief], at: int, role: str, new: object
) -> None:
    thief = thief_of()
    signed = thief.signed(role)
    paths = _paths(signed)
    path = paths[at % len(paths)]
    try:
        changed = json.loads(json.dumps(_put(signed, path, copy.deepcopy(new))))
        thief.publish(role, changed)
    except (TypeError, UnicodeEncodeError, KeyError):
        return  # not to be signed as canonical JSON, or no longer a thing to lead to
    _refused_or(thief, "genuine", "cannot tell")


@given(content=st.binary(max_size=300) | _JSON.map(json.dumps).map(str.encode))
def test_any_bytes_as_the_head_are_not_authentic(thief_of: Callable[[], _Thief], content: bytes) -> None:
    thief = thief_of()
    thief.publish_head(content)
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(at=st.integers(0, 10**6), new=_JSON)
def test_a_head_with_any_value_in_any_place_raises_nothing_else(
    thief_of: Callable[[], _Thief], at: int, new: object
) -> None:
    thief = thief_of()
    value = json.loads(thief.trusted.head.to_bytes())
    paths = _paths(value)
    value = _put(value, paths[at % len(paths)], copy.deepcopy(new))
    thief.publish_head(json.dumps(value).encode())
    _refused_or(thief, "genuine", "not one of ours", "cannot tell")


@given(shard=st.binary(max_size=400) | st.binary(min_size=512, max_size=512))
def test_any_bytes_as_the_index_are_absence_or_not_authentic(thief_of: Callable[[], _Thief], shard: bytes) -> None:
    thief = thief_of()
    thief.publish_index(shard)
    _refused_or(thief, "not one of ours")


@given(tail=st.binary(min_size=100, max_size=100))
def test_any_bytes_under_the_right_lookup_key_are_not_authentic(thief_of: Callable[[], _Thief], tail: bytes) -> None:
    thief = thief_of()
    place = Place(bytes(32), bytes(32), 0, 0)
    under = seal_entry(Alias("sha256", thief.draft.sha256), place, random.Random(5).randbytes)[:16]
    thief.publish_index(under + tail)
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(pack=st.binary(max_size=200), offset=st.integers(0, 2**32 - 1), length=st.integers(0, 2**32 - 1))
def test_any_bytes_as_a_pack_are_not_authentic(
    thief_of: Callable[[], _Thief], pack: bytes, offset: int, length: int
) -> None:
    thief = thief_of()
    thief.publish_pack(pack, lambda sha256: Place(bytes(32), sha256, offset, length))
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(raw=st.binary(min_size=1, max_size=200) | _JSON.map(json.dumps).map(str.encode))
def test_any_bytes_as_a_record_though_well_signed_are_not_authentic(
    thief_of: Callable[[], _Thief], raw: bytes
) -> None:
    thief = thief_of()
    thief.publish_record(raw)
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(at=st.integers(0, 10**6), new=_JSON)
def test_a_record_with_any_value_in_any_place_raises_nothing_else(
    thief_of: Callable[[], _Thief], at: int, new: object
) -> None:
    thief = thief_of()
    draft = thief.draft
    value = json.loads(Record(draft, 1, Status.GENUINE, draft.issued_on).to_bytes())
    paths = _paths(value)
    value = _put(value, paths[at % len(paths)], copy.deepcopy(new))
    thief.publish_record(json.dumps(value).encode())
    _refused_or(thief, "genuine")


@given(content=st.binary(max_size=300))
def test_any_bytes_inside_a_sealed_record_are_not_authentic(thief_of: Callable[[], _Thief], content: bytes) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - the one place that seals anything

    thief = thief_of()
    blob = bytes(12) + AESGCM(bytes(32)).encrypt(bytes(12), content, b"p2pw/record/1")
    thief.publish_pack(blob, lambda sha256: Place(bytes(32), sha256, 0, len(blob)))
    with pytest.raises(NotAuthentic):
        thief.ask()


@given(st.binary(max_size=200))
def test_any_bytes_as_an_entry_or_a_record_do_not_open(raw: bytes) -> None:
    with pytest.raises(NotAuthentic):
        open_entry(Alias("sha256", "0" * 64), raw)
    with pytest.raises(NotAuthentic):
        open_record(raw, bytes(32))


@pytest.mark.parametrize("new", ["", "x", None, 0, -1, True, [], {}, [None], {"a": None}])
def test_a_record_with_a_wrong_value_in_each_place_raises_nothing_else(
    thief_of: Callable[[], _Thief], new: object
) -> None:
    draft = thief_of().draft
    sound = json.loads(Record(draft, 1, Status.GENUINE, draft.issued_on).to_bytes())
    for path in _paths(sound):
        thief = thief_of()
        thief.publish_record(json.dumps(_put(copy.deepcopy(sound), path, new)).encode())
        _refused_or(thief, "genuine")


@pytest.mark.parametrize("new", ["", "x", None, 0, -1, True, [], {}, [None], {"a": None}])
@pytest.mark.parametrize("role", _ROLES)
def test_metadata_with_a_wrong_value_in_each_place_raises_nothing_else(
    thief_of: Callable[[], _Thief], role: str, new: object
) -> None:
    sound = thief_of().signed(role)
    for path in _paths(sound):
        thief = thief_of()
        try:
            thief.publish(role, _put(copy.deepcopy(sound), path, new))
        except (TypeError, KeyError, AttributeError):
            continue  # no longer a thing to lead to
        _refused_or(thief, "genuine", "cannot tell")


def test_deeply_nested_and_endless_numbers_are_not_authentic(thief_of: Callable[[], _Thief]) -> None:
    for content in (b"[" * 200_000, b'{"a":' * 100_000, b'{"v":' + b"9" * 60_000 + b"}", b'{"v":1e999}'):
        thief = thief_of()
        thief.publish_head(content[: 60 * 1024])
        with pytest.raises(NotAuthentic):
            thief.ask()
        thief = thief_of()
        thief.files.own["md/timestamp.json"] = content[: 15 * 1024]
        with pytest.raises(NotAuthentic):
            thief.ask()
