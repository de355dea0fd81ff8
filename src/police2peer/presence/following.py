# SPDX-License-Identifier: EUPL-1.2
"""Presence follows demand: which offers of a release this machine keeps up in an hour, when it may not keep up all.

Rules without I/O. The unit that moves is a **block**: all offers of one title on one network.

1. Only offers of the release that the order covers are ever up, and never more than `most_offers`.
2. Networks on which searches reach us (Direct Connect) and the others share the room in the proportion of their
   blocks. Among the first, room moves from network to network as searches do.
3. A block weighs for an hour of the day: 4/5 by its share of the searches that this machine saw in that hour of the
   day over the last 28 days, 1/5 the same for all, so that nothing is lost from sight and new demand is seen. A
   search counts for the titles that hold every word of its term, in equal parts; where no searches reach us, those
   seen elsewhere count for the same terms.
4. Blocks are drawn by weighted rendezvous hashing over campaign, machine, network and title: each machine keeps a
   part of its own, the heaviest most often, and what is up moves only as far as weights do.

**The trial is not touched.** In a release each title carries each arm equally often (`campaign.assignment`), a block
is moved whole, and its arms with the control among them are up for the same hours; so demand decides how much is
offered and never which message. `blocks_of` refuses a release in which that does not hold.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from police2peer.campaign import ApprovedTerm, TitleId, words_of
from police2peer.errors import BadInput
from police2peer.networks import Offer, OfferId

WINDOW_DAYS: Final = 28  # four of each weekday
_EVEN_SHARE: Final = 0.2


class BlockId(NamedTuple):
    """A title on a network."""

    network: str
    title: TitleId


@dataclass(frozen=True, slots=True)
class Block:
    """All offers of one title on one network; `terms` are those whose words the title holds."""

    id: BlockId
    offers: tuple[OfferId, ...]
    terms: tuple[str, ...]


def blocks_of(offers: Iterable[Offer], terms: Sequence[ApprovedTerm]) -> tuple[Block, ...]:
    """Put offers into blocks.

    Raises `BadInput` unless every block carries the same arms in the same numbers: moving blocks would then favour
    an arm of the trial.
    """
    together: dict[BlockId, list[Offer]] = defaultdict(list)
    for offer in offers:
        together[BlockId(offer.network, offer.title_id)].append(offer)
    arms = {frozenset(Counter(offer.arm for offer in block).items()) for block in together.values()}
    if len(arms) > 1:
        raise BadInput(
            "the titles of the release do not all carry the same messages equally often",
            remedy="take `most_offers` out of the settings, or release the campaign as it is planned",
        )
    return tuple(
        Block(block_id, tuple(offer.id for offer in block), _terms_in(block[0], terms))
        for block_id, block in sorted(together.items())
    )


def _terms_in(offer: Offer, terms: Sequence[ApprovedTerm]) -> tuple[str, ...]:
    words = set(words_of(offer.title.reveal()))
    return tuple(str(term.id) for term in terms if term.term.reveal() <= words)


def choose_offers(
    blocks: Sequence[Block],
    demand: Mapping[tuple[str, str], int],
    *,
    searched: frozenset[str],
    most_offers: int,
    seed: str,
) -> frozenset[OfferId]:
    """Give the offers to be up. `demand` has the searches by network and term; `searched` names networks with one."""
    seen = [block for block in blocks if block.id.network in searched]
    unseen = [block for block in blocks if block.id.network not in searched]
    anywhere: Counter[str] = Counter()
    for (_, term), count in demand.items():
        anywhere[term] += count
    elsewhere = {(block.id.network, term): anywhere[term] for block in unseen for term in block.terms}
    return frozenset(
        offer
        for part, asked in ((seen, demand), (unseen, elsewhere))
        for block in _drawn(part, _weights(part, asked), most_offers * _total(part) // max(_total(blocks), 1), seed)
        for offer in block.offers
    )


def _drawn(blocks: Sequence[Block], weights: Mapping[BlockId, float], room: int, seed: str) -> Iterator[Block]:
    for block in sorted(blocks, key=lambda block: _draw(seed, block.id, weights[block.id])):
        room -= len(block.offers)
        if room < 0:
            return
        yield block


def _total(blocks: Sequence[Block]) -> int:
    return sum(len(block.offers) for block in blocks)


def _weights(blocks: Sequence[Block], demand: Mapping[tuple[str, str], int]) -> dict[BlockId, float]:
    holding: Counter[tuple[str, str]] = Counter((block.id.network, term) for block in blocks for term in block.terms)
    asked = {
        block.id: sum(
            (
                Fraction(demand.get((block.id.network, term), 0), holding[block.id.network, term])
                for term in block.terms
            ),
            Fraction(0),
        )
        for block in blocks
    }
    total = sum(asked.values())
    even = 1 / max(len(blocks), 1)
    if not total:
        return dict.fromkeys(asked, even)
    return {one: _EVEN_SHARE * even + (1 - _EVEN_SHARE) * float(count / total) for one, count in asked.items()}


def _draw(seed: str, block: BlockId, weight: float) -> float:
    """Give the block's place: an exponential draw with its weight as rate, the same for the same seed."""
    digest = hashlib.sha256(f"{seed}\n{block.network}\n{block.title}".encode()).digest()
    uniform = (int.from_bytes(digest[:8], "big") + 1) / 2**64
    return -math.log(uniform) / weight if uniform < 1 else 0.0
