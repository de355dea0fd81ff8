# SPDX-License-Identifier: EUPL-1.2
"""Names a catalogue's log and its witnesses in `targets.json`, which takes two of the three targets keys.

The log's key is kept like `online`; `police2peer catalogue renew --replace log` puts a new one in its place.
Witnesses are named only once they have confirmed the log, so that naming them makes no record unverifiable.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import DelegatedRole, Metadata, Targets  # type: ignore[attr-defined] # no __all__

from police2peer.campaign import new_signing_key, public_bytes, read_public_key, read_signing_key, write_public_key
from police2peer.catalogue.home import Home
from police2peer.catalogue.log.note import KeyType, NoteKey
from police2peer.catalogue.log.policy import GRACE_DAYS, LOG_ROLE, LogPolicy
from police2peer.catalogue.log.standing import cosigned_name
from police2peer.catalogue.log.store import LogStore
from police2peer.catalogue.trust import change_targets, key_path, latest
from police2peer.errors import BadInput, NotPermitted

__all__ = ["begin_log", "log_keys", "log_policy", "name_witnesses", "open_log", "read_log"]


def log_policy(home: Home) -> LogPolicy | None:
    """Give what the newest targets say of the log, if anything."""
    home.check()
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    delegations = targets.signed.delegations
    role = (delegations.roles or {}).get(LOG_ROLE) if delegations else None
    if delegations is None or role is None:
        return None
    keys = {each: bytes.fromhex(delegations.keys[each].keyval["public"]) for each in role.keyids}
    return LogPolicy.read(role.unrecognized_fields[LOG_ROLE], keys)


def _known_policy(home: Home) -> LogPolicy:
    policy = log_policy(home)
    if policy is None:
        raise BadInput(
            "this catalogue has no log",
            remedy="begin one: police2peer catalogue log init ADDRESS, as example.org/log",
        )
    return policy


def log_keys(home: Home) -> list[Ed25519PrivateKey]:
    """Load the log's key, and the outgoing ones that are still here. Raises `NotPermitted` when it is not here."""
    path = key_path(home, LOG_ROLE)
    if not path.is_file():
        raise NotPermitted("the key log is not in this folder", remedy="publish where it is, or replace it")
    outgoing = sorted(home.keys.glob(f"{LOG_ROLE}.until-root-*.pem"))
    return [read_signing_key(each) for each in (path, *outgoing)]


def _former(home: Home) -> list[bytes]:
    return [read_public_key(each) for each in sorted(home.keys.glob(f"{LOG_ROLE}.until-root-*.pub"))]


def open_log(home: Home) -> tuple[LogPolicy, LogStore]:
    """Open the log for adding and signing. Raises `BadInput` when there is none, `NotPermitted` without its key."""
    policy, keys = _known_policy(home), log_keys(home)
    if public_bytes(keys[0]) not in {key.public for key in policy.keys}:
        raise NotPermitted(
            "the key log in this folder is not the one that targets names", remedy="put the right log.pem into keys/"
        )
    return policy, LogStore(home.folder / LOG_ROLE, policy.origin, keys, _former(home))


def read_log(home: Home) -> tuple[LogPolicy, LogStore]:
    """Open the log for reading, which needs no private key. Raises `BadInput` when there is none."""
    policy = _known_policy(home)
    publics = [*(key.public for key in policy.keys), *_former(home)]
    return policy, LogStore(home.folder / LOG_ROLE, policy.origin, (), publics)


def begin_log(home: Home, origin: str, *, now: datetime) -> LogPolicy:
    """Make the log's key and name the log in targets. Raises `BadInput` when there is one or the name is none."""
    if log_policy(home) is not None:
        raise BadInput("this catalogue has a log", remedy="publish: what waits is entered in it")
    NoteKey(origin, KeyType.ED25519, bytes(32))  # refuses a name that cannot be one before a key is made
    path = key_path(home, LOG_ROLE)
    private = read_signing_key(path) if path.is_file() else new_signing_key(path)
    write_public_key(path.with_suffix(".pub"), public_bytes(private))
    policy = LogPolicy((NoteKey(origin, KeyType.ED25519, public_bytes(private)),))
    change_targets(home, now, _writer(policy))
    return policy


def name_witnesses(home: Home, witnesses: Sequence[NoteKey], needed: int, *, now: datetime) -> LogPolicy:
    """Name the witnesses of the log, in the place of those named before.

    Raises `BadInput` when one is no witness's key, `NotPermitted` while fewer than `needed` of them have confirmed
    the log.
    """
    policy, store = read_log(home)
    if any(witness.kind is not KeyType.COSIGNATURE for witness in witnesses):
        raise BadInput("one of these is not the key of a witness", remedy="ask for its file witness.vkey")
    named = replace(policy, witnesses=tuple(witnesses), needed=needed, grace=timedelta(days=GRACE_DAYS))
    found = [each for each in witnesses if (store.folder / cosigned_name(each)).is_file()]
    if len(found) < needed:
        raise NotPermitted(
            f"{len(found)} of these witnesses have confirmed the log, and {needed} are to be asked for",
            remedy="let them run police2peer witness cosign, and add what they send back first: "
            "police2peer catalogue log add-cosignature --key WITNESS.vkey FILE",
        )
    change_targets(home, now, _writer(named))
    return named


def _writer(policy: LogPolicy) -> Callable[[Targets], None]:
    def write(targets: Targets) -> None:
        if targets.delegations is None or targets.delegations.roles is None:
            raise TypeError("our targets always delegate")
        roles, keys = targets.delegations.roles, targets.delegations.keys
        ids = []
        for key in policy.keys:
            public = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key.public))
            keys[public.keyid] = public
            ids.append(public.keyid)
        roles[LOG_ROLE] = DelegatedRole(
            LOG_ROLE,
            ids,
            1,
            True,  # noqa: FBT003 - python-tuf's order
            paths=[f"{LOG_ROLE}/*"],
            unrecognized_fields={LOG_ROLE: policy.to_json()},
        )

    return write
