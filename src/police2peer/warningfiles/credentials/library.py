# SPDX-License-Identifier: EUPL-1.2
"""The C2PA library, which is an extra: asked for here, with one error for those who do not have it."""

import importlib
from typing import Any

from police2peer.errors import Unavailable

__all__ = ["NO_FETCHING", "c2pa_library"]

# Nothing is fetched while a file is made or read: no remote manifest, no certificate status.
NO_FETCHING = {"remote_manifest_fetch": False, "ocsp_fetch": False}


def c2pa_library() -> Any:  # noqa: ANN401 - the library ships no types
    """Give the library. Raises `Unavailable` when the extra is not installed."""
    try:
        return importlib.import_module("c2pa")
    except ImportError as error:
        raise Unavailable(
            "content credentials need a library that is not installed",
            remedy="run `pip install police2peer[credentials]`",
        ) from error
