# SPDX-License-Identifier: EUPL-1.2
"""Warning files: from a reviewed message to bytes that are unique, verifiable and harmless."""

from police2peer.warningfiles.code import CODE_ALPHABET, VerifyCode, nearest_code, new_code, parse_code

__all__ = ["CODE_ALPHABET", "VerifyCode", "nearest_code", "new_code", "parse_code"]
