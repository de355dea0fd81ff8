# SPDX-License-Identifier: EUPL-1.2
"""A ceremony: root and targets are signed by keepers who never bring their keys to one place.

The coordinating body begins (`begin_ceremony`) and carries the request to the keepers; each signs on a machine of
their own (`sign_request`); the coordinating body checks what comes back and installs it (`finish_ceremony`).

Finishing: 1. the request is for what is in force here; 2. each signature names this request, is by a key that counts,
stands once and holds; 3. python-tuf finds root and targets signed by their thresholds, a new root by the keys before
it too; 4. all is written or nothing; what a power cut interrupts, finishing again completes.
Source: TUF specification 1.0, 6.1 (key management); docs/ceremony.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import Signature  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import Metadata, Root, Targets  # type: ignore[attr-defined] # no __all__

from police2peer.campaign import public_bytes, read_public_key
from police2peer.catalogue.ceremony_request import (
    CeremonyRequest,
    CeremonySignature,
    canonical_bytes,
    keys_of,
    sha256_of,
    signed_file,
)
from police2peer.catalogue.delegations import delegations_of, key_of
from police2peer.catalogue.draft import draft_of, drop_draft
from police2peer.catalogue.home import Home
from police2peer.catalogue.log.policy import LOG_ROLE
from police2peer.catalogue.lookup import CODE_ITERATIONS, CodeStretch
from police2peer.catalogue.metadata import AGENCY_PREFIX
from police2peer.catalogue.prepared_keys import OFFLINE_KEYS, prepare_key, prepared_key, retire_key, take_key
from police2peer.catalogue.register_file import create_register
from police2peer.catalogue.registry import Registry
from police2peer.catalogue.trust import ROOT_LIFE, TARGETS_LIFE, latest, new_trust, put_key
from police2peer.errors import BadInput, NotAuthentic, NotPermitted, Unavailable
from police2peer.storage import write_whole

__all__ = ["Ceremony", "begin_ceremony", "begin_first_ceremony", "finish_ceremony", "sign_request"]

_SALT_BYTES = 16
_AGAIN = "begin the ceremony again: police2peer catalogue ceremony begin"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What was installed, by role and version, and who signed it."""

    versions: Mapping[str, int]
    signed_by: tuple[str, ...]


def begin_ceremony(
    folder: Path, *, now: datetime, replace: Sequence[str] = (), renew: bool = False
) -> CeremonyRequest:
    """Give the request for the next root and targets, with the change that waits and the named keys replaced.

    Root is signed anew for `renew`, for a replaced key, and where no change waits. Raises `BadInput`.
    """
    home = Home(folder)
    home.check_coordinates()
    moment = now.replace(microsecond=0)
    (_, root_raw), (_, targets_raw) = latest(home, "root"), latest(home, "targets")
    root: Metadata[Root] = Metadata.from_bytes(root_raw)
    before: Metadata[Targets] = Metadata.from_bytes(targets_raw)
    draft = draft_of(home)
    waits = draft is not None and draft.version == before.signed.version + 1
    targets = draft if draft is not None and waits else before.signed
    targets.version = before.signed.version + 1
    for name in dict.fromkeys(replace):
        put_key(root.signed, targets, name, _key_id_of(home, name), key_of(_next_key(home, name)))
    targets.expires = moment + TARGETS_LIFE
    to_sign = {"targets": canonical_bytes(targets)}
    if renew or replace or not waits:
        root.signed.version += 1
        root.signed.expires = moment + ROOT_LIFE
        to_sign = {"root": canonical_bytes(root.signed)} | to_sign
    request = CeremonyRequest(moment, root_raw, targets_raw, to_sign, _names(home))
    request.check()
    return request


def begin_first_ceremony(folder: Path, *, agency: str, country: str, now: datetime) -> CeremonyRequest:
    """Give the request for the first root and targets of a catalogue.

    The keepers' public keys are those that were prepared; what was not prepared is made here. Raises `BadInput`.
    """
    home = Home(folder)
    if home.exists:
        raise BadInput("there is a catalogue in this folder", remedy="leave out --agency, to renew it")
    missing = [
        name for name in OFFLINE_KEYS if prepared_key(home, name) is None and not _public(home, name).is_file()
    ]
    if missing:
        raise BadInput(
            f"no key was prepared for {', '.join(missing)}",
            remedy="have each keeper run police2peer key new --encrypt, and give --key NAME=FILE.pub for each",
        )
    moment = now.replace(microsecond=0)
    root, targets, _ = new_trust(home, agency, country, moment)
    to_sign = {"root": canonical_bytes(root.signed), "targets": canonical_bytes(targets.signed)}
    request = CeremonyRequest(moment, None, None, to_sign, _names(home))
    request.check()
    return request


def _public(home: Home, name: str) -> Path:
    return home.keys / f"{name}.pub"


def _key_id_of(home: Home, name: str) -> str:
    path = _public(home, name)
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in home.keys.glob("*.pub") if ".until-" not in each.name))
        raise BadInput(f"there is no key called {name}", remedy=f"known are: {known}")
    return str(key_of(read_public_key(path)).keyid)


def _next_key(home: Home, name: str) -> bytes:
    """Give the public half of the key that is to take a place. A keeper's key is never made here."""
    waiting = prepared_key(home, name)
    if waiting is None and name in OFFLINE_KEYS:
        raise BadInput(
            f"no key was prepared for {name}",
            remedy=f"have its keeper run police2peer key new --encrypt, and give --replace {name}=FILE.pub",
        )
    return waiting or prepare_key(home, name)


def _names(home: Home) -> dict[str, str]:
    """Give how the keys of this folder are called, those that wait too."""
    places = [*home.keys.glob("*.pub"), *(home.folder / "prepared").glob("*.pub")]
    return {read_public_key(path).hex(): path.stem for path in places}


def sign_request(content: bytes, key: Ed25519PrivateKey, *, now: datetime) -> CeremonySignature:
    """Sign a request with one keeper's key. Raises `NotPermitted` when the key does not count for it."""
    request = CeremonyRequest.from_bytes(content)
    public = public_bytes(key)
    roles = request.may_sign(public)
    if not roles:
        raise NotPermitted(
            "this key counts for nothing in this request",
            remedy="take the key that the summary names, or ask why yours is not in it",
        )
    if now < request.made_at - timedelta(hours=24):
        raise NotPermitted("the request was made in the future", remedy="set this machine's clock")
    return CeremonySignature(sha256_of(content), public, {role: key.sign(request.to_sign[role]) for role in roles})


def finish_ceremony(
    folder: Path,
    content: bytes,
    signatures: Sequence[bytes],
    *,
    now: datetime,
    code_iterations: int = CODE_ITERATIONS,
    random_bytes: Callable[[int], bytes] = token_bytes,
) -> Ceremony:
    """Check what the keepers signed and install it, whole or not at all.

    Raises `BadInput`, `NotAuthentic` and `NotPermitted`; nothing was changed then.
    """
    home, request = Home(folder), CeremonyRequest.from_bytes(content)
    _check_in_force(home, request)
    collected = _collect(request, sha256_of(content), signatures)
    _check_thresholds(request, collected, now)
    if request.root is None:
        if not home.registry.exists():
            create_register(home.registry, CodeStretch(code_iterations, random_bytes(_SALT_BYTES)))
    else:
        with Registry(folder) as registry:
            registry.sign_again(_to_be_signed_again(request))
    _install(home, request, collected)
    return Ceremony(
        {role: request.after(role).version for role in request.to_sign},
        tuple(sorted({_called(request, key_id) for found in collected.values() for key_id in found})),
    )


def _check_in_force(home: Home, request: CeremonyRequest) -> None:
    """Raise unless each part follows on what is in force here, or is what is in force already."""
    if request.root is None:
        if home.exists and not all(_is_installed(home, request, role) for role in request.to_sign):
            raise NotPermitted("there is another catalogue in this folder", remedy="give an empty folder")
        return
    home.check_coordinates()
    for role in ("root", "targets"):
        expected = request.root if role == "root" else request.targets
        if latest(home, role)[1] != expected and not _is_installed(home, request, role):
            raise NotPermitted(
                f"another {role} is in force here than the one on which this request builds",
                remedy=f"the signatures are for a state that has passed; {_AGAIN}",
            )


def _is_installed(home: Home, request: CeremonyRequest, role: str) -> bool:
    if role not in request.to_sign or not any(home.trust.glob(f"*.{role}.json")):
        return False
    return canonical_bytes(Metadata.from_bytes(latest(home, role)[1]).signed) == request.to_sign[role]


def _collect(request: CeremonyRequest, sha256: str, files: Sequence[bytes]) -> dict[str, dict[str, bytes]]:
    """Give the signatures by role and key id. Raises for what is foreign, doubled or wrong."""
    found: dict[str, dict[str, bytes]] = {role: {} for role in request.to_sign}
    for content in files:
        given = CeremonySignature.from_bytes(content)
        key_id = str(key_of(given.public_key).keyid)
        name = _called(request, key_id)
        if given.request_sha256 != sha256:
            raise NotPermitted(
                f"the signature of {name} is for another request ({given.request_sha256[:16]}…, not {sha256[:16]}…)",
                remedy="have the keeper sign this request, or finish with the request that was signed",
            )
        if not given.signatures.keys() <= set(request.may_sign(given.public_key)):
            raise NotPermitted(
                f"the signature of {name} is by a key that does not count for what it signs",
                remedy="leave it out, and find out whose key this is",
            )
        for role, signature in given.signatures.items():
            if key_id in found[role]:
                raise NotPermitted(f"{name} signed twice", remedy="give each keeper's signature once")
            _check_signature(given.public_key, signature, request.to_sign[role], name)
            found[role][key_id] = signature
    return found


def _called(request: CeremonyRequest, key_id: str) -> str:
    """Give what a key is called, or the beginning of its digits."""
    for root in request.roots:
        if key_id in root.keys:
            public = str(root.keys[key_id].keyval["public"])
            return request.names.get(public, public[:16])
    return f"the key with the id {key_id[:16]}…"


def _check_signature(public: bytes, signature: bytes, payload: bytes, name: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, payload)
    except InvalidSignature as error:
        raise NotAuthentic(
            f"the signature of {name} does not hold",
            remedy="install nothing; have the keeper sign again, and find out who changed the file on its way",
        ) from error


def _check_thresholds(request: CeremonyRequest, collected: Mapping[str, Mapping[str, bytes]], now: datetime) -> None:
    """Let python-tuf say whether enough keys signed: a new root by those before it as well."""
    roots = request.roots
    for role, payload in request.to_sign.items():
        if request.after(role).expires <= now:
            raise NotPermitted(f"the {role} that was signed has expired meanwhile", remedy=_AGAIN)
        signatures = {key_id: Signature(key_id, raw.hex()) for key_id, raw in collected[role].items()}
        for root in roots if role == "root" else roots[-1:]:
            result = root.get_verification_result(role, payload, signatures)
            if not result.verified:
                absent = sorted(_called(request, key.keyid) for key in result.unsigned.values())
                raise NotPermitted(
                    f"{role} is signed by {len(result.signed)} of the {result.threshold} keys that version "
                    f"{root.version} of the root asks for",
                    remedy=f"carry the request to {result.missing} more of: {', '.join(absent)}",
                )


def _to_be_signed_again(request: CeremonyRequest) -> set[str]:
    """Give the agencies whose keys change, and all of them where a log begins."""
    before, after = request.before("targets"), request.after("targets")
    if not isinstance(before, Targets) or not isinstance(after, Targets):
        return set()
    old, new = delegations_of(before).roles or {}, delegations_of(after).roles or {}
    begins = LOG_ROLE in new and LOG_ROLE not in old
    return {
        name
        for name, role in new.items()
        if name.startswith(AGENCY_PREFIX) and name in old and (begins or old[name].keyids != role.keyids)
    }


def _install(home: Home, request: CeremonyRequest, collected: Mapping[str, Mapping[str, bytes]]) -> None:
    """Write targets, then root, then move the keys; what was written goes away again when something fails."""
    written: list[Path] = []
    try:
        for role in ("targets", "root"):
            if role in request.to_sign and not _is_installed(home, request, role):
                path = home.trust / f"{request.after(role).version}.{role}.json"
                write_whole(path, signed_file(request.to_sign[role], collected[role]))
                written.append(path)
        _move_keys(home, request)
        if request.root is None:
            write_whole(home.pinned_root, (home.trust / "1.root.json").read_bytes())
    except (OSError, Unavailable):
        for path in written:
            path.unlink(missing_ok=True)
        raise
    drop_draft(home)


def _move_keys(home: Home, request: CeremonyRequest) -> None:
    """Let the keys that this request names take their places; those that they replace are renamed."""
    version = request.roots[0].version
    named = {key.keyval["public"] for root in request.roots for role in root.roles for key in keys_of(root, role)}
    targets = request.after("targets")
    if isinstance(targets, Targets):
        named |= {key.keyval["public"] for key in delegations_of(targets).keys.values()}
    for path in sorted((home.folder / "prepared").glob("*.pub")):
        if read_public_key(path).hex() in named:
            retire_key(home, path.stem, f"{path.stem}.until-root-{version}")
            take_key(home, path.stem)
