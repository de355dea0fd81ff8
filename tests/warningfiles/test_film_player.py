# SPDX-License-Identifier: EUPL-1.2
"""A film in a browser, fetched by ranges as from any web server."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.site import serve_site
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode

pytestmark = pytest.mark.peer("chromium")

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_PLAY = """
async () => {
  const film = document.querySelector("video");
  const heard = (name) => new Promise((done) => film.addEventListener(name, done, { once: true }));
  if (film.readyState < 1) await heard("loadedmetadata");
  const jumped = heard("seeked");
  film.currentTime = film.duration - 3;
  await jumped;
  const ended = heard("ended");
  await film.play();
  await ended;
  const quality = film.getVideoPlaybackQuality();
  return {
    duration: film.duration, width: film.videoWidth, height: film.videoHeight, error: film.error,
    shown: quality.totalVideoFrames, broken: quality.corruptedVideoFrames,
  };
}
"""


def test_a_browser_plays_a_film_from_its_last_seconds(
    store: BaseStore, message: WarningMessage, tmp_path: Path
) -> None:
    studio = Studio(store, Making(film_seconds=12))
    words = dataclasses.replace(message, officer=False)
    film = studio.make(words, Language("en"), FileFormat.MP4, VerifyCode("FVPA-GSRR-NJ60"))
    film.plan.write(tmp_path / "film.mp4")
    (tmp_path / "_headers").write_text("/*\n  Cache-Control: no-store\n", "utf-8")
    (tmp_path / "index.html").write_text('<!doctype html><video muted src="film.mp4"></video>', "utf-8")
    with serve_site(tmp_path) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page()
        page.goto(server.url)
        seen = page.evaluate(_PLAY)
        browser.close()
    assert seen["error"] is None
    assert (seen["duration"], seen["width"], seen["height"]) == (12, 1280, 720)
    # Three seconds, and no picture spoiled; a busy machine may drop some.
    assert seen["shown"] > 25
    assert seen["broken"] == 0
