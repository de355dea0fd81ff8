# SPDX-License-Identifier: EUPL-1.2
import functools
import hashlib
import shutil
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import av
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import sync_playwright
from tests.warningfiles.openers import OPENERS, each_reader

from police2peer.campaign import FileFormat, Filler, FormatKind, Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import (
    BaseStore,
    FilePlan,
    Keystream,
    Literal,
    Making,
    Studio,
    VerifyCode,
    Zeros,
    verify_address,
)
from police2peer.warningfiles.formats.blank import blank_content
from police2peer.warningfiles.makers import MAKERS
from police2peer.warningfiles.padding import READERS, pad
from police2peer.warningfiles.padding.checksum import crc32_after_zeros, crc32_of
from police2peer.warningfiles.plan import Part
from police2peer.warningfiles.workshop import Workshop

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_EN = Language("en")
_SEED = bytes(range(32))
_KINDS = list(READERS)
_EVEN = {"avi", "webp"}


def _blank(kind: str) -> FileFormat:
    return FileFormat(f"blank-{kind}")


@pytest.fixture(scope="module")
def workshop(store: BaseStore) -> Workshop:
    return Workshop(store)


def _bytes(plan: FilePlan) -> bytes:
    return plan.read(0, plan.size)


def test_every_format_names_its_readers_and_each_is_tried() -> None:
    assert {one.extension for one in FileFormat} == set(READERS)
    assert {reader for readers in READERS.values() for reader in readers} == {*OPENERS, "Chromium"}


@pytest.mark.parametrize("filler", list(Filler))
@pytest.mark.parametrize(("kind", "reader"), each_reader())
def test_a_padded_file_has_its_size_and_opens(
    workshop: Workshop, tmp_path: Path, kind: str, reader: str, filler: Filler
) -> None:
    content = blank_content(workshop, _blank(kind))
    size = content.size + content.size % 2 + (3_000_000 if filler is Filler.ZEROS else 1_000)
    plan = pad(content, _blank(kind), size, filler, _SEED, inside=b"inside", serial=b"the serial")
    path = tmp_path / f"file.{kind}"
    plan.write(path)
    assert plan.size == size == path.stat().st_size
    OPENERS[reader](path)


@pytest.mark.parametrize("kind", _KINDS)
def test_700_megabytes_are_planned_unread_and_lie_as_a_hole(tmp_path: Path, kind: str) -> None:
    content = blank_content(Workshop(BaseStore(tmp_path / "store")), _blank(kind))
    store = _Counting(tmp_path / "store")
    plan = pad(FilePlan(content.parts, store), _blank(kind), 700_000_000, Filler.ZEROS, None, serial=b"the serial")
    assert store.bytes_read <= content.size * 2 + 4096
    path = tmp_path / f"file.{kind}"
    plan.write(path)
    assert plan.size == 700_000_000 == path.stat().st_size
    assert path.stat().st_blocks * 512 < 64 * 1024


class _Counting(BaseStore):
    """A store that counts what is read from it."""

    bytes_read = 0

    def read(self, sha256: str, offset: int = 0, length: int | None = None) -> bytes:
        content = super().read(sha256, offset, length)
        self.bytes_read += len(content)
        return content


@pytest.mark.parametrize(
    ("kind", "reader"), each_reader("mp4", "mkv", "avi", "wmv", "webm", "jpg", "pdf", "zip", "7z")
)
def test_a_file_of_4_gigabytes_opens(workshop: Workshop, tmp_path: Path, kind: str, reader: str) -> None:
    size = 4 * 1024**3 - 2
    path = tmp_path / f"file.{kind}"
    pad(blank_content(workshop, _blank(kind)), _blank(kind), size, Filler.ZEROS, None).write(path)
    assert path.stat().st_size == size
    OPENERS[reader](path)


@pytest.mark.peer("7z")
def test_a_long_stored_member_has_its_right_crc(workshop: Workshop, tmp_path: Path) -> None:
    path = tmp_path / "file.rar"
    pad(blank_content(workshop, FileFormat.BLANK_RAR), FileFormat.RAR, 100_000_000, Filler.ZEROS, None).write(path)
    OPENERS["7z"](path)


@pytest.mark.parametrize("kind", _KINDS)
@given(data=st.data())
@settings(max_examples=25)
def test_any_size_is_met_or_refused_with_one_that_is_met(store: BaseStore, kind: str, data: st.DataObject) -> None:
    content = _content(store, kind)
    inside = data.draw(st.binary(max_size=300))
    serial = data.draw(st.binary(max_size=40))
    filler = data.draw(st.sampled_from(Filler))
    most = 4_000_000_000 if filler is Filler.ZEROS else 1_000_000
    size = data.draw(st.integers(0, content.size + 2_000) | st.integers(0, most))
    make = functools.partial(pad, content, _blank(kind), filler=filler, seed=_SEED, inside=inside, serial=serial)
    try:
        plan = make(size=size)
    except BadInput as error:
        enough = int("".join(letter for letter in error.remedy if letter.isdigit()))
        assert enough > size
        assert make(size=enough + enough % 2).size == enough + enough % 2
        return
    assert plan.size == size
    assert plan.read(max(plan.size - 64, 0), 64)
    if inside and kind != "mpg":
        assert inside in plan.read(0, content.size + 1000)
    again = make(size=size)
    assert again == plan


@functools.cache
def _content(store: BaseStore, kind: str) -> FilePlan:
    return blank_content(Workshop(store), _blank(kind))


@pytest.mark.parametrize("kind", _KINDS)
@given(data=st.data())
@settings(max_examples=25)
def test_any_bytes_are_padded_or_refused(store: BaseStore, kind: str, data: st.DataObject) -> None:
    real = _bytes(_content(store, kind))
    cut = data.draw(st.integers(0, len(real)))
    broken = real[:cut] + data.draw(st.binary(max_size=40)) + real[cut + data.draw(st.integers(0, 60)) :]
    for content in (broken, data.draw(st.binary(max_size=200))):
        size = len(content) + data.draw(st.integers(0, 400))
        try:
            plan = pad(FilePlan([Literal(content)], store), _blank(kind), size, Filler.ZEROS, None, inside=b"x")
        except BadInput:
            continue
        assert plan.size == size


@pytest.mark.parametrize("kind", _KINDS)
def test_a_size_smaller_than_the_content_is_refused(workshop: Workshop, kind: str) -> None:
    content = blank_content(workshop, _blank(kind))
    with pytest.raises(BadInput, match="too few") as refused:
        pad(content, _blank(kind), content.size - 2 - content.size % 2, Filler.ZEROS, None)
    assert "give " in refused.value.remedy
    assert pad(content, _blank(kind), content.size, Filler.ZEROS, None) is content


def test_sizes_that_a_format_cannot_have_are_refused(workshop: Workshop) -> None:
    for kind, size, words in (
        ("avi", 1_000_001, "an even number of bytes"),
        ("webp", 1_000_001, "an even number of bytes"),
        ("avi", (1 << 32) + 8, "at most 4294967302"),
        ("webp", 1 << 32, "at most 4294967282"),
        ("zip", 1 << 33, "at most"),
    ):
        with pytest.raises(BadInput, match=words):
            pad(blank_content(workshop, _blank(kind)), _blank(kind), size, Filler.ZEROS, None)


def test_a_keystream_needs_its_seed(workshop: Workshop) -> None:
    content = blank_content(workshop, FileFormat.BLANK_MP4)
    with pytest.raises(BadInput, match="without a seed"):
        pad(content, FileFormat.BLANK_MP4, 100_000, Filler.KEYSTREAM, None)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "wmv", "png", "7z", "rar"])
def test_sizes_beyond_4_gigabytes_are_planned(workshop: Workshop, kind: str) -> None:
    content = blank_content(workshop, _blank(kind))
    assert pad(content, _blank(kind), 5 * 1024**3, Filler.ZEROS, None).size == 5 * 1024**3


@given(st.lists(st.integers(0, 5_000) | st.binary(max_size=50), max_size=6), st.binary(max_size=20))
def test_the_crc_of_parts_is_that_of_their_bytes(store: BaseStore, drawn: list[int | bytes], before: bytes) -> None:
    parts: list[Part] = [Literal(one) if isinstance(one, bytes) else Zeros(one) for one in drawn]
    parts.append(Keystream(_SEED, 3, 100))
    assert crc32_of(parts, store, zlib.crc32(before)) == zlib.crc32(before + _bytes(FilePlan(parts, store)))


def test_the_crc_of_many_zeros_is_that_of_zlib() -> None:
    block, crc = bytes(1 << 20), 7
    for _ in range(100):
        crc = zlib.crc32(block, crc)
    assert crc32_after_zeros(7, 100 << 20) == crc


@pytest.mark.parametrize("kind", ["mkv", "webm"])
def test_every_element_of_a_padded_segment_ends_where_its_size_says(workshop: Workshop, kind: str) -> None:
    for size in (3_000, 3_127, 3_128, 200_000):
        content = _bytes(pad(blank_content(workshop, _blank(kind)), _blank(kind), size, Filler.ZEROS, None))
        top = list(_elements(content, 0, len(content)))
        assert [name for name, _, _ in top] == ["1a45dfa3", "18538067"]
        inside = list(_elements(content, *top[1][1:]))
        assert inside[-1][0] == "ec"
        assert {"1549a966", "1654ae6b", "1f43b675", "1c53bb6b"} <= {name for name, _, _ in inside}
        # What the table of places names still lies where it says, counted from the Segment's first byte.
        first = top[1][1]
        _, begin, end = next(element for element in inside if element[0] == "114d9b74")
        for _, seek_begin, seek_end in (one for one in _elements(content, begin, end) if one[0] == "4dbb"):
            fields = {name: content[low:high] for name, low, high in _elements(content, seek_begin, seek_end)}
            assert content.startswith(fields["53ab"], first + int.from_bytes(fields["53ac"], "big"))


def _elements(content: bytes, at: int, end: int) -> list[tuple[str, int, int]]:
    found = []
    while at < end:
        width = 9 - content[at].bit_length()
        name, at = content[at : at + width].hex(), at + width
        width = 9 - content[at].bit_length()
        length = int.from_bytes(content[at : at + width], "big") & (1 << 7 * width) - 1
        found.append((name, at + width, at + width + length))
        at += width + length
    assert at == end
    return found


@pytest.mark.parametrize("filler", list(Filler))
def test_no_start_code_lies_in_what_follows_the_end_of_an_mpg(workshop: Workshop, filler: Filler) -> None:
    content = blank_content(workshop, FileFormat.BLANK_MPG)
    # The serial would make a start code with the zeros before it; 60 MB of keystream hold about four.
    inside = b"\0\0\1\xb3" * 20_000
    plan = pad(content, FileFormat.BLANK_MPG, 60_000_000, filler, _SEED, inside=inside, serial=b"\1" + bytes(31))
    read = _bytes(plan)
    ended = read.index(b"\0\0\1\xb9")
    assert read[ended + 4 :].count(b"\0\0\1") == 3  # the last pack, its packet, the end code
    assert read[:ended].count(b"\0\0\1\xbe") == _bytes(content).count(b"\0\0\1\xbe") + 2
    assert inside[:60_000] in read


def test_the_header_of_a_wmv_tells_its_new_size(workshop: Workshop) -> None:
    content = blank_content(workshop, FileFormat.BLANK_WMV)
    before, after = _bytes(content), _bytes(pad(content, FileFormat.WMV, 400_000, Filler.ZEROS, None))
    differing = [at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new]
    assert max(differing) - min(differing) < 8
    assert struct.pack("<Q", 400_000) in after[min(differing) - 7 : max(differing) + 8]


@pytest.fixture(scope="module")
def plain_and_sized(store: BaseStore) -> tuple[Studio, Studio]:
    plain = Making(film_seconds=4)
    return Studio(store, plain), Studio(store, replace(plain, sizes=dict.fromkeys(MAKERS, 9_000_000)))


@pytest.mark.peer("7z")
@pytest.mark.parametrize("file_format", list(MAKERS))
def test_a_file_with_words_is_made_at_the_size_that_is_set_and_leads_to_its_code(
    plain_and_sized: tuple[Studio, Studio], message: WarningMessage, tmp_path: Path, file_format: FileFormat
) -> None:
    plain, file = (studio.make(message, _EN, file_format, _CODE) for studio in plain_and_sized)
    assert (plain.plan.size < 9_000_000, file.plan.size, file.hashes.size) == (True, 9_000_000, 9_000_000)
    assert file.basis != plain.basis
    path = tmp_path / f"file.{file_format.extension}"
    file.plan.write(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.hashes.sha256
    if file_format.kind is FormatKind.ARCHIVE:
        OPENERS["7z"](path)
    else:
        codes = [found.text for found in zxingcpp.read_barcodes(_last_shown(path, file_format.kind))]
        assert codes == [verify_address(message.verify_url, _CODE)]


def _last_shown(path: Path, kind: FormatKind) -> Image.Image:
    if kind is FormatKind.FILM:
        with av.open(str(path), options={"err_detect": "explode"}) as film:
            for frame in film.decode(video=0):
                last = frame
            return Image.fromarray(last.to_ndarray(format="rgb24"), "RGB")
    if kind is FormatKind.DOCUMENT:
        document = pypdfium2.PdfDocument(path)
        picture: Image.Image = document[0].render(scale=2).to_pil()
        return picture.convert("RGB")
    with Image.open(path) as shown:
        return shown.convert("RGB")


@pytest.mark.peer("chromium")
def test_chromium_shows_padded_films_and_pictures(workshop: Workshop, tmp_path: Path) -> None:
    kinds = [kind for kind in _KINDS if "Chromium" in READERS[kind]]
    for kind in kinds:
        # A browser reads a picture whole and a film in ranges.
        size = 700_000_000 if kind in {"mp4", "mkv", "webm"} else 8_000_000
        for filler in Filler if size < 10**8 else [Filler.ZEROS]:
            plan = pad(blank_content(workshop, _blank(kind)), _blank(kind), size, filler, _SEED)
            plan.write(tmp_path / f"{filler}.{kind}")
    (tmp_path / "page.html").write_text("<!doctype html>")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        for path in sorted(tmp_path.iterdir()):
            if path.suffix in {".mp4", ".mkv", ".webm"}:
                assert page.evaluate(_PLAY, path.name) == [640, 360, 1], path.name
            elif path.suffix != ".html":
                assert page.evaluate(_SHOW, path.name) == [640, 360], path.name
        browser.close()


_SHOW = """name => new Promise((done, failed) => {
    const picture = new Image();
    picture.onload = () => done([picture.naturalWidth, picture.naturalHeight]);
    picture.onerror = () => failed(new Error(name));
    picture.src = name;
})"""
_PLAY = """name => new Promise((done, failed) => {
    const film = document.createElement("video");
    film.muted = true;
    film.onerror = () => failed(new Error(name + film.error.message));
    film.onloadeddata = () => { film.currentTime = 0.6; };
    film.onseeked = () => film.play();
    film.onended = () => done([film.videoWidth, film.videoHeight, Math.round(film.duration)]);
    film.src = name;
})"""
