# SPDX-License-Identifier: EUPL-1.2
"""A change of targets that waits for signatures.

Whoever changes targets keeps the change here before it is signed. Where too few keys are in the folder, it stays, and
`police2peer catalogue ceremony begin` carries it to the keepers.
"""

from tuf.api.metadata import Metadata, Targets  # type: ignore[attr-defined] # no __all__
from tuf.api.serialization.json import JSONSerializer

from police2peer.catalogue.home import Home
from police2peer.storage import write_whole

__all__ = ["draft_of", "drop_draft", "keep_draft"]

_NAME = "draft.targets.json"


def keep_draft(home: Home, targets: Targets) -> None:
    """Keep a version of targets that is not signed yet."""
    unsigned: Metadata[Targets] = Metadata(targets)
    write_whole(home.folder / _NAME, unsigned.to_bytes(JSONSerializer(compact=True)), mode=0o600)


def draft_of(home: Home) -> Targets | None:
    """Give the change that waits, if one does."""
    path = home.folder / _NAME
    return Metadata[Targets].from_bytes(path.read_bytes()).signed if path.is_file() else None


def drop_draft(home: Home) -> None:
    """Forget the change that waited: it was signed, or is not wanted any more."""
    (home.folder / _NAME).unlink(missing_ok=True)
