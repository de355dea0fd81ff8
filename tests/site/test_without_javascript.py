# SPDX-License-Identifier: EUPL-1.2
"""JavaScript off: the page says so, and how to check without it; every other page is as it was."""

import pytest
from tests.browsers import start_browser


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.peer(each)) for each in ("chromium", "firefox-esr")]
)
def test_without_javascript_the_page_says_how_to_check(url: str, name: str) -> None:
    with start_browser(name, scripts=False) as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(f"{url}en/index.html")
        assert page.is_visible("noscript")
        assert not page.is_visible("#tool")
        told = page.inner_text("noscript")
        assert "Ask your local police, with a number that you looked up yourself." in told
        assert "contact@example.org" in told
        page.goto(f"{url}en/{page.get_attribute('noscript a', 'href')}")
        assert "police2peer verify" in page.inner_text("pre")
        page.goto(f"{url}en/help.html")
        assert page.is_visible("#any .service")
