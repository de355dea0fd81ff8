# SPDX-License-Identifier: EUPL-1.2
"""The charter on eD2k, read from the source: no packet is composed that asks anybody for anything of theirs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import police2peer.networks.ed2k

_PACKAGE = Path(police2peer.networks.ed2k.__file__).parent

# What we say: greetings, answers, bytes of ours, proofs of who we are, and to servers a login and our own offers.
_SAID = {
    "Op.HELLO", "Op.HELLO_ANSWER", "Op.EMULE_INFO_ANSWER", "Op.FILE_NAME_ANSWER", "Op.NO_SUCH_FILE",
    "Op.FILE_STATUS", "Op.HASH_SET_ANSWER", "Op.AICH_ROOT_ANSWER", "Op.ACCEPT_UPLOAD", "Op.QUEUE_RANKING",
    "Op.OUT_OF_PARTS", "Op.SENDING_PART", "Op.SENDING_PART_64", "Op.COMPRESSED_PART", "Op.COMPRESSED_PART_64",
    "Op.PUBLIC_ADDRESS_ANSWER", "Op.SHARED_DENIED", "Op.IDENT_STATE", "Op.PUBLIC_KEY", "Op.SIGNATURE",
    "ServerOp.LOGIN", "ServerOp.OFFER_FILES",
}  # fmt: skip


def _said(path: Path) -> Iterator[str]:
    """Every opcode that stands anywhere but in the tables of what is heard."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    heard = {
        id(node)
        for table in ast.walk(tree)
        if isinstance(table, ast.Dict | ast.MatchValue | ast.Compare)
        for key in (table.keys if isinstance(table, ast.Dict) else [table])
        if key is not None
        for node in ast.walk(key)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in heard:
            name = f"{node.value.id}.{node.attr}"
            if name.startswith(("Op.", "ServerOp.")):
                yield name


def test_only_answers_offers_and_greetings_are_ever_said() -> None:
    said = {op for path in _PACKAGE.glob("*.py") for op in _said(path)}
    assert said == _SAID


def test_bytes_leave_the_package_only_through_what_names_its_opcode() -> None:
    wild = [
        f"{path.name}:{node.lineno}"
        for path in _PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("pack", "pack_small", "self._reply")
        and path.name != "wire.py"
        and not ast.unparse(node.args[0]).startswith(("Op.", "ServerOp.", "op"))
    ]
    assert wild == []
