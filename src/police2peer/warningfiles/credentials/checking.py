# SPDX-License-Identifier: EUPL-1.2
"""Reads content credentials and says only what may be relied upon.

Only a signature under a root that the reader named counts. Whoever signs with a root of his own under the same
names gets `NOT_TRUSTED`, and no name out of his certificate is shown. No credentials mean nothing: most programs
drop them when they save a file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from police2peer.errors import BadInput
from police2peer.warningfiles.credentials.kinds import MIME_TYPES
from police2peer.warningfiles.credentials.library import NO_FETCHING, c2pa_library
from police2peer.warningfiles.credentials.signing import WARNING_ASSERTION

__all__ = ["CheckedCredentials", "CredentialState", "check_credentials"]


class CredentialState(StrEnum):
    """What can be said of the credentials in a file."""

    TRUSTED = "trusted"
    NOT_TRUSTED = "not trusted"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CheckedCredentials:
    """The state; issuer, code and verify address only when it is `TRUSTED`."""

    state: CredentialState
    issuer: str | None = None
    code: str | None = None
    verify: str | None = None
    time_stamped: bool = False


def check_credentials(path: Path, roots: Sequence[bytes]) -> CheckedCredentials:
    """Check the file's credentials against these roots (PEM), for signers and time stamps alike.

    Raises `BadInput` for a kind of file that cannot hold credentials.
    """
    mime = MIME_TYPES.get(path.suffix.lower().lstrip("."))
    if mime is None:
        raise BadInput(
            "this kind of file holds no content credentials", remedy=f"give one of: {', '.join(sorted(MIME_TYPES))}"
        )
    library = c2pa_library()
    anchors = b"\n".join(roots).decode("ascii", "replace")
    context = library.Context.from_dict(
        {"verify": {"verify_trust": True, **NO_FETCHING}, "trust": {"trust_anchors": anchors}}
    )
    with path.open("rb") as stream:
        try:
            reader = library.Reader(mime, stream, context=context)
        except library.C2paError.ManifestNotFound:
            return CheckedCredentials(CredentialState.NONE)
        except library.C2paError:
            return CheckedCredentials(CredentialState.NOT_TRUSTED)
        if reader.get_validation_state() != "Trusted":
            return CheckedCredentials(CredentialState.NOT_TRUSTED)
        return _trusted(reader.get_active_manifest() or {}, json.dumps(reader.get_validation_results()))


def _trusted(manifest: dict[str, object], results: str) -> CheckedCredentials:
    signature = manifest.get("signature_info")
    issuer = signature.get("issuer") if isinstance(signature, dict) else None
    told: dict[str, object] = {}
    assertions = manifest.get("assertions")
    for assertion in assertions if isinstance(assertions, list) else ():
        if isinstance(assertion, dict) and assertion.get("label") == WARNING_ASSERTION:
            data = assertion.get("data")
            told = data if isinstance(data, dict) else {}
    return CheckedCredentials(
        CredentialState.TRUSTED,
        issuer=issuer if isinstance(issuer, str) else None,
        code=_text(told.get("code")),
        verify=_text(told.get("verify")),
        time_stamped="timeStamp.trusted" in results,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
