# SPDX-License-Identifier: EUPL-1.2
"""Which fonts set which language, and where they lie. No font of the machine is ever used.

FiraGO (OFL-1.1, from pymupdf-fonts) sets every language but Chinese, Japanese and Korean. Those take Noto Sans CJK
JP (OFL-1.1, from the extra `cjk`), which has the signs of all three in the shape each wants (OpenType `locl`,
chosen by language and region), and FiraGO for the Latin words among them.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pymupdf_fonts  # type: ignore[import-untyped]  # it ships fonts and no types
import typst

from police2peer.campaign import Language
from police2peer.errors import BadInput
from police2peer.storage import write_whole

__all__ = ["Face", "Script", "face_of", "fonts_for"]

# FiraGO as pymupdf-fonts names it: regular and bold.
_FIRAGO_KEYS = ("figo", "figbo")
_FIRAGO, _NOTO_CJK = "FiraGO", "Noto Sans CJK JP"
_NOTO_CJK_PACKAGES = ("noto-cjk-sans-jp-regular", "noto-cjk-sans-jp-bold")


class Script(StrEnum):
    """How a language is set: what may be broken where, and how far its letters reach."""

    PLAIN = "plain"
    ARABIC = "arabic"
    HEBREW = "hebrew"
    THAI = "thai"
    DEVANAGARI = "devanagari"
    CHINESE = "chinese"
    JAPANESE = "japanese"
    KOREAN = "korean"

    @property
    def needs_cjk(self) -> bool:
        """Whether FiraGO lacks its letters."""
        return self in {Script.CHINESE, Script.JAPANESE, Script.KOREAN}


_SCRIPTS = {
    "ar": Script.ARABIC,
    "fa": Script.ARABIC,
    "ur": Script.ARABIC,
    "he": Script.HEBREW,
    "hi": Script.DEVANAGARI,
    "ja": Script.JAPANESE,
    "ko": Script.KOREAN,
    "th": Script.THAI,
    "zh": Script.CHINESE,
}
# Simplified characters are those of the mainland (ISO 3166-1).
_REGIONS = {Script.CHINESE: "CN", Script.JAPANESE: "JP", Script.KOREAN: "KR"}


@dataclass(frozen=True, slots=True)
class Face:
    """How one language is set."""

    language: Language
    script: Script

    @property
    def families(self) -> tuple[str, ...]:
        """Name the fonts in the order in which they are asked for a letter."""
        return (_FIRAGO, _NOTO_CJK) if self.script.needs_cjk else (_FIRAGO,)

    @property
    def lacking(self) -> str:
        """Say that the fonts lack a letter."""
        return f"{' and '.join(self.families)} {'does' if len(self.families) == 1 else 'do'} not have"

    def card(self) -> dict[str, object]:
        """Give what the template needs to know."""
        return {"script": self.script, "region": _REGIONS.get(self.script), "fonts": list(self.families)}


def face_of(language: Language) -> Face:
    """Tell how a language is set."""
    return Face(language, _SCRIPTS.get(language.split("-", maxsplit=1)[0].lower(), Script.PLAIN))


@cache
def versions_of(face: Face) -> tuple[str, ...]:
    """Name the packages that the fonts come from, with their versions."""
    packages = ("pymupdf-fonts", *(_NOTO_CJK_PACKAGES if face.script.needs_cjk else ()))
    return tuple(f"{package} {version(package)}" for package in packages if _is_installed(package))


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package.replace("-", "_")) is not None


def fonts_for(face: Face, folder: Path, cjk_packages: Sequence[str] = _NOTO_CJK_PACKAGES) -> typst.Fonts:
    """Give the fonts of a language to typst; FiraGO is put into `folder` first.

    Raises `BadInput` when the language needs the font extra and it is not installed.
    """
    for key in _FIRAGO_KEYS:
        path = folder / f"{key}.ttf"
        if not path.is_file():
            write_whole(path, pymupdf_fonts.myfont(key))
    paths = [folder, *(_folder_of(package, face) for package in cjk_packages if face.script.needs_cjk)]
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(path) for path in paths]
    )


def _folder_of(package: str, face: Face) -> Path:
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise BadInput(
            f"the language {face.language!r} is set with {_NOTO_CJK}, and that font is not installed",
            remedy='install the extra "cjk": pip install "police2peer[cjk]"',
        )
    return Path(spec.origin).parent
