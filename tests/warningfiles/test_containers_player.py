# SPDX-License-Identifier: EUPL-1.2
"""Films that a browser plays, fetched by ranges as from any web server."""

import base64
import dataclasses
import io
import shutil
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import sync_playwright

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.site import serve_site
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode, verify_address

pytestmark = pytest.mark.peer("chromium")

_CODE = VerifyCode("4P4C-YQV2-RQ36")
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_PLAY = """
async (address) => {
  const film = document.createElement("video");
  const heard = (name) => new Promise((done, failed) => {
    film.addEventListener(name, done, { once: true });
    film.addEventListener("error", () => failed(film.error.message), { once: true });
  });
  const known = heard("loadedmetadata");
  film.muted = true;
  film.src = address;
  await known;
  const jumped = heard("seeked");
  film.currentTime = film.duration - 3;
  await jumped;
  const ended = heard("ended");
  film.playbackRate = 2;
  await film.play();
  await ended;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [film.videoWidth, film.videoHeight];
  canvas.getContext("2d").drawImage(film, 0, 0);
  const quality = film.getVideoPlaybackQuality();
  return {
    duration: film.duration, last: canvas.toDataURL("image/png"),
    shown: quality.totalVideoFrames, broken: quality.corruptedVideoFrames,
  };
}
"""


def test_a_browser_plays_mkv_and_webm_from_their_last_seconds(
    store: BaseStore, message: WarningMessage, tmp_path: Path
) -> None:
    studio = Studio(store, Making(film_seconds=6))
    words = dataclasses.replace(message, officer=False)
    for file_format in (FileFormat.MKV, FileFormat.WEBM):
        file = studio.make(words, Language("en"), file_format, _CODE)
        file.plan.write(tmp_path / f"film.{file_format.extension}")
    (tmp_path / "_headers").write_text("/*\n  Cache-Control: no-store\n", "utf-8")
    (tmp_path / "index.html").write_text("<!doctype html>", "utf-8")
    with serve_site(tmp_path) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page()
        page.goto(server.url)
        seen = [page.evaluate(_PLAY, f"{server.url}film.{extension}") for extension in ("mkv", "webm")]
        browser.close()
    for one in seen:
        assert abs(one["duration"] - 6) < 0.1
        assert one["shown"] > 25  # three seconds; a busy machine may drop some
        assert one["broken"] == 0
        last = Image.open(io.BytesIO(base64.b64decode(one["last"].partition(",")[2]))).convert("RGB")
        found = [code.text for code in zxingcpp.read_barcodes(last)]
        assert found == [verify_address(message.verify_url, _CODE)]
