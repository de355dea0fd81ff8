# SPDX-License-Identifier: EUPL-1.2
import random

import pytest
import segno
import zxingcpp

from police2peer.errors import BadInput
from police2peer.warningfiles import new_code, verify_address
from police2peer.warningfiles.qr import QUIET_MODULES, QrShape, qr_matrix, qr_shape


@pytest.mark.parametrize("length", [1, 20, 60, 140])
def test_a_code_made_from_shares_is_the_one_drawn_anew(length: int) -> None:
    draw = random.Random(length)
    shape = qr_shape(verify_address(f"https://p2p.police.example/{'v' * length}", new_code(draw.randbytes)))
    for _ in range(20):
        address = verify_address(f"https://p2p.police.example/{'v' * length}", new_code(draw.randbytes))
        drawn = segno.make(
            address, error="m", micro=False, boost_error=False, version=shape.version, mask=shape.mask, mode="byte"
        )
        assert qr_matrix(address, shape).tolist() == [list(row) for row in drawn.matrix]


def test_a_code_reads_back() -> None:
    address = "https://p2p.police.example/verify#FVPA-GSRR-NJ60"
    dark = qr_matrix(address, qr_shape(address)).repeat(4, axis=0).repeat(4, axis=1)
    edge = 4 * QUIET_MODULES
    size = dark.shape[0] + 2 * edge
    picture = bytearray(b"\xff" * size * size)
    for number, row in enumerate(dark):
        at = (number + edge) * size + edge
        picture[at : at + len(row)] = ((1 - row) * 255).tobytes()
    found = zxingcpp.read_barcodes(memoryview(picture).cast("B", [size, size]))
    assert [one.text for one in found] == [address]


def test_a_code_too_fine_for_its_room_is_refused() -> None:
    assert QrShape(4, 0, 33).module_px(340) == 10
    with pytest.raises(BadInput, match="too long for a QR code"):
        QrShape(30, 0, 137).module_px(340)
