# SPDX-License-Identifier: EUPL-1.2
"""One module a file format; `studio` holds the table of them."""
