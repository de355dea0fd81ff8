# SPDX-License-Identifier: EUPL-1.2
import pickle
from pathlib import Path

import pytest

from police2peer.errors import BadInput, NotAuthentic, NotPermitted, Police2PeerError, Unavailable
from police2peer.strict_toml import Problem, Problems

_PROBLEM = Problem(7, "titles", "it is not there", "write it")


@pytest.mark.parametrize(
    "error",
    [
        *(kind("what happened", remedy="what to do") for kind in (BadInput, NotAuthentic, NotPermitted, Unavailable)),
        Problems(Path("campaign.toml"), (_PROBLEM,)),
    ],
)
def test_an_error_of_a_worker_process_comes_back_with_its_facts_and_remedy(error: Police2PeerError) -> None:
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - as `concurrent.futures` does with what a worker raised
    assert type(back) is type(error)
    assert (back.facts, back.remedy, str(back)) == (error.facts, error.remedy, str(error))
