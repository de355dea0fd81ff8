# SPDX-License-Identifier: EUPL-1.2
"""What we offer as ADC names it: by the root of its tree, by its path, and as the list that others may browse.

The list holds approved titles and nothing else. A file under several titles stands in it several times, and is
counted once in the size that hubs are told: what is said to be shared is what is shared.
Source: ADC 1.0.4 ("File list"), ADC-EXT (TIGR, BZIP).
"""

import bz2
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from police2peer.errors import BadInput
from police2peer.networks.contract import Offer, OfferId
from police2peer.networks.directconnect.message import Cid, to_base32
from police2peer.networks.directconnect.search_message import Found
from police2peer.warningfiles import TigerTree

_FOLDER: Final = "files"
_MOST_SHOWN: Final = 200_000  # a title shown to a client, two references and an id each: about 40 MB at the worst
LIST_PLAIN: Final = "files.xml"
LIST_PACKED: Final = "files.xml.bz2"


@dataclass(frozen=True, slots=True)
class Shared:
    """One offer at its place; `modified_ns` is when its file was last written."""

    offer: Offer
    folder: str
    name: str
    modified_ns: int

    @property
    def path(self) -> str:
        """Where it stands in our list."""
        return f"/{self.folder}/{self.name}"

    def found(self) -> Found:
        """Give it as an answer to a search."""
        return Found(self.path, self.offer.hashes.size, self.offer.hashes.tth)


@dataclass(frozen=True, slots=True)
class Listing:
    """The whole list, plain and packed, with the root of each one's tree."""

    plain: bytes
    packed: bytes
    plain_tth: str
    packed_tth: str


class Share:
    """The offers that are up."""

    def __init__(self, cid: Cid, generator: str) -> None:
        self._cid = cid
        self._generator = generator
        self._by_id: dict[OfferId, Shared] = {}
        self._by_path: dict[str, Shared] = {}
        self._by_tth: dict[str, dict[OfferId, Shared]] = {}
        self._shown: OrderedDict[tuple[Cid, str], OfferId] = OrderedDict()
        self._listing: Listing | None = None
        self._version = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def files(self) -> int:
        """How many different files are shared."""
        return len(self._by_tth)

    def add(self, offer: Offer) -> bool:
        """Offer a file; False when it is up already. Raises `BadInput` when it is not there as it was made."""
        if offer.id in self._by_id:
            return False
        modified_ns = _check_file(offer)
        name, twins = offer.file_name(), self._by_tth.setdefault(offer.hashes.tth, {})
        if any(twin.name == name for twin in twins.values()):
            raise BadInput(
                f"offer {offer.id} has the same file and the same title as another",
                remedy="give each offer of one file its own title",
            )
        shared = Shared(offer, self._free_folder(name), name, modified_ns)
        self._by_id[offer.id] = self._by_path[shared.path.casefold()] = shared
        if not twins:
            self.size_bytes += offer.hashes.size
        twins[offer.id] = shared
        self._changed()
        return True

    def remove(self, offer: OfferId) -> Shared | None:
        """Stop offering; give what was taken down."""
        shared = self._by_id.pop(offer, None)
        if shared is None:
            return None
        del self._by_path[shared.path.casefold()]
        tth = shared.offer.hashes.tth
        twins = self._by_tth[tth]
        del twins[offer]
        if not twins:
            del self._by_tth[tth]
            self.size_bytes -= shared.offer.hashes.size
        self._changed()
        return shared

    def get(self, offer: OfferId) -> Shared | None:
        """Give what is up under this id."""
        return self._by_id.get(offer)

    def at_path(self, path: str) -> Shared | None:
        """Give what stands at a path of our list."""
        return self._by_path.get(path.casefold())

    def show(self, cid: Cid, shared: Iterable[Shared]) -> None:
        """Remember under which title a client was shown a file last."""
        for one in shared:
            key = (cid, one.offer.hashes.tth)
            self._shown[key] = one.offer.id
            self._shown.move_to_end(key)
        while len(self._shown) > _MOST_SHOWN:
            self._shown.popitem(last=False)

    def with_tth(self, tth: str, cid: Cid | None = None) -> Shared | None:
        """Give the offer of a file: the one last shown to this client, else the file's first."""
        twins = self._by_tth.get(tth)
        if not twins:
            return None
        shown = None if cid is None else self._shown.get((cid, tth))
        if shown in twins:
            return twins[shown]
        return next(iter(twins.values()))

    def listing(self) -> Listing:
        """Give the list of all offers; made once, until something changes. It may take a second: use a thread."""
        listing, version = self._listing, self._version
        if listing is None:
            plain = self.partial_list("/")
            packed = bz2.compress(plain)
            listing = Listing(plain, packed, _tth(plain), _tth(packed))
            if version == self._version:
                self._listing = listing
        return listing

    def partial_list(self, directory: str) -> bytes:
        """Give the list of one directory of ours, `/` being all of it; raises `BadInput` for another."""
        folders: dict[str, list[Shared]] = {}
        for shared in list(self._by_id.values()):
            folders.setdefault(shared.folder, []).append(shared)
        base, generator = quoteattr(directory), quoteattr(self._generator)
        lines = [
            '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
            f'<FileListing Version="1" CID="{self._cid}" Base={base} Generator={generator}>',
        ]
        if directory == "/":
            for folder, inside in folders.items():
                lines += [f'<Directory Name="{folder}">', *map(_file_line, inside), "</Directory>"]
        elif (wanted := directory.strip("/")) in folders:
            lines += map(_file_line, folders[wanted])
        else:
            raise BadInput("there is no such directory", remedy="ask for one that is in the list")
        return "\n".join([*lines, "</FileListing>\n"]).encode()

    def _changed(self) -> None:
        self._listing = None
        self._version += 1

    def _free_folder(self, name: str) -> str:
        """Choose a folder in which the name is free; names that differ in case only are the same."""
        folder, number = _FOLDER, 1
        while f"/{folder}/{name}".casefold() in self._by_path:
            number += 1
            folder = f"{_FOLDER}-{number}"
        return folder


def _file_line(shared: Shared) -> str:
    hashes = shared.offer.hashes
    return f'<File Name={quoteattr(shared.name)} Size="{hashes.size}" TTH="{hashes.tth}"/>'


def _check_file(offer: Offer) -> int:
    """Give when the file was last written; raises `BadInput` unless it is there in its size."""
    try:
        found = offer.path.stat()
    except OSError:
        found = None
    if found is None or found.st_size != offer.hashes.size:
        raise BadInput(
            f"the file of offer {offer.id} is missing or of another size",
            remedy="make the files again with `police2peer make`",
        )
    return found.st_mtime_ns


def _tth(content: bytes) -> str:
    tree = TigerTree()
    tree.update(content)
    return to_base32(tree.root())
