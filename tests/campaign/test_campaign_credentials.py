# SPDX-License-Identifier: EUPL-1.2
"""The table `credentials` of a campaign file."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from police2peer.campaign import load_campaign
from police2peer.warningfiles.credentials import new_identity

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_TABLE = """
[credentials]
chain = "signing/signer.pem"
key = "signing/signer.key"
time_stamps = "https://stamps.police.example/"

[film]
"""


@pytest.fixture
def signing(ready: "Ready") -> "Ready":
    new_identity(ready.folder / "signing", "Example National Police", now=datetime(2026, 11, 20, tzinfo=UTC))
    return ready


def test_credentials_are_read_and_approved_with_the_rest(signing: "Ready") -> None:
    plain = load_campaign(signing.folder)
    assert plain.credentials is None
    signing.change("[film]\n", _TABLE)
    campaign = load_campaign(signing.folder)
    assert campaign.credentials is not None
    assert campaign.credentials.tsa_url == "https://stamps.police.example/"
    assert not campaign.credentials.blanks
    assert campaign.sha256 != plain.sha256


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("signer.pem", "none.pem", "credentials.chain", "cannot be read"),
        ("signer.pem", "signer.key", "credentials.chain", "no certificate chain"),
        ("signer.key", "none.key", "credentials.key", "no such file"),
        ("https://stamps", "stamps", "credentials.time_stamps", "no address"),
    ],
)
def test_credentials_that_cannot_be_are_told(signing: "Ready", old: str, new: str, where: str, told: str) -> None:
    signing.change("[film]\n", _TABLE.replace(old, new))
    assert told in signing.problem(where).facts
