# SPDX-License-Identifier: EUPL-1.2
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from police2peer.campaign import (
    SHIPPED_LANGUAGES,
    Campaign,
    WarningMessage,
    load_campaign,
    new_campaign,
    new_key_pair,
)
from police2peer.campaign.message_file import shipped_message
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode, new_code

_NOW = datetime(2026, 11, 20, tzinfo=UTC)
_ALL_LANGUAGES = 'languages = ["en", "de", "fr", "es", "pl", "ar"]'


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> BaseStore:
    """Give one store for the whole session, so that each slow base film is made once."""
    return BaseStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def studio(store: BaseStore) -> Studio:
    return Studio(store, Making(film_seconds=8))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Give the example campaign as it is shipped."""
    return _new(tmp_path_factory.mktemp("sample") / "campaign")


@pytest.fixture(scope="session")
def message(sample: Campaign) -> WarningMessage:
    return next(message for message in sample.messages if message.id == "combined")


@pytest.fixture(scope="session")
def everywhere(message: WarningMessage) -> WarningMessage:
    """Give the same message in every language that is shipped."""
    issuers = dict.fromkeys(SHIPPED_LANGUAGES, message.issuer)
    return replace(message, texts=shipped_message("combined", SHIPPED_LANGUAGES, issuers).texts)


@pytest.fixture(scope="session")
def small_campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Give a campaign of one message and the blank, in two languages: eleven files."""
    folder = tmp_path_factory.mktemp("small") / "campaign"
    _new(folder)
    path = folder / "campaign.toml"
    text = path.read_text("utf-8").replace(_ALL_LANGUAGES, 'languages = ["en", "ar"]')
    text = text.replace("seconds = 40", "seconds = 10").replace("700_000_000", "20_000_000")
    head, *messages = text.split("[[messages]]")
    kept = [one for one in messages if '"combined"' in one or '"blank"' in one]
    path.write_text("[[messages]]".join([head, *kept]).replace("offers_per_title = 2", ""), "utf-8")
    return load_campaign(folder)


def _new(folder: Path) -> Campaign:
    new_campaign(folder, now=_NOW)
    for name in ("first", "second"):
        new_key_pair(folder / "approvers" / f"{name}.key")
    return load_campaign(folder)


@pytest.fixture(scope="session")
def draw_code() -> Callable[[], VerifyCode]:
    """Give codes from a seed, so that a failure is the same everywhere."""
    chance = random.Random(11)
    return lambda: new_code(chance.randbytes)
