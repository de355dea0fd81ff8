# SPDX-License-Identifier: EUPL-1.2
"""A node that is not wanted does not hammer at the door."""

import pytest

from police2peer.networks.directconnect.hub_session import Refused
from police2peer.networks.directconnect.retrying import Retrying
from police2peer.networks.directconnect.wire import FOR_GOOD


def test_a_hub_that_stays_away_is_tried_ever_later_up_to_ten_minutes() -> None:
    retrying = Retrying(15.0)
    assert [retrying.after_loss(0.0) for _ in range(8)] == [15, 30, 60, 120, 240, 480, 600, 600]


def test_after_a_steady_time_the_pauses_begin_from_the_shortest() -> None:
    retrying = Retrying(15.0)
    for _ in range(5):
        retrying.after_loss(1.0)
    assert retrying.after_loss(3600.0) == 15


def test_a_refusal_is_followed_by_ten_minutes_and_more_up_to_six_hours() -> None:
    retrying = Retrying(15.0)
    pauses = [retrying.after_refusal(Refused("43")) for _ in range(8)]
    assert pauses == [600, 1200, 2400, 4800, 9600, 19_200, 21_600, 21_600]


def test_a_ban_for_a_while_is_kept_to_its_end() -> None:
    assert Retrying(15.0).after_refusal(Refused("32", wait_s=86_400)) == 86_400
    assert Retrying(15.0).after_refusal(Refused("32", wait_s=5)) == 600


@pytest.mark.parametrize("refused", [*(Refused(code) for code in sorted(FOR_GOOD)), Refused("30", wait_s=-1)])
def test_what_is_for_good_is_for_good(refused: Refused) -> None:
    assert Retrying(15.0).after_refusal(refused) is None
