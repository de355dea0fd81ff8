# SPDX-License-Identifier: EUPL-1.2
"""A log that only grows, and who watches that it does.

General: `merkle`, `tiles`, `note`, `checkpoint`, `cosignature`, `store`, `witness`. Of the catalogue: `policy`,
`naming`, `packs`, `publishing`, `standing`, `audit`.
"""
