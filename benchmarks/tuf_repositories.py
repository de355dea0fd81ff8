# SPDX-License-Identifier: EUPL-1.2
"""The same records as targets of python-tuf, flat and in succinct hash bins: built, looked up with its own client."""

import gzip
import hashlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

_SERIALIZER = JSONSerializer(compact=True)
_EXPIRES = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
_BITS = 14  # 16,384 bins: about 60 records in each of a million


def _target(sha256: str, number: int) -> TargetFile:
    draw = random.Random(number).randbytes  # noqa: S311 - repeatable stand-ins, not secrets
    custom = {
        "custom": {
            "id": f"W-{draw(8).hex()}",
            "code": draw(6).hex(),
            "agency": f"agency-nl-{number % 30}",
            "network_ids": [["btih", draw(20).hex()]],
            "hashes": {name: draw(20).hex() for name in ("sha1", "md5", "ed2k", "aich", "tth", "bt2_root")},
        }
    }
    return TargetFile(1_000_000, {"sha256": sha256}, f"h/{sha256}", unrecognized_fields=custom)


def _hashes(count: int, seed: int) -> Iterator[str]:
    draw = random.Random(seed).randbytes  # noqa: S311 - repeatable stand-ins, not secrets
    return (draw(32).hex() for _ in range(count))


class _Repository:
    """Signs metadata into a folder with one key, which is enough to measure bytes and time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.signer = CryptoSigner.generate_ed25519()
        self._version = 0
        root = Root(version=1, expires=_EXPIRES, consistent_snapshot=True)
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.add_key(self.signer.public_key, role)
        self.write("root", root)
        self.meta: dict[str, MetaFile] = {}

    def write(self, name: str, signed: Root | Snapshot | Targets | Timestamp) -> MetaFile:
        metadata = Metadata(signed)
        metadata.sign(self.signer)
        content = metadata.to_bytes(_SERIALIZER)
        file = f"{name}.json" if name == "timestamp" else f"{signed.version}.{name}.json"
        (self._folder / file).write_bytes(content)
        return MetaFile(signed.version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})

    def publish(self, changed: dict[str, Targets]) -> None:
        """Sign changed targets roles, and the snapshot and timestamp over all."""
        self._version += 1
        for name, targets in changed.items():
            self.meta[f"{name}.json"] = self.write(name, targets)
        snapshot = self.write("snapshot", Snapshot(self._version, expires=_EXPIRES, meta=self.meta))
        self.write("timestamp", Timestamp(self._version, expires=_EXPIRES, snapshot_meta=snapshot))


class _FolderFetcher(FetcherInterface):
    """Gives python-tuf the files of a folder, and counts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fetched: list[bytes] = []

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / urlsplit(url).path.lstrip("/")
        self.fetched.append(path.read_bytes() if path.is_file() else b"")
        if not path.is_file():
            raise DownloadHTTPError("missing", 404)
        yield self.fetched[-1]


def _look_up(folder: Path, sha256: str) -> dict[str, int]:
    fetcher = _FolderFetcher(folder)
    limits = UpdaterConfig(snapshot_max_length=10**7, targets_max_length=10**9)
    with tempfile.TemporaryDirectory() as cache:
        updater = Updater(
            cache,
            "https://localhost/",
            cache,
            "https://localhost/",
            fetcher,
            limits,
            bootstrap=(folder / "1.root.json").read_bytes(),
        )
        assert updater.get_targetinfo(f"h/{sha256}")
    packed = sum(len(gzip.compress(each)) for each in fetcher.fetched if each)
    return {"requests": len(fetcher.fetched), "bytes": sum(map(len, fetcher.fetched)), "gzipped": packed}


def _measure(folder: Path, records: int, build: Callable[[], str], add: Callable[[], None]) -> None:
    began = time.perf_counter()
    one = build()
    build_s = time.perf_counter() - began
    found = _look_up(folder, one)
    began = time.perf_counter()
    add()
    told = {"records": records, "build_s": build_s, "add_s": time.perf_counter() - began, **found}
    folder.with_suffix(".json").write_text(json.dumps(told))


def flat_repository(folder: Path, count: int, added: int) -> None:
    """Build one list of everything."""
    repository = _Repository(folder)
    targets = Targets(1, expires=_EXPIRES)

    def _enter(hashes: Iterator[str]) -> str:
        last = ""
        for number, last in enumerate(hashes):
            target = _target(last, number)
            targets.targets[target.path] = target
        repository.publish({"targets": targets})
        return last

    def _add() -> None:
        targets.version += 1
        _enter(_hashes(added, 2))

    _measure(folder, count, lambda: _enter(_hashes(count, 1)), _add)


def bins_repository(folder: Path, count: int, added: int) -> None:
    """Build bin by bin, so that no more than one is in memory."""
    repository = _Repository(folder)
    key = repository.signer.public_key
    succinct = SuccinctRoles([key.keyid], 1, _BITS, "bin")
    delegating = Targets(1, expires=_EXPIRES, delegations=Delegations({key.keyid: key}, succinct_roles=succinct))
    names = list(succinct.get_roles())

    def _dealt(hashes: Iterator[str]) -> dict[str, list[tuple[int, str]]]:
        dealt: dict[str, list[tuple[int, str]]] = {}
        for number, sha256 in enumerate(hashes):
            dealt.setdefault(succinct.get_role_for_target(f"h/{sha256}"), []).append((number, sha256))
        return dealt

    def _build() -> str:
        dealt, last = _dealt(_hashes(count, 1)), ""
        for name in names:
            listed = {f"h/{sha256}": _target(sha256, number) for number, sha256 in dealt.get(name, [])}
            repository.meta[f"{name}.json"] = repository.write(name, Targets(1, expires=_EXPIRES, targets=listed))
            last = dealt[name][-1][1] if name in dealt else last
        repository.publish({"targets": delegating})
        return last

    def _add() -> None:
        changed = {}
        for name, entries in _dealt(_hashes(added, 2)).items():
            bin_file: Metadata[Targets] = Metadata.from_file(str(folder / f"1.{name}.json"))
            bin_file.signed.version += 1
            for number, sha256 in entries:
                bin_file.signed.targets[f"h/{sha256}"] = _target(sha256, number)
            changed[name] = bin_file.signed
        repository.publish(changed)

    _measure(folder, count, _build, _add)
