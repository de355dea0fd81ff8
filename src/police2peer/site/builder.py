# SPDX-License-Identifier: EUPL-1.2
"""Builds the public site: plain files for any web server, a USB stick or the folder of a demo.

::

    index.html, help/index.html     choose a language
    LANGUAGE/*.html                 each page is one file: its style and script stand in it, named by their hashes
    pictures/                       what warning files look like
    never.json (.sig), never.pem    what police never do, with its signature and the key for it
    root.json                       the pinned root of the catalogue, for the command line
    catalogue/, catalogue.zip       the published catalogue, and the same in one file
    _headers, icon.svg

Promise: no cookie, no third party, no page over `PAGE_BUDGET_BYTES`; a language is complete or not there. The help
part, built alone, holds nothing of the catalogue. Source: docs/site.md.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import Language
from police2peer.errors import BadInput, NotPermitted
from police2peer.site.help_directory import Directory, shipped_directory
from police2peer.site.mirror import CATALOGUE_FOLDER, COPY_NAME, place_catalogue
from police2peer.site.never import KEY_NAME, LIST_NAME, SIGNATURE_NAME, never_list
from police2peer.site.pages import Assets, HelpSite, Publisher, WholeSite
from police2peer.site.pictures import PICTURE_FOLDER, pictures_of
from police2peer.site.policy import header_file, page_policy
from police2peer.site.texts import SITE_LANGUAGES, PageTexts, complete_texts
from police2peer.storage import write_whole

__all__ = ["PAGE_BUDGET_BYTES", "SiteReport", "build_help_site", "build_site"]

PAGE_BUDGET_BYTES = 60_000  # without the verifier: a page opens at once on a slow phone
_ROOT_NAME = "root.json"
_ADDRESS = re.compile(r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was built, and what a person should know before it is published.

    `root_sha256` and `script_sha256` are empty for the help part; `never_key_sha256` is empty when the list of what
    police never do is not signed.
    """

    folder: Path
    pages: tuple[str, ...]
    languages: tuple[Language, ...]
    drafts: tuple[Language, ...]
    unverified_services: int
    largest_page_bytes: int
    new_catalogue_files: int | None = None
    root_sha256: str = ""
    script_sha256: str = ""
    never_key_sha256: str = ""
    without_pictures: tuple[Language, ...] = ()


def build_site(
    out: Path,
    *,
    catalogue: Path | None,
    root: bytes,
    agency: str,
    today: date,
    contact: str = "",
    data_authority: str = "",
    oversight: str = "",
    address: str = "",
    languages: tuple[Language, ...] = SITE_LANGUAGES,
    directory: Directory | None = None,
    warning_files: Path | None = None,
    never_key: Ed25519PrivateKey | None = None,
    final: bool = False,
) -> SiteReport:
    """Write the site into `out`, over what an earlier build left there.

    `agency` publishes the site and stands in its texts, `contact` says how it is reached. `address` is where the site
    will be: a page that a visitor saved then fetches the catalogue from there. Without a `catalogue` the
    pages expect one at `catalogue/` later (`place_catalogue`). `warning_files` is a folder that `police2peer make`
    filled. `final` refuses texts that no second person signed.
    Raises `BadInput` (no such language, no catalogue in the folder, a wrong address), `NotPermitted` (drafts).
    """
    texts = _texts(languages, agency, final=final)
    publisher = Publisher(agency, contact, data_authority, oversight, _site_address(address))
    kept = directory or shipped_directory()
    never = never_list(texts, agency=agency, today=today, key=never_key)
    pictures = pictures_of(warning_files, languages) if warning_files else {}
    assets = Assets.load()
    site = WholeSite(texts, kept, publisher, today, assets, root, catalogue is not None, never, pictures)
    pages = {name: text.lstrip().encode() for name, text in site.pages()}
    new_files = place_catalogue(catalogue, out) if catalogue else None
    scripts = (assets.verifier, assets.forward)
    widest = page_policy(assets.style, scripts=scripts, verifies=True, home=publisher.address)
    others = {
        "icon.svg": assets.icon,
        _ROOT_NAME: root,
        "_headers": header_file(widest).encode(),
        **never.files(),
        **{one.name: one.content for each in pictures.values() for one in each},
    }
    _write(out, {**others, **pages})
    return SiteReport(
        folder=out,
        pages=tuple(pages),
        languages=tuple(each.language for each in texts),
        drafts=_drafts(texts),
        unverified_services=_unverified(kept, today),
        largest_page_bytes=max(map(len, pages.values())),
        new_catalogue_files=new_files,
        root_sha256=hashlib.sha256(root).hexdigest(),
        script_sha256=assets.verifier.source.strip("'"),
        never_key_sha256=never.key_sha256,
        without_pictures=tuple(each.language for each in texts if not pictures.get(each.language)),
    )


def build_help_site(
    out: Path,
    *,
    agency: str,
    today: date,
    contact: str = "",
    languages: tuple[Language, ...] = SITE_LANGUAGES,
    directory: Directory | None = None,
    final: bool = False,
) -> SiteReport:
    """Write the help list alone into `out`, for a domain that is not the police's.

    Raises `BadInput` (no such language; `out` holds a whole site), `NotPermitted` (drafts in a final build).
    """
    if any((out / name).exists() for name in (CATALOGUE_FOLDER, COPY_NAME, _ROOT_NAME)):
        raise BadInput("a whole site lies in this folder", remedy="name a new folder for the help part")
    texts = _texts(languages, agency, final=final)
    kept, assets = directory or shipped_directory(), Assets.load()
    site = HelpSite(texts, kept, Publisher(agency, contact), today, assets)
    pages = {name: text.lstrip().encode() for name, text in site.pages()}
    widest = page_policy(assets.style, scripts=(assets.forward,))
    _write(out, {"icon.svg": assets.help_icon, "_headers": header_file(widest).encode(), **pages})
    return SiteReport(
        folder=out,
        pages=tuple(pages),
        languages=tuple(each.language for each in texts),
        drafts=_drafts(texts),
        unverified_services=_unverified(kept, today),
        largest_page_bytes=max(map(len, pages.values())),
    )


def _site_address(text: str) -> str:
    """Give the address of a site with a slash at its end; it stands in a policy, so nothing else may stand in it."""
    if text and not _ADDRESS.fullmatch(text):
        raise BadInput(
            "this is not the address of a site",
            remedy="write it as https://HOST/PATH/, with nothing behind; plain http only for this machine",
        )
    return text if text.endswith("/") or not text else f"{text}/"


def _texts(languages: tuple[Language, ...], agency: str, *, final: bool) -> tuple[PageTexts, ...]:
    texts = complete_texts(languages, agency=agency)
    missing = [language for language in languages if language not in {each.language for each in texts}]
    if missing or not texts:
        raise BadInput(
            f"the site has no complete texts in: {', '.join(missing) or 'no language at all'}",
            remedy=f"choose from {', '.join(SITE_LANGUAGES)}",
        )
    if final and (drafts := _drafts(texts)):
        raise NotPermitted(
            f"the texts of {len(drafts)} languages are drafts: {', '.join(drafts)}",
            remedy="have a second person review them, or build without --final",
        )
    return texts


def _drafts(texts: tuple[PageTexts, ...]) -> tuple[Language, ...]:
    return tuple(each.language for each in texts if each.draft)


def _unverified(directory: Directory, today: date) -> int:
    return sum(each.is_shown(today) and not each.verified_on for each in directory.services)


def _write(out: Path, contents: Mapping[str, bytes]) -> None:
    """Write every file, and take away a signature or a picture that this build does not have."""
    for name, content in contents.items():
        write_whole(out / name, content)
    changing = [out / LIST_NAME, out / SIGNATURE_NAME, out / KEY_NAME, *(out / PICTURE_FOLDER).glob("*.webp")]
    for path in changing:
        if path.relative_to(out).as_posix() not in contents:
            path.unlink(missing_ok=True)
