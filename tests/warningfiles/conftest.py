# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest

from police2peer.warningfiles import BaseStore


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> BaseStore:
    """Give one store for the whole session, so that each slow base film is made once."""
    return BaseStore(Path(tmp_path_factory.mktemp("store")))
