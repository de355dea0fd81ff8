# SPDX-License-Identifier: EUPL-1.2
"""Content credentials: trusted under the root that was named, and under no other; nothing is said of the rest."""

import dataclasses
import hashlib
import http.server
import io
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
import zxingcpp
from click.testing import CliRunner
from PIL import Image

from police2peer.campaign import CredentialChoice, FileFormat, Language, WarningMessage
from police2peer.cli.credentials import credentials
from police2peer.errors import BadInput, Unavailable
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode, WarningFile
from police2peer.warningfiles.credentials import (
    SIGNED_FORMATS,
    CredentialState,
    Signatory,
    check_credentials,
    new_identity,
)
from police2peer.warningfiles.makers import MAKERS

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_EN = Language("en")
_AGENCY = "Example National Police"
_SIGNED = sorted(SIGNED_FORMATS & MAKERS.keys())


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identity")
    new_identity(folder, _AGENCY, now=datetime.now(UTC))
    return folder


def _choice(folder: Path, *, tsa_url: str | None = None, blanks: bool = False) -> CredentialChoice:
    chain = folder / "signer.pem"
    return CredentialChoice(
        chain, folder / "signer.key", hashlib.sha256(chain.read_bytes()).hexdigest(), tsa_url, blanks
    )


@pytest.fixture(scope="module")
def signing(store: BaseStore, identity: Path) -> Studio:
    return Studio(store, Making(film_seconds=8, blank_bytes=200_000, credentials=_choice(identity)))


def _written(file: WarningFile, folder: Path) -> Path:
    path = folder / f"sample-clip-07.{file.format.extension}"
    file.plan.write(path)
    return path


def _roots(identity: Path) -> list[bytes]:
    return [(identity / "root.pem").read_bytes()]


@pytest.mark.parametrize("file_format", _SIGNED)
def test_a_signed_file_is_trusted_and_says_its_code(
    signing: Studio, message: WarningMessage, identity: Path, tmp_path: Path, file_format: FileFormat
) -> None:
    file = signing.make(message, _EN, file_format, _CODE)
    path = _written(file, tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.hashes.sha256
    found = check_credentials(path, _roots(identity))
    assert found.state is CredentialState.TRUSTED
    assert (found.issuer, found.code, found.time_stamped) == (_AGENCY, _CODE, False)
    assert found.verify == f"{message.verify_url}#{_CODE}"


@pytest.mark.parametrize("file_format", _SIGNED)
def test_one_changed_byte_and_it_is_trusted_no_more(
    signing: Studio, message: WarningMessage, identity: Path, tmp_path: Path, file_format: FileFormat
) -> None:
    path = _written(signing.make(message, _EN, file_format, _CODE), tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert check_credentials(path, _roots(identity)).state is not CredentialState.TRUSTED


def test_a_root_of_the_same_name_is_not_trusted_and_names_nobody(
    signing: Studio, message: WarningMessage, tmp_path: Path
) -> None:
    path = _written(signing.make(message, _EN, FileFormat.PNG, _CODE), tmp_path)
    other = tmp_path / "other"
    new_identity(other, _AGENCY, now=datetime.now(UTC))
    found = check_credentials(path, _roots(other))
    assert found.state is CredentialState.NOT_TRUSTED
    assert (found.issuer, found.code, found.verify) == (None, None, None)


def test_credentials_that_were_dropped_say_nothing(
    signing: Studio, message: WarningMessage, identity: Path, tmp_path: Path
) -> None:
    path = _written(signing.make(message, _EN, FileFormat.PNG, _CODE), tmp_path)
    with Image.open(path) as image:
        image.save(tmp_path / "again.png")
    assert check_credentials(tmp_path / "again.png", _roots(identity)).state is CredentialState.NONE


def test_a_signed_film_still_plays_and_shares_what_it_did_not_change(
    signing: Studio, studio: Studio, message: WarningMessage
) -> None:
    plain = studio.make(message, _EN, FileFormat.MP4, _CODE).plan
    signed = signing.make(message, _EN, FileFormat.MP4, _CODE).plan
    assert 0 < signed.size - plain.size < 20_000
    assert {part.sha256 for part in plain.parts if hasattr(part, "sha256")} & {
        part.sha256 for part in signed.parts if hasattr(part, "sha256")
    }
    with av.open(io.BytesIO(signed.read(0, signed.size)), "r", options={"err_detect": "explode"}) as film:
        *_, last = film.decode(video=0)
        picture = last.to_ndarray(format="rgb24")
    (read,) = zxingcpp.read_barcodes(picture)
    assert read.text.endswith(f"#{_CODE}")


def test_blanks_are_signed_only_when_asked_for(
    store: BaseStore, signing: Studio, identity: Path, small_campaign: object, tmp_path: Path
) -> None:
    blank = next(one for one in small_campaign.messages if not one.texts)  # type: ignore[attr-defined] # a Campaign
    path = _written(signing.make(blank, None, FileFormat.BLANK_MP4, _CODE), tmp_path)
    assert check_credentials(path, _roots(identity)).state is CredentialState.NONE
    asked = Studio(store, dataclasses.replace(signing.making, credentials=_choice(identity, blanks=True)))
    path = _written(asked.make(blank, None, FileFormat.BLANK_MP4, _CODE), tmp_path)
    found = check_credentials(path, _roots(identity))
    assert (found.state, found.code) == (CredentialState.TRUSTED, None)
    assert path.stat().st_size == 200_000


@pytest.mark.parametrize("file_format", [FileFormat.MP4, FileFormat.PNG])
def test_a_signed_file_keeps_the_size_that_is_set(
    signing: Studio, message: WarningMessage, identity: Path, tmp_path: Path, file_format: FileFormat
) -> None:
    sized = dataclasses.replace(signing.making, sizes={file_format: 3_000_000})
    path = _written(Studio(BaseStore(tmp_path / "store"), sized).make(message, _EN, file_format, _CODE), tmp_path)
    assert path.stat().st_size == 3_000_000
    assert check_credentials(path, _roots(identity)).state is CredentialState.TRUSTED


class _Stamps(http.server.BaseHTTPRequestHandler):
    """A time-stamping authority on loopback: `openssl ts` behind HTTP (RFC 3161, 3.4)."""

    folder: Path

    def do_POST(self) -> None:
        query = self.folder / "query.tsq"
        query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        config = self.folder / "tsa.cnf"
        command = ["openssl", "ts", "-reply", "-config", str(config), "-queryfile", str(query)]
        answer = subprocess.run(command, capture_output=True, check=True, cwd=self.folder).stdout
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        pass


_TSA_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = name
[name]
"""


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """Give address and root of a time-stamping authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    folder = tmp_path_factory.mktemp("stamps")
    (folder / "tsa.cnf").write_text(_TSA_CONFIG)
    (folder / "serial").write_text("01\n")
    for line in (
        (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 30"
            " -subj /O=Example/CN=root -config tsa.cnf -extensions root"
        ),
        (
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.csr"
            " -subj /O=Example/CN=stamps -config tsa.cnf"
        ),
        (
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 20"
            " -extfile tsa.cnf -extensions stamps"
        ),
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, capture_output=True, check=True)
    handler = type("Handler", (_Stamps,), {"folder": folder})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", (folder / "root.pem").read_bytes()
        server.shutdown()
        thread.join()


@pytest.mark.peer("openssl")
def test_a_time_stamp_is_fetched_and_counts_with_its_root(
    store: BaseStore, message: WarningMessage, identity: Path, tmp_path: Path, stamps: tuple[str, bytes]
) -> None:
    address, root = stamps
    studio = Studio(store, Making(credentials=_choice(identity, tsa_url=address)))
    path = _written(studio.make(message, _EN, FileFormat.JPG, _CODE), tmp_path)
    found = check_credentials(path, [*_roots(identity), root])
    assert (found.state, found.time_stamped) == (CredentialState.TRUSTED, True)


def test_a_time_stamping_authority_that_does_not_answer_is_told(
    store: BaseStore, message: WarningMessage, identity: Path
) -> None:
    studio = Studio(store, Making(credentials=_choice(identity, tsa_url="http://127.0.0.1:9/")))
    with pytest.raises(Unavailable, match="could not be signed"):
        studio.make(message, _EN, FileFormat.JPG, _CODE)


def test_a_certificate_out_of_force_signs_nothing(store: BaseStore, message: WarningMessage, tmp_path: Path) -> None:
    new_identity(tmp_path, _AGENCY, now=datetime.now(UTC) - timedelta(days=4000))
    studio = Studio(store, Making(credentials=_choice(tmp_path)))
    with pytest.raises(Unavailable, match="could not be signed"):
        studio.make(message, _EN, FileFormat.PNG, _CODE)


def test_another_certificate_than_the_approved_one_is_refused(identity: Path) -> None:
    exchanged = dataclasses.replace(_choice(identity), chain_sha256="0" * 64)
    with pytest.raises(BadInput, match="was exchanged"):
        Signatory(exchanged)
    with pytest.raises(BadInput, match="cannot be read"):
        Signatory(dataclasses.replace(exchanged, key=identity / "none.key"))


def test_an_identity_is_never_overwritten(identity: Path) -> None:
    with pytest.raises(BadInput, match="already"):
        new_identity(identity, _AGENCY, now=datetime.now(UTC))
    with pytest.raises(BadInput, match="64 characters"):
        new_identity(identity / "new", "x" * 65, now=datetime.now(UTC))


def test_the_commands_make_an_identity_and_check_a_file(
    signing: Studio, message: WarningMessage, identity: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke(credentials, ["new", str(tmp_path / "own"), "--agency", _AGENCY])
    assert run.exit_code == 0, run.output
    assert (tmp_path / "own/signer.key").stat().st_mode & 0o777 == 0o600
    path = str(
        _written(
            signing.make(message, _EN, FileFormat.WEBP, _CODE),
            tmp_path,
        )
    )
    ours, other = str(identity / "root.pem"), str(tmp_path / "own/root.pem")
    trusted = CliRunner().invoke(credentials, ["check", path, "--root", ours])
    assert (trusted.exit_code, trusted.output) == (0, f"trusted: signed by {_AGENCY}; code {_CODE}\n")
    told = CliRunner().invoke(credentials, ["check", path, "--root", other])
    assert told.exit_code == 1
    assert _AGENCY not in told.output
