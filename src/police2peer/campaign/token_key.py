# SPDX-License-Identifier: EUPL-1.2
"""An Ed25519 key inside a PKCS #11 token (smart card, HSM, SoftHSM), used wherever a key of a file is used.

The key never leaves the token, and each signature is checked with the public half before it is handed out. A token
locks itself after a few wrong PINs, so a PIN is tried once a command, and not at all when one try is left.
Needs the extra `hsm`. Which library speaks to the token stands in the key's address (module-path) or in the
environment (POLICE2PEER_PKCS11_MODULE). Nothing here uses a network.
Source: PKCS #11 3.1, sections 6.3.5 (Edwards curves) and 6.3.16 (EdDSA); RFC 8032.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.utils import Buffer

from police2peer.campaign.passphrase import PassPhrases, pass_phrases
from police2peer.campaign.token_uri import TokenUri
from police2peer.errors import BadInput, NotPermitted, Unavailable

if TYPE_CHECKING:
    import pkcs11

__all__ = ["MODULE_SETTING", "TokenKey", "new_token_key", "open_token_key"]

MODULE_SETTING = "POLICE2PEER_PKCS11_MODULE"
_RAW_BYTES = 32
_WRAPPED = b"\x04\x20"  # DER octet string of 32 bytes: how older tokens write the point
_ED25519 = bytes.fromhex("06032b6570")  # the curve by its object identifier 1.3.101.112 (RFC 8410)
_ID_BYTES = 16

# PKCS #11 logs in a process, not a caller: a token is opened once. By library and serial number.
_SESSIONS: "dict[tuple[Path, bytes], pkcs11.Session]" = {}


class TokenKey(Ed25519PrivateKey):
    """The key as `cryptography` knows keys; whatever would show its private half is refused."""

    def __init__(self, sign: Callable[[bytes], bytes], public: bytes) -> None:
        self._sign = sign
        self._public = Ed25519PublicKey.from_public_bytes(public)

    def public_key(self) -> Ed25519PublicKey:
        """Give the public half."""
        return self._public

    def sign(self, data: Buffer) -> bytes:
        """Let the token sign. Raises `Unavailable` when it does not, or signs with another key."""
        message = bytes(data)
        signature = self._sign(message)
        try:
            self._public.verify(signature, message)
        except InvalidSignature as error:
            raise Unavailable(
                "the token gave a signature that its public key does not bear out",
                remedy="look whether private and public key of this name belong together in the token",
            ) from error
        return signature

    def private_bytes(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: the key stays in the token."""
        raise NotPermitted("a token never shows its private key", remedy="sign with it where the token is")

    private_bytes_raw = private_bytes

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self


def open_token_key(uri: TokenUri) -> TokenKey:
    """Find a key in a token and log in to it. Raises `BadInput`, `NotPermitted`, `Unavailable`."""
    library = _library()
    with _told(uri):
        session = _session(library, uri)
        private = _find(library, session, uri, library.ObjectClass.PRIVATE_KEY)
        public = _find(library, session, uri, library.ObjectClass.PUBLIC_KEY)
        return _token_key(library, uri, private, public)


def new_token_key(uri: TokenUri) -> TokenKey:
    """Make a key inside a token, which will never give it out. Raises `BadInput` when there is one of this name."""
    library = _library()
    if not uri.object:
        raise BadInput("a new key in a token needs a name", remedy="write object=NAME in its address")
    with _told(uri):
        session = _session(library, uri)
        if _matching(library, session, uri, library.ObjectClass.PRIVATE_KEY):
            raise BadInput(
                f"the token has a key called {uri.object}", remedy="give another name: keys are never overwritten"
            )
        attribute = library.Attribute
        curve = session.create_domain_parameters(
            library.KeyType.EC_EDWARDS, {attribute.EC_PARAMS: _ED25519}, local=True
        )
        public, private = curve.generate_keypair(
            id=uri.id or token_bytes(_ID_BYTES),
            label=uri.object,
            store=True,
            mechanism=library.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            private_template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )
        return _token_key(library, uri, private, public)


def _token_key(library: Any, uri: TokenUri, private: Any, public: Any) -> TokenKey:  # noqa: ANN401 - foreign objects
    def sign(message: bytes) -> bytes:
        with _told(uri):
            return bytes(private.sign(message, mechanism=library.Mechanism.EDDSA))

    return TokenKey(sign, _public_bytes(bytes(public[library.Attribute.EC_POINT])))


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        import pkcs11  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadInput(
            "keys in tokens need a part of police2peer that is not installed",
            remedy="pip install 'police2peer[hsm]', then run the command again",
        ) from error
    return pkcs11


@contextmanager
def _told(uri: TokenUri) -> Iterator[None]:
    """Turn what a token or its library says into facts and a remedy."""
    import pkcs11.exceptions as said  # noqa: PLC0415 - an extra

    try:
        yield
    except (said.PinIncorrect, said.PinLenRange, said.PinInvalid) as error:
        raise BadInput(
            f"this PIN does not open the token of {uri.name}",
            remedy="look at the PIN before trying again: after a few wrong ones the token locks itself",
        ) from error
    except said.PinLocked as error:
        raise NotPermitted(
            f"the token of {uri.name} is locked after wrong PINs",
            remedy="have its security officer set a new PIN with the token's own tool",
        ) from error
    except (said.MechanismInvalid, said.FunctionNotSupported, said.DomainParamsInvalid) as error:
        raise BadInput(
            f"the token of {uri.name} cannot sign with Ed25519",
            remedy="use a token that knows EdDSA (PKCS #11 3.0), or a key file with a pass phrase",
        ) from error
    except said.PKCS11Error as error:
        raise Unavailable(
            f"the token of {uri.name} did not do what was asked ({type(error).__name__})",
            remedy="look whether it is plugged in and whether its own tool sees it, then run the command again",
        ) from error


def _module(uri: TokenUri) -> Path:
    named = uri.module or Path(os.environ.get(MODULE_SETTING, ""))
    if not named.is_absolute() or not named.is_file():
        raise BadInput(
            "the library that speaks to the token is not there",
            remedy=f"give its path in {MODULE_SETTING}, as /usr/lib/softhsm/libsofthsm2.so, or as module-path in the "
            "key's address",
        )
    return named


def _session(library: Any, uri: TokenUri) -> "pkcs11.Session":  # noqa: ANN401 - a module
    module = _module(uri)
    try:
        speaks = library.lib(str(module))
    except (RuntimeError, AttributeError) as error:
        raise BadInput(f"{module.name} speaks to no token", remedy="give the path of a PKCS #11 library") from error
    ready = library.TokenFlag.TOKEN_INITIALIZED
    tokens = [token for token in speaks.get_tokens() if ready in token.flags and _is_meant(token, uri)]
    if len(tokens) != 1:
        raise BadInput(
            f"{len(tokens)} tokens fit the address of {uri.name}",
            remedy="plug in the right one alone, or name it by token= and serial=",
        )
    known = (module, bytes(tokens[0].serial))
    if known not in _SESSIONS:
        _SESSIONS[known] = _log_in(library, tokens[0], uri)
    return _SESSIONS[known]


def _is_meant(token: Any, uri: TokenUri) -> bool:  # noqa: ANN401 - a foreign object
    serial = bytes(token.serial).decode("utf-8", "replace").strip()
    said = {"token": token.label, "manufacturer": token.manufacturer_id, "model": token.model, "serial": serial}
    return all(getattr(uri, name) in (None, str(value).strip()) for name, value in said.items())


def _log_in(library: Any, token: Any, uri: TokenUri) -> "pkcs11.Session":  # noqa: ANN401 - foreign objects
    flags = library.TokenFlag
    if flags.USER_PIN_FINAL_TRY in token.flags:
        raise NotPermitted(
            f"the token of {uri.name} has one try left before it locks itself",
            remedy="log in to it once with its own tool and the right PIN, then run the command again",
        )
    if flags.PROTECTED_AUTHENTICATION_PATH in token.flags:
        pin: object = library.PROTECTED_AUTH  # typed at the token's own keys
    else:
        source = pass_phrases() if uri.pin_file is None else PassPhrases({"": uri.pin_file})
        pin = source.of(uri.name, f"PIN of the token {str(token.label).strip()}").decode()
    writes = flags.WRITE_PROTECTED not in token.flags
    session: pkcs11.Session = token.open(rw=writes, user_pin=pin)
    return session


def _matching(library: Any, session: "pkcs11.Session", uri: TokenUri, kind: object) -> list[Any]:  # noqa: ANN401
    attribute = library.Attribute
    wanted: dict[Any, Any] = {attribute.CLASS: kind, attribute.KEY_TYPE: library.KeyType.EC_EDWARDS}
    if uri.object is not None:
        wanted[attribute.LABEL] = uri.object
    if uri.id is not None:
        wanted[attribute.ID] = uri.id
    return list(session.get_objects(wanted))


def _find(library: Any, session: "pkcs11.Session", uri: TokenUri, kind: object) -> Any:  # noqa: ANN401 - foreign object
    found = _matching(library, session, uri, kind)
    if len(found) != 1:
        half = "private" if kind is library.ObjectClass.PRIVATE_KEY else "public"
        raise BadInput(
            f"the token has {len(found)} {half} Ed25519 keys that fit {uri.name}",
            remedy="name the key by object= and id=; both halves have to be in the token, under one name",
        )
    return found[0]


def _public_bytes(point: bytes) -> bytes:
    raw = point.removeprefix(_WRAPPED) if len(point) > _RAW_BYTES else point
    if len(raw) != _RAW_BYTES:
        raise BadInput(
            "the token's key is not an Ed25519 key", remedy="make one: police2peer key new --token ADDRESS"
        )
    return raw
