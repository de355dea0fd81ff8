# SPDX-License-Identifier: EUPL-1.2
"""Signs a warning file with content credentials, after everything else of it is settled.

The signed file is kept as a plan: what the signer did not touch stays a range of what was there, so that a signed
film costs its index and the manifest. Credentials hold random numbers: a file is signed once, then hashed.
Source: C2PA 2.1 specification; hard bindings cover the whole file, so nothing is added afterwards.
"""

import hashlib
import io
import tempfile
from importlib.metadata import version
from typing import IO, TYPE_CHECKING

from police2peer.campaign import CredentialChoice, FileFormat
from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.credentials.kinds import MIME_TYPES
from police2peer.warningfiles.credentials.library import NO_FETCHING, c2pa_library
from police2peer.warningfiles.plan import FilePlan, Literal, Part, StoredRange

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["WARNING_ASSERTION", "Signatory"]

WARNING_ASSERTION = "police2peer.warning-file"
_KEPT_IN_MEMORY_BYTES = 32 << 20
_COMPARED_BYTES = 1 << 16
# A drawing and typeset words: https://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"


class Signatory:
    """Chain and key, read once; signs one file after another."""

    def __init__(self, choice: CredentialChoice) -> None:
        self._library = c2pa_library()
        try:
            chain, key = choice.chain.read_bytes(), choice.key.read_bytes()
        except OSError as error:
            raise BadInput(
                f"certificate or key for content credentials cannot be read ({error.strerror})",
                remedy="run `police2peer credentials new`, or correct the paths",
            ) from error
        if hashlib.sha256(chain).hexdigest() != choice.chain_sha256:
            raise BadInput(
                "the certificate for content credentials was exchanged",
                remedy="use the one that the campaign was approved with, or have the campaign approved anew",
            )
        info = self._library.C2paSignerInfo(b"es256", chain, key, choice.tsa_url)
        try:
            self._signer = self._library.Signer.from_info(info)
        except self._library.C2paError as error:
            raise _refused() from error
        self._context = self._library.Context.from_dict(
            {"builder": {"thumbnail": {"enabled": False}}, "verify": NO_FETCHING}
        )

    def sign(
        self, plan: FilePlan, file_format: FileFormat, code: VerifyCode | None, verify_address: str | None
    ) -> FilePlan:
        """Give the plan of the file with its credentials.

        Raises `BadInput` for a certificate that may not sign, `Unavailable` when no time stamp can be had.
        """
        manifest = _manifest(code, verify_address)
        builder = self._library.Builder(manifest, context=self._context)
        with tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY_BYTES) as signed:
            try:
                builder.sign(self._signer, MIME_TYPES[file_format.extension], _PlanReader(plan), signed)
            except self._library.C2paError as error:
                raise _refused() from error
            return _plan_of(plan, signed)


def _refused() -> BadInput | Unavailable:
    # The library's own words may hold names out of certificates, so they are not repeated.
    return Unavailable(
        "content credentials could not be signed",
        remedy="check that certificate and key belong together and are in force, and that the time-stamping "
        "authority answers",
    )


def _manifest(code: VerifyCode | None, verify_address: str | None) -> dict[str, object]:
    told = {name: value for name, value in (("code", code), ("verify", verify_address)) if value}
    assertions: list[dict[str, object]] = [
        {
            "label": "c2pa.actions.v2",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": _SOURCE_TYPE}]},
        },
        {"label": WARNING_ASSERTION, "data": told or {"code": None}},
    ]
    return {
        "claim_generator_info": [{"name": "police2peer", "version": version("police2peer")}],
        "title": "Warning file",
        "assertions": assertions,
    }


class _PlanReader(io.RawIOBase):
    """A plan as a file to read from."""

    def __init__(self, plan: FilePlan) -> None:
        self._plan = plan
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._plan.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        content = self._plan.read(self._at, len(view))
        view[: len(content)] = content
        self._at += len(content)
        return len(content)


def _plan_of(plan: FilePlan, signed: IO[bytes]) -> FilePlan:
    """Give the signed bytes as a plan that takes over what the unsigned file begins and ends with."""
    size = signed.seek(0, io.SEEK_END)
    shortest = min(size, plan.size)
    head = _same(plan, signed, shortest, from_end=False)
    tail = _same(plan, signed, shortest - head, from_end=True)
    signed.seek(head)
    middle = signed.read(size - head - tail)
    own: Part = Literal(middle) if len(middle) <= _COMPARED_BYTES else _stored(plan, middle)
    return FilePlan([*plan.parts_of(0, head), own, *plan.parts_of(plan.size - tail, tail)], plan.store)


def _stored(plan: FilePlan, content: bytes) -> Part:
    return StoredRange(plan.store.put(content), 0, len(content))


def _same(plan: FilePlan, signed: IO[bytes], most: int, *, from_end: bool) -> int:
    """Count how many bytes are the same from the beginning, or from the end, up to `most`."""
    size = signed.seek(0, io.SEEK_END)
    done = 0
    while done < most:
        count = min(_COMPARED_BYTES, most - done)
        ours_at, theirs_at = (plan.size - done - count, size - done - count) if from_end else (done, done)
        signed.seek(theirs_at)
        ours, theirs = plan.read(ours_at, count), signed.read(count)
        if ours != theirs:
            pairs = zip(reversed(ours), reversed(theirs), strict=True) if from_end else zip(ours, theirs, strict=True)
            return done + next(index for index, (mine, other) in enumerate(pairs) if mine != other)
        done += count
    return done
