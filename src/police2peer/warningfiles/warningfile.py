# SPDX-License-Identifier: EUPL-1.2
"""One warning file as a value, and the list of all that were made for a campaign.

The manifest holds recipes, hashes and codes, never a title. It lies beside the store that its recipes draw on,
and is there whole or not at all.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NewType

from police2peer.campaign import Arm, FileFormat, Language, Recipe
from police2peer.errors import BadInput
from police2peer.storage import write_whole
from police2peer.warningfiles.code import VerifyCode, parse_code
from police2peer.warningfiles.hashes import FileHashes
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.store import BaseStore

__all__ = [
    "MANIFEST_NAME",
    "Manifest",
    "WarningFile",
    "WarningFileId",
    "file_from_json",
    "file_to_json",
    "materialise",
    "read_manifest",
    "store_in",
    "write_manifest",
]

WarningFileId = NewType("WarningFileId", str)

MANIFEST_NAME = "manifest.json"
_VERSION = 1
_ID_DIGITS = 20  # of the SHA-256: 80 bits, so that no two of our files meet by chance
_REMEDY = "run `police2peer make` again"


@dataclass(frozen=True)
class WarningFile:
    """A file that was made: what it is, its bytes as a plan, and what networks call it.

    `code` is None for a blank, which shows none. `basis` names everything it was made from. `still_sha256` names
    a small PNG of what it looks like, for reports.
    """

    id: WarningFileId
    recipe: Recipe
    code: VerifyCode | None
    basis: str
    plan: FilePlan
    hashes: FileHashes
    still_sha256: str

    @staticmethod
    def id_for(hashes: FileHashes) -> WarningFileId:
        """Name a file after its bytes."""
        return WarningFileId(f"w{hashes.sha256[:_ID_DIGITS]}")

    @property
    def format(self) -> FileFormat:
        """What kind of file it is."""
        return self.recipe.format

    @property
    def language(self) -> Language | None:
        """The language it speaks; None for a blank."""
        return self.recipe.language

    @property
    def arm(self) -> Arm:
        """The variant of the message in a trial."""
        return self.recipe.arm

    @property
    def message_id(self) -> str:
        """The message it carries."""
        return self.recipe.message_id

    def still_png(self) -> bytes:
        """Read the small picture of what it looks like."""
        return self.plan.store.read(self.still_sha256)


@dataclass(frozen=True)
class Manifest:
    """All files of a campaign; `made_with` names the versions of the tools."""

    campaign_id: str
    campaign_sha256: str
    made_with: Mapping[str, str]
    files: tuple[WarningFile, ...]

    @cached_property
    def _by_recipe(self) -> dict[Recipe, WarningFile]:
        return {file.recipe: file for file in self.files}

    def file_for(self, recipe: Recipe) -> WarningFile:
        """Give the file made for this recipe. Raises `BadInput` when there is none."""
        try:
            return self._by_recipe[recipe]
        except KeyError:
            raise BadInput(f"the file {recipe.name} was not made", remedy=_REMEDY) from None


def store_in(folder: Path) -> BaseStore:
    """Give the store that lies beside the manifest in `folder`."""
    return BaseStore(folder / "store")


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the manifest, whole or not at all."""
    value = {
        "version": _VERSION,
        "campaign": manifest.campaign_id,
        "campaign_sha256": manifest.campaign_sha256,
        "made_with": dict(manifest.made_with),
        "files": [file_to_json(file) for file in manifest.files],
    }
    write_whole(path, json.dumps(value, separators=(",", ":")).encode())


def read_manifest(folder: Path, name: str = MANIFEST_NAME) -> Manifest:
    """Read the manifest in `folder`. Raises `BadInput` when there is none or it is not in its form."""
    try:
        value = json.loads((folder / name).read_bytes())
    except OSError as error:
        raise BadInput(f"there is no {name} among the warning files", remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise _not_in_form(name) from error
    store = store_in(folder)
    if not isinstance(value, dict) or value.get("version") != _VERSION:
        raise _not_in_form(name)
    try:
        return Manifest(
            campaign_id=str(value["campaign"]),
            campaign_sha256=str(value["campaign_sha256"]),
            made_with={str(tool): str(version) for tool, version in value["made_with"].items()},
            files=tuple(file_from_json(item, store) for item in value["files"]),
        )
    except (BadInput, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_in_form(name) from error


def _not_in_form(name: str) -> BadInput:
    return BadInput(
        f"{name} is not in its form, or was written by another version",
        remedy="move the folder of the files away, then run `police2peer make`",
    )


_BYTES_FIELDS = frozenset({"bt_pieces", "bt2_root", "bt2_layer", "ed2k_parts", "tth_leaves"})


def file_to_json(file: WarningFile) -> dict[str, Any]:
    """Give a file as plain values."""
    hashes: dict[str, Any] = {field.name: getattr(file.hashes, field.name) for field in fields(file.hashes)}
    for name in _BYTES_FIELDS:
        hashes[name] = base64.b64encode(hashes[name]).decode()
    recipe = file.recipe
    return {
        "id": file.id,
        "message": recipe.message_id,
        "arm": recipe.arm,
        "language": recipe.language,
        "format": recipe.format,
        "variant": recipe.variant,
        "code": file.code,
        "basis": file.basis,
        "plan": file.plan.to_json(),
        "hashes": hashes,
        "still": file.still_sha256,
    }


def file_from_json(item: Mapping[str, Any], store: BaseStore) -> WarningFile:
    """Read what `file_to_json` gave. Raises `BadInput`, `KeyError`, `TypeError` or `ValueError` for anything else."""
    hashes = dict(item["hashes"])
    for name in _BYTES_FIELDS:
        try:
            hashes[name] = base64.b64decode(hashes[name], validate=True)
        except binascii.Error as error:
            raise ValueError(name) from error
    language = item["language"]
    recipe = Recipe(
        message_id=str(item["message"]),
        arm=Arm(item["arm"]),
        language=None if language is None else Language(str(language)),
        format=FileFormat(item["format"]),
        variant=int(item["variant"]),
    )
    return WarningFile(
        id=WarningFileId(str(item["id"])),
        recipe=recipe,
        code=None if item["code"] is None else parse_code(str(item["code"])),
        basis=str(item["basis"]),
        plan=FilePlan.from_json(item["plan"], store),
        hashes=FileHashes(**hashes),
        still_sha256=str(item["still"]),
    )


def materialise(file: WarningFile, folder: Path) -> Path:
    """Put the bytes of a file on disk under its id, whole or not at all, and give the path.

    A file of the right size that is there already is left alone.
    """
    path = folder / f"{file.id}.{file.format.extension}"
    try:
        there = path.stat().st_size == file.plan.size
    except FileNotFoundError:
        there = False
    if not there:
        file.plan.write(path)
    return path
