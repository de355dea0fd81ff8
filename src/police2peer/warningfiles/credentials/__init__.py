# SPDX-License-Identifier: EUPL-1.2
"""Content credentials (C2PA) inside warning files: a second proof of origin, never the only one.

Signing and checking need the extra `credentials`; making an identity does not.
"""

import importlib
from typing import TYPE_CHECKING

from police2peer.warningfiles.credentials.kinds import SIGNED_FORMATS, is_signed

if TYPE_CHECKING:
    from police2peer.warningfiles.credentials.checking import CheckedCredentials, CredentialState, check_credentials
    from police2peer.warningfiles.credentials.identity import new_identity
    from police2peer.warningfiles.credentials.signing import Signatory

__all__ = [
    "SIGNED_FORMATS",
    "CheckedCredentials",
    "CredentialState",
    "Signatory",
    "check_credentials",
    "is_signed",
    "new_identity",
]

_HOMES = {
    "CheckedCredentials": "checking",
    "CredentialState": "checking",
    "check_credentials": "checking",
    "new_identity": "identity",
    "Signatory": "signing",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.warningfiles.credentials.{_HOMES[name]}"), name)
