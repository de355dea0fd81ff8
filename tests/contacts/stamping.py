# SPDX-License-Identifier: EUPL-1.2
"""A time-stamping service in a folder (RFC 3161), by `openssl ts`."""

import subprocess
from pathlib import Path

import pytest

_TSA = """
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
"""


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time-stamping service in a folder: a root, and a signer of its own."""
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(_TSA.format(folder=folder))
    (folder / "serial").write_text("01\n")
    (folder / "ext").write_text("extendedKeyUsage=critical,timeStamping\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    root, tsa = folder / "root.key", folder / "tsa.key"
    openssl("req", "-x509", *curve, "-keyout", root, "-out", folder / "root.pem", "-subj", "/CN=Example TSA root")
    openssl("req", *curve, "-keyout", tsa, "-out", folder / "tsa.csr", "-subj", "/CN=Example TSA")
    signing = ("-CA", folder / "root.pem", "-CAkey", root, "-CAcreateserial", "-extfile", folder / "ext")
    openssl("x509", "-req", "-in", folder / "tsa.csr", *signing, "-out", folder / "tsa.pem", "-days", "30")
    return folder


def stamp_reply(authority: Path, request: bytes, folder: Path) -> bytes:
    (folder / "q.tsq").write_bytes(request)
    openssl(
        "ts", "-reply", "-config", authority / "tsa.cnf", "-queryfile", folder / "q.tsq", "-out", folder / "q.tsr"
    )
    return (folder / "q.tsr").read_bytes()
