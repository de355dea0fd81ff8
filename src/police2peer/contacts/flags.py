# SPDX-License-Identifier: EUPL-1.2
"""What speaks for the person behind an address: facts that a reader of a contact must have beside it.

None of them is a judgement and none is ever subtracted from a count; they say what else may explain what was seen.
"""

import enum


class ExculpatoryFlag(enum.StrEnum):
    """One fact that may explain a contact otherwise; `explain` says it in a sentence."""

    SHARED_ADDRESS = "shared_address"
    SEVERAL_CLIENTS = "several_clients"
    METADATA_ONLY_CLIENT = "metadata_only_client"
    AUTOMATIC_CLIENT = "automatic_client"
    CRAWLER_SIGNATURE = "crawler_signature"
    TITLE_NOT_SHOWN = "title_not_shown"
    ABORTED_EARLY = "aborted_early"

    @property
    def explanation(self) -> str:
        """Say in one sentence what was seen, for a reader who is no engineer."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    ExculpatoryFlag.SHARED_ADDRESS: (
        "Several programs spoke from this address at about the same time, or the address is of a kind that providers "
        "share out among subscribers: it may stand for several people."
    ),
    ExculpatoryFlag.SEVERAL_CLIENTS: (
        "More than one program asked for this file from this address: several devices or persons may be behind it."
    ),
    ExculpatoryFlag.METADATA_ONLY_CLIENT: (
        "The program took the description of the file and was sent less than one whole piece of it, as programs do "
        "that only collect descriptions."
    ),
    ExculpatoryFlag.AUTOMATIC_CLIENT: (
        "The program can fetch by itself what a subscribed list names: nobody may have chosen this title."
    ),
    ExculpatoryFlag.CRAWLER_SIGNATURE: (
        "The address spoke about many of our files at about the same time, as programs do that collect or measure."
    ),
    ExculpatoryFlag.TITLE_NOT_SHOWN: (
        "The program often runs without a window or inside another one: the title may have been shown to nobody."
    ),
    ExculpatoryFlag.ABORTED_EARLY: "The exchange ended before one whole piece of the file was sent.",
}
