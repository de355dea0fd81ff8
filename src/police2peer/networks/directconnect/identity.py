# SPDX-License-Identifier: EUPL-1.2
"""Who the node is on Direct Connect: a private id that stays, the public id made from it, a certificate of its own.

The private id and the key are secret: they lie in files that only the owner reads, and nothing prints them. The
public id is what other clients know the installation by, so both are drawn once and kept.
Source: ADC 1.0.4 ("Client identification"), ADC-EXT (ADCS, KEYP).
"""

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from police2peer.errors import BadInput
from police2peer.networks.directconnect.message import Cid, from_base32, to_base32
from police2peer.networks.directconnect.wire import TIGER_BYTES
from police2peer.storage import write_whole
from police2peer.warningfiles import tiger_many

_PID_FILE: Final = "directconnect.pid"
_KEY_FILE: Final = "directconnect.pem"
_SECRET: Final = 0o600
_VALID: Final = timedelta(days=3650)
_COMMON_NAME: Final = "police2peer"


@dataclass(frozen=True, slots=True)
class Identity:
    """`keyprint` is the SHA-256 of the certificate, which hubs hand on so that nobody can stand between."""

    pid: bytes
    cid: Cid
    keyprint: bytes
    certificate: Path

    def __repr__(self) -> str:
        return "<identity>"

    def serving(self) -> ssl.SSLContext:
        """Give the context for peers that connect to us."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate)
        return context

    def connecting(self) -> ssl.SSLContext:
        """Give the context for hubs and peers: certificates are self-signed there, and keyprints say who it is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(self.certificate)
        return context


def client_id(pid: bytes) -> Cid:
    """Give the public id of a private one."""
    return Cid(to_base32(tiger_many(b"", pid, len(pid))[:TIGER_BYTES]))


def keyprint_of(certificate_der: bytes) -> bytes:
    """Give the keyprint of a certificate."""
    return hashlib.sha256(certificate_der).digest()


def open_identity(folder: Path, *, random_bytes: Callable[[int], bytes], now: datetime) -> Identity:
    """Read the identity of a node, or make it the first time. Raises `BadInput` when a file of it is damaged."""
    pid_path, key_path = folder / _PID_FILE, folder / _KEY_FILE
    if not pid_path.exists():
        write_whole(pid_path, to_base32(random_bytes(TIGER_BYTES)).encode() + b"\n", mode=_SECRET)
    if not key_path.exists():
        write_whole(key_path, _new_certificate(now), mode=_SECRET)
    try:
        pid = from_base32(pid_path.read_text("ascii").strip())
        certificate = x509.load_pem_x509_certificate(key_path.read_bytes())
    except (BadInput, ValueError) as error:
        raise _damaged() from error
    if len(pid) != TIGER_BYTES:
        raise _damaged()
    keyprint = keyprint_of(certificate.public_bytes(serialization.Encoding.DER))
    return Identity(pid, client_id(pid), keyprint, key_path)


def _damaged() -> BadInput:
    return BadInput(
        f"{_PID_FILE} or {_KEY_FILE} is damaged",
        remedy="put them back from a copy, or remove both: the node is then a new client to everybody",
    )


def _new_certificate(now: datetime) -> bytes:
    """Make key and certificate, self-signed, with no name of a person or place in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
