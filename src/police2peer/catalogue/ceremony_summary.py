# SPDX-License-Identifier: EUPL-1.2
"""What a keeper reads before signing: each key, agency and date that holds afterwards, and what of it is new.

All of it is read from the bytes to be signed; `+` is new, `-` is no more, both compared with what is in
force. The names of keys are what the coordinating body calls them, the 64 digits are the keys.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuf.api.metadata import Root, Targets  # type: ignore[attr-defined] # no __all__

from police2peer.catalogue.ceremony_request import CeremonyRequest, keys_of

__all__ = ["summarise"]

_ROOT_ROLES = {"root": "root keys", "targets": "targets keys", "snapshot": "keys of the state (online)"}
_KNOWN_FIELDS = {"agency", "log"}


def summarise(request: CeremonyRequest) -> list[str]:
    """Give the lines of the summary."""
    lines = []
    for role in request.to_sign:
        before, after = request.before(role), request.after(role)
        was = f", until now {before.version} to {before.expires:%Y-%m-%d}" if before else ", the first"
        lines.append(f"{role.upper()}: version {after.version}, holds to {after.expires:%Y-%m-%d}{was}")
        old = _facts(before, request.names) if before else {}
        new = _facts(after, request.names)
        for fact in [*new, *(gone for gone in old if gone not in new)]:
            mark = " " if fact in old and fact in new else "+" if fact in new else "-"
            lines.append(f"  {mark} {fact}")
        if before and old.keys() == new.keys():
            lines.append("    nothing but version and date is new")
    return [_printable(line) for line in lines]


def _printable(line: str) -> str:
    """Show what would move the cursor or turn the writing round by its number."""
    return "".join(symbol if symbol.isprintable() else f"<U+{ord(symbol):04X}>" for symbol in line)


def _facts(signed: Root | Targets, names: Mapping[str, str]) -> dict[str, None]:
    return dict.fromkeys(_root_facts(signed, names) if isinstance(signed, Root) else _targets_facts(signed, names))


def _key(key: Any, names: Mapping[str, str]) -> str:  # noqa: ANN401 - python-tuf's key
    public = str(key.keyval.get("public"))
    return f"{names.get(public, 'unnamed'):<12} {public}"


def _root_facts(root: Root, names: Mapping[str, str]) -> Iterator[str]:
    for role, title in _ROOT_ROLES.items():
        keys = keys_of(root, role)
        yield f"{title}: {root.roles[role].threshold} of {len(keys)} sign"
        yield from (f"{title}: {_key(key, names)}" for key in keys)
    timestamp, snapshot = root.roles["timestamp"], root.roles["snapshot"]
    if (set(timestamp.keyids), timestamp.threshold) != (set(snapshot.keyids), snapshot.threshold):
        yield f"keys of the timestamp: {timestamp.threshold} of {len(timestamp.keyids)} sign"
        yield from (f"keys of the timestamp: {_key(key, names)}" for key in keys_of(root, "timestamp"))
    yield f"other words of the root: {_rest(root.unrecognized_fields)}, consistent {root.consistent_snapshot}"


def _targets_facts(targets: Targets, names: Mapping[str, str]) -> Iterator[str]:
    delegations = targets.delegations
    for name, role in ((delegations.roles or {}) if delegations else {}).items():
        about = role.unrecognized_fields.get("agency")
        called = f" {about.get('name')} ({about.get('country')})" if isinstance(about, dict) else ""
        yield f"{name}:{called} signs {', '.join(role.paths or ())}, {role.threshold} of {len(role.keyids)}"
        keys = delegations.keys if delegations else {}
        yield from (f"{name}: {_key(keys[key_id], names)}" for key_id in role.keyids)
        if "log" in role.unrecognized_fields:
            yield f"{name}: {_rest(role.unrecognized_fields['log'])}"
        if rest := {word: value for word, value in role.unrecognized_fields.items() if word not in _KNOWN_FIELDS}:
            yield f"{name}: other words {_rest(rest)}"
    if targets.targets or targets.unrecognized_fields:
        yield f"other words of targets: {sorted(targets.targets)} {_rest(targets.unrecognized_fields)}"


def _rest(value: object) -> str:
    return json.dumps(value, sort_keys=True)
