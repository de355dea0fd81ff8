# SPDX-License-Identifier: EUPL-1.2
"""Our walk of the metadata and python-tuf's own client say the same of the same folder."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, Updater  # type: ignore[attr-defined] # no __all__

from police2peer.catalogue import Home, Registry, Versions, begin_log, init_catalogue, publish_catalogue, renew_trust
from police2peer.catalogue.metadata import Trusted, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import NotAuthentic


class _FolderFetcher(FetcherInterface):
    """Gives python-tuf the files of a folder; nothing leaves the machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / urlsplit(url).path.lstrip("/")
        if not path.is_file():
            raise DownloadHTTPError("missing", 404)
        yield path.read_bytes()


@pytest.fixture(scope="module")
def now() -> datetime:
    """Give the clock of this machine, which is the one that python-tuf looks at."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Path:
    """A catalogue made now."""
    folder = tmp_path_factory.mktemp("tuf") / "home"
    init_catalogue(folder, agency="Police Unit A", country="NL", now=now, code_iterations=1000)
    publish_catalogue(folder, now=now)
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """Give a copy to change."""
    return Path(shutil.copytree(made, tmp_path / "home"))


def test_python_tuf_reads_a_catalogue_that_names_a_log(home: Path, now: datetime, tmp_path: Path) -> None:
    begin_log(Home(home), "example.org/log", now=now)
    publish_catalogue(home, now=now)
    head = json.loads(_ask_tuf(home, tmp_path / "cache"))
    trusted = walk_metadata(FolderReader(home / "public"), (home / "root.json").read_bytes(), now, Versions())
    assert head["entries"] == trusted.head.entries
    assert trusted.log is not None
    assert trusted.log.origin == "example.org/log"


def _ask_tuf(home: Path, cache: Path) -> bytes:
    """Have python-tuf find and check head.json, and give its bytes."""
    cache.mkdir(exist_ok=True)
    updater = Updater(
        str(cache),
        "https://localhost/md/",
        str(cache),
        "https://localhost/head/",
        _FolderFetcher(home / "public"),
        bootstrap=(home / "root.json").read_bytes(),
    )
    updater.refresh()
    info = updater.get_targetinfo("head.json")
    if info is None:
        raise RepositoryError("no head")
    return Path(updater.download_target(info, str(cache / "head.json"))).read_bytes()


def _ask_ours(home: Path, now: datetime, seen: Versions | None = None) -> Trusted:
    trusted = walk_metadata(FolderReader(home / "public"), (home / "root.json").read_bytes(), now, seen or Versions())
    if trusted.expired_role:
        raise NotAuthentic("expired", remedy="")
    return trusted


def test_both_find_the_same_head(home: Path, tmp_path: Path, now: datetime) -> None:
    assert _ask_tuf(home, tmp_path / "cache") == _ask_ours(home, now).head.to_bytes()


def test_both_follow_renewed_and_replaced_keys(home: Path, tmp_path: Path, now: datetime) -> None:
    for names in (["root-1"], ["online", "targets-2"], ["agency-nl-1", "root-2", "root-3"]):
        renew_trust(home, now=now, replace=names)
        with Registry(home):
            publish_catalogue(home, now=now)
    trusted = _ask_ours(home, now)
    assert trusted.versions.root == 4
    assert _ask_tuf(home, tmp_path / "cache") == trusted.head.to_bytes()


def _flip(name: str) -> Callable[[Path], None]:
    def _change(home: Path) -> None:
        path = home / "public" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return _change


def _under_threshold(home: Path) -> None:
    renew_trust(home, now=datetime.now(UTC))
    path = home / "trust/2.root.json"
    value = json.loads(path.read_bytes())
    value["signatures"] = value["signatures"][:1]
    (home / "public/md/2.root.json").write_text(json.dumps(value))


def _skipped_root(home: Path) -> None:
    renew_trust(home, now=datetime.now(UTC))
    renew_trust(home, now=datetime.now(UTC))
    shutil.copyfile(home / "trust/3.root.json", home / "public/md/2.root.json")


def _repeated_signature(home: Path) -> None:
    renew_trust(home, now=datetime.now(UTC))
    value = json.loads((home / "trust/2.root.json").read_bytes())
    other = value["signatures"][1]["keyid"]
    value["signatures"] = [value["signatures"][0], value["signatures"][0] | {"keyid": other}]
    (home / "public/md/2.root.json").write_text(json.dumps(value))


def _missing(name: str) -> Callable[[Path], None]:
    return lambda home: (home / "public" / name).unlink()


def _expired(home: Path) -> None:
    publish_catalogue(home, now=datetime.now(UTC) - timedelta(hours=25))


@pytest.mark.parametrize(
    "change",
    [
        _flip("md/timestamp.json"),
        _flip("md/1.snapshot.json"),
        _flip("md/1.targets.json"),
        _flip("md/1.catalogue.json"),
        _missing("md/timestamp.json"),
        _missing("md/1.snapshot.json"),
        _missing("md/1.targets.json"),
        _under_threshold,
        _skipped_root,
        _repeated_signature,
        _expired,
    ],
)
def test_both_refuse(home: Path, tmp_path: Path, now: datetime, change: Callable[[Path], None]) -> None:
    change(home)
    with pytest.raises(NotAuthentic):
        _ask_ours(home, now)
    with pytest.raises((RepositoryError, DownloadHTTPError)):
        _ask_tuf(home, tmp_path / "cache")


def test_both_refuse_what_is_older_than_they_saw(home: Path, tmp_path: Path, now: datetime) -> None:
    old = tmp_path / "old"
    shutil.copytree(home / "public", old)
    publish_catalogue(home, now=now)
    seen = _ask_ours(home, now).versions
    _ask_tuf(home, tmp_path / "cache")
    shutil.rmtree(home / "public")
    old.rename(home / "public")
    with pytest.raises(NotAuthentic, match="older"):
        _ask_ours(home, now, seen)
    with pytest.raises(RepositoryError):
        _ask_tuf(home, tmp_path / "cache")
    assert _ask_ours(home, now).head  # who never saw the newer one cannot know
