# SPDX-License-Identifier: EUPL-1.2
"""A signing identity for content credentials: a root of the agency's own and the signer below it.

The root's certificate is what a reader must trust; public viewers do not know it and will say "unknown source".
Sources: C2PA 2.1 specification, 14.5 (certificate profile); RFC 5280.
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from police2peer.errors import BadInput
from police2peer.storage import write_whole

__all__ = ["ROOT_NAME", "SIGNER_CHAIN_NAME", "SIGNER_KEY_NAME", "new_identity"]

ROOT_NAME, SIGNER_CHAIN_NAME, SIGNER_KEY_NAME = "root.pem", "signer.pem", "signer.key"
_ROOT_KEY_NAME = "root.key"
_ROOT_YEARS, _SIGNER_YEARS = 20, 10
_LONGEST_NAME = 64  # RFC 5280, ub-organization-name


def new_identity(folder: Path, agency: str, *, now: datetime) -> None:
    """Write a new root and a signer under it; raises `BadInput` where there is one already.

    `root.key` belongs on a medium that is kept offline; `root.pem` is handed to whoever checks.
    """
    if not agency.strip() or len(agency) > _LONGEST_NAME:
        raise BadInput("the agency's name is empty or longer than 64 characters", remedy="give its usual short name")
    names = (ROOT_NAME, _ROOT_KEY_NAME, SIGNER_CHAIN_NAME, SIGNER_KEY_NAME)
    if any((folder / name).exists() for name in names):
        raise BadInput("there is a signing identity in this folder already", remedy="give an empty folder")
    root_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(agency, "root for content credentials")
    root = _root(root_name, root_key, now)
    signer = _signer(_name(agency, "content credentials"), signer_key, root_name, root_key, now)
    write_whole(folder / _ROOT_KEY_NAME, _private(root_key), mode=0o600)
    write_whole(folder / SIGNER_KEY_NAME, _private(signer_key), mode=0o600)
    write_whole(folder / ROOT_NAME, root.public_bytes(Encoding.PEM))
    write_whole(folder / SIGNER_CHAIN_NAME, signer.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))


def _name(agency: str, purpose: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, agency), x509.NameAttribute(NameOID.COMMON_NAME, purpose)]
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(subject: x509.Name, issuer: x509.Name, now: datetime, years: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of readers differ a little
        .not_valid_after(now + timedelta(days=365 * years))
    )


def _root(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    return (
        _builder(name, name, now, _ROOT_YEARS)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _signer(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    root_name: x509.Name,
    root_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    public = key.public_key()
    return (
        _builder(name, root_name, now, _SIGNER_YEARS)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .add_extension(_usage(signs_certificates=False), critical=True)
        # What C2PA readers accept at once; its own purpose needs a setting in each reader.
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
