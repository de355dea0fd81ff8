# SPDX-License-Identifier: EUPL-1.2
"""The studio: from a reviewed message to a warning file in any format, and the checks before it.

One function a format stands in `makers`. Whatever carries text carries help and the verify address with it: the
templates have no card without them, and the blank has no text at all.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PIL import Image

from police2peer.campaign import FileFormat, FormatKind, Language, Recipe, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.credentials import is_signed
from police2peer.warningfiles.credentials.signing import Signatory
from police2peer.warningfiles.film.captions import captions_vtt
from police2peer.warningfiles.film.layers import check_layers
from police2peer.warningfiles.film.scenes import timeline_digest, timeline_of
from police2peer.warningfiles.film.spoken import spoken_part, voice_of
from police2peer.warningfiles.layout import FILM, SHEET, film_layout
from police2peer.warningfiles.makers import BLANK_MAKERS, MAKERS
from police2peer.warningfiles.padding import filler_seed, pad
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.stills import SheetStill, dark_still, small_png
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.typesetting import template_digest
from police2peer.warningfiles.warningfile import WarningFile
from police2peer.warningfiles.wording import Wording, verify_address
from police2peer.warningfiles.workshop import FILM_CARDS, SAMPLE_CODE, Workshop, digest_of

__all__ = ["Finding", "Studio"]

_SIGNED_AT_MOST = 4  # once for the length of the credentials, once at the size left; stamps may differ by some bytes
# The picture inside a blank: two thirds of the sheet, where a telephone still reads the QR code.
_HELD_SIZE, _HELD_QUALITY = (SHEET.width * 2 // 3, SHEET.height * 2 // 3), 75


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a message that cannot be shown as it is."""

    message_id: str
    language: Language | None
    facts: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message_id}/{self.language or 'none'}: {self.facts}; {self.remedy}"


class Studio:
    """Makes warning files one after another over a store; it belongs to the thread that made it."""

    def __init__(self, store: BaseStore, making: Making | None = None) -> None:
        self.making = making or Making()
        self._workshop = Workshop(store)

    def check(self, message: WarningMessage) -> tuple[Finding, ...]:
        """Find every letter that the font lacks, every text that does not fit, and every recording that is not taken.

        Raises `NotAuthentic` for a recording that is not the one on record.
        """
        findings = []
        for language in message.texts:
            try:
                wording = Wording.of(message, language)
                found = [
                    Finding(message.id, language, facts, "write it with other letters")
                    for facts in self._missing(wording)
                ]
                findings += found or [
                    Finding(message.id, language, error.facts, error.remedy) for error in self._unfit(wording)
                ]
            except BadInput as error:
                findings.append(Finding(message.id, language, error.facts, error.remedy))
        return tuple(findings)

    def make(
        self,
        message: WarningMessage,
        language: Language | None,
        file_format: FileFormat,
        code: VerifyCode,
        *,
        variant: int = 0,
    ) -> WarningFile:
        """Make one file with this code; the same inputs give the same bytes, but for a film's stored base.

        Raises `BadInput` when the message cannot be shown in this format and language.
        """
        recipe = Recipe(message.id, message.arm, language, file_format, variant)
        if not file_format.carries_text:
            making = replace(self.making, blank_inside=self._held(code))
            size: int | None = making.blank_bytes
            at_size = partial(self._blank, file_format, code, making)
            still = self._workshop.keep(("dark still",), bytes, dark_still)
            shown = code if self.making.blank_holds else None
        else:
            wording = self._gated(message, language)
            size = self.making.sizes.get(file_format)
            plain = self._made(wording, file_format, code)
            at_size = partial(self._sized, plain, file_format, code)
            still = self._still(wording, code, file_format)
            shown = code
        address = verify_address(message.verify_url, shown) if shown else None
        plan = self._signed(at_size, size, file_format, shown, address)
        hashes = plan.hashes(self._workshop.mid_states)
        return WarningFile(
            id=WarningFile.id_for(hashes),
            recipe=recipe,
            code=shown,
            basis=basis_of(message, recipe, self.making),
            plan=plan,
            hashes=hashes,
            still_sha256=self._workshop.store.put(still),
        )

    def _made(self, wording: Wording, file_format: FileFormat, code: VerifyCode) -> FilePlan:
        try:
            return MAKERS[file_format](self._workshop, wording, code, self.making)
        except BadInput as error:
            named = f"message {wording.message_id} in {wording.language!r}: {error.facts}"
            raise BadInput(named, remedy=error.remedy) from error

    def captions(self, message: WarningMessage, language: Language) -> str:
        """Give what the film says, with times, as WebVTT."""
        timeline = timeline_of(self._workshop, self._gated(message, language), self.making)
        return captions_vtt(timeline.subtitles.get(language, ()))

    def preview(self, message: WarningMessage, language: Language) -> tuple[Pixels, ...]:
        """Set every card of the film and the sheet, with a code that is never issued."""
        wording = self._gated(message, language)
        cards = [self._workshop.film_card(wording, kind) for kind in FILM_CARDS]
        cards[-1] = self._workshop.painted(wording, SAMPLE_CODE, cards[-1], FILM)
        return *cards, self._workshop.painted(wording, SAMPLE_CODE, self._workshop.sheet(wording), SHEET)

    def _gated(self, message: WarningMessage, language: Language | None) -> Wording:
        """Give the wording once no letter of it is missing."""
        if language is None:
            raise BadInput(f"message {message.id} is asked for without a language", remedy="name the language")
        wording = Wording.of(message, language)
        missing = self._workshop.keep(("letters", wording.digest()), tuple, lambda: tuple(self._missing(wording)))
        if missing:
            raise BadInput(
                f"message {message.id} in {language!r}: {'; '.join(missing)}", remedy="write it with other letters"
            )
        return wording

    def _missing(self, wording: Wording) -> list[str]:
        card = wording.card() | {"badge": None}
        return list(self._workshop.typesetter.missing_letters(card, list(wording.texts.sentences())))

    def _unfit(self, wording: Wording) -> list[BadInput]:
        errors = []
        shop, layout = self._workshop, film_layout(self.making.film_height)
        checks: list[Callable[[], object]] = [
            *(partial(shop.check_fit, wording, kind) for kind in (*FILM_CARDS, "sheet")),
            partial(check_layers, shop, wording, FILM),
            partial(voice_of, shop, wording),
        ]
        if wording.clip is not None:
            checks.append(partial(spoken_part, shop, wording, layout))
        for check in checks:
            try:
                check()
            except BadInput as error:
                errors.append(error)
        return errors

    def _signed(
        self,
        at_size: Callable[[int | None], FilePlan],
        size: int | None,
        file_format: FileFormat,
        code: VerifyCode | None,
        address: str | None,
    ) -> FilePlan:
        """Give the plan with its credentials, if it gets any, and still of the exact size that was asked for."""
        plan = at_size(size)
        choice = self.making.credentials
        if choice is None or not is_signed(choice, file_format):
            return plan
        signatory = self._workshop.keep(("signatory", choice.chain_sha256), Signatory, partial(Signatory, choice))
        for _ in range(_SIGNED_AT_MOST):
            signed = signatory.sign(plan, file_format, code, address)
            if size is None or signed.size == size:
                return signed
            plan = at_size(plan.size - (signed.size - size))
        raise BadInput(
            "credentials of changing length do not fit a file of fixed size",
            remedy="take out the size or the credentials",
        )

    def _blank(self, file_format: FileFormat, code: VerifyCode, making: Making, size: int | None) -> FilePlan:
        return BLANK_MAKERS[file_format](
            self._workshop, code, replace(making, blank_bytes=size or making.blank_bytes)
        )

    def _sized(self, plan: FilePlan, file_format: FileFormat, code: VerifyCode, size: int | None) -> FilePlan:
        """Give the file an exact size, if one is set for its format."""
        return pad(plan, file_format, size or plan.size, self.making.filler, filler_seed(code))

    def _held(self, code: VerifyCode) -> bytes:
        """Draw the picture that a blank with this code holds."""
        message = self.making.blank_holds
        if message is None:
            return self.making.blank_inside
        wording = self._gated(message, next(iter(message.texts)))
        picture = self._workshop.painted(wording, code, self._workshop.sheet(wording), SHEET)
        image = Image.fromarray(picture, "RGB").resize(_HELD_SIZE, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_HELD_QUALITY, optimize=True)
        return buffer.getvalue()

    def _still(self, wording: Wording, code: VerifyCode, file_format: FileFormat) -> bytes:
        """Draw what a person sees first: a film's opening card, which its variants share, or the sheet."""
        if file_format.kind is not FormatKind.FILM:
            small = self._workshop.keep(("small sheet", wording.digest()), SheetStill, partial(self._small, wording))
            return small.png(self._workshop.tile(wording, code, SHEET))
        opening = partial(self._workshop.film_card, wording, FILM_CARDS[0])
        return self._workshop.keep(("still", wording.digest()), bytes, lambda: small_png(opening()))

    def _small(self, wording: Wording) -> SheetStill:
        return SheetStill.of(self._workshop.sheet(wording), SHEET, rtl=wording.is_rtl)


def basis_of(message: WarningMessage, recipe: Recipe, making: Making) -> str:
    """Name all that decides how a file looks, but its code, by one SHA-256 (hex)."""
    if recipe.language is None:
        held = making.blank_holds
        inside = Wording.of(held, next(iter(held.texts))).digest() if held else making.blank_inside.hex()
        shown = digest_of(size=making.blank_bytes, inside=inside, filler=making.filler)
    else:
        wording = Wording.of(message, recipe.language)
        is_film = recipe.format.kind is FormatKind.FILM
        sheet = digest_of(wording=wording.digest(), template=template_digest(wording.language))
        shown = timeline_digest(wording, making) if is_film else sheet
    size = making.sizes.get(recipe.format)
    return digest_of(
        format=recipe.format,
        shown=shown,
        size=None if size is None else [size, making.filler],
        credentials=making.credentials.approved()
        if making.credentials and is_signed(making.credentials, recipe.format)
        else None,
    )
