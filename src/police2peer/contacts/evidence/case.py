# SPDX-License-Identifier: EUPL-1.2
"""Contacts as CASE/UCO 1.5 JSON-LD, the form in which other countries' tools read them.

The view is made from a fixed template. Every node has an id that ends in a UUID, the same for the same pack; every
connection has address nodes of its own, so that nothing in the graph joins two contacts, on one network or on
several. The sealed entries remain the evidence, this is their translation.

Source: CASE 1.5.0 and UCO 1.5.0 (ontology.caseontology.org); the extension is `ontology.ttl` beside this file.
"""

import ipaddress
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from police2peer.contacts.evidence.encoding import write_moment
from police2peer.contacts.evidence.plain_text import shown
from police2peer.contacts.ledger import ContactRecord, GapRecord, RecordedConnection

__all__ = ["CaseFrame", "Disclosed", "case_graph", "ontology", "write_case"]

Node = dict[str, Any]

_CONTEXT: Final = {
    "kb": "urn:police2peer:evidence:",
    "p2p": "urn:police2peer:ontology:1:",
    "action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "investigation": "https://ontology.caseontology.org/case/investigation/",
    "observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_HASHES: Final = {"sha256": "SHA256"}


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One opened record with the number of its ledger entry."""

    index: int
    record: ContactRecord | GapRecord


@dataclass(frozen=True, slots=True)
class CaseFrame:
    """What all contacts of a pack have in common."""

    request_id: str
    request_sha256: str
    order_id: str
    authority: str
    legal_ground: str
    ledger: str
    ledger_size: int
    ledger_root: str
    order_start: datetime
    order_end: datetime


def ontology() -> bytes:
    """Give the extension, as it travels with each pack."""
    return (Path(__file__).parent / "ontology.ttl").read_bytes()


def _typed(kind: str, value: str) -> Node:
    return {"@type": f"xsd:{kind}", "@value": value}


def _moment(at: datetime) -> Node:
    return _typed("dateTime", write_moment(at))


def _decimal(value: float) -> Node:
    return _typed("decimal", f"{value:.6f}")


class _Names:
    """Ids that are the same for the same pack, and differ between packs."""

    def __init__(self, request_sha256: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:police2peer:evidence:{request_sha256}")

    def __call__(self, kind: str, of: str) -> str:
        return f"kb:{kind}-{uuid.uuid5(self._space, f'{kind}/{of}')}"


def case_graph(frame: CaseFrame, disclosed: Sequence[Disclosed]) -> Iterator[Node]:
    """Give the nodes of the graph, one after another."""
    names = _Names(frame.request_sha256)
    visits: dict[str, list[Disclosed]] = {}
    gaps: list[Disclosed] = []
    offers: dict[str, ContactRecord] = {}
    for each in disclosed:
        if isinstance(each.record, GapRecord):
            gaps.append(each)
        else:
            visits.setdefault(each.record.visit_id, []).append(each)
            offers.setdefault(_offer_key(each.record), each.record)
    contacts = {visit: names("contact", visit) for visit in visits}
    yield from _frame_nodes(names, frame, list(contacts.values()))
    tools: dict[tuple[str, str], ContactRecord] = {}
    for entries in visits.values():
        for each in entries:
            record = each.record
            if isinstance(record, ContactRecord):
                tools.setdefault((record.tool_version, record.build_sha256), record)
    for record in tools.values():
        yield _tool(names, record)
    for record in offers.values():
        yield _warning_file(names, record)
    for entries in visits.values():
        yield from _contact(names, frame.authority, entries)
    for gap in gaps:
        yield _gap(names, gap)


def _offer_key(record: ContactRecord) -> str:
    return f"{record.offer_id}/{record.file_sha256}/{record.file_name}"


def _frame_nodes(names: _Names, frame: CaseFrame, contacts: list[str]) -> Iterator[Node]:
    authorization = names("authorization", frame.order_id)
    agency = names("organization", frame.authority)
    provenance = names("provenance", frame.ledger)
    yield {
        "@id": names("investigation", frame.request_id),
        "@type": "investigation:Investigation",
        "core:name": shown(f"Evidence pack {frame.request_id}"),
        "core:description": "Contacts with police warning files, disclosed on request from a sealed ledger.",
        "investigation:relevantAuthorization": {"@id": authorization},
        "core:object": [{"@id": provenance}, {"@id": agency}],
    }
    yield {"@id": agency, "@type": "identity:Organization", "core:name": shown(frame.authority)}
    yield {
        "@id": authorization,
        "@type": "investigation:Authorization",
        "investigation:authorizationIdentifier": [frame.order_id],
        "investigation:authorizationType": "operation order",
        "core:description": shown(frame.legal_ground, 4000),
        "core:startTime": _moment(frame.order_start),
        "core:endTime": _moment(frame.order_end),
    }
    yield {
        "@id": provenance,
        "@type": "investigation:ProvenanceRecord",
        "investigation:exhibitNumber": frame.ledger,
        "core:description": (
            f"Sealed ledger {frame.ledger}, {frame.ledger_size} entries, root {frame.ledger_root} (RFC 6962). "
            "The entries, their proofs of inclusion and the signed checkpoint are in the pack."
        ),
        "core:object": [{"@id": contact} for contact in contacts],
    }


def _tool(names: _Names, record: ContactRecord) -> Node:
    return {
        "@id": names("tool", f"{record.tool_version}/{record.build_sha256}"),
        "@type": "tool:Tool",
        "core:name": "police2peer",
        "tool:version": record.tool_version,
        "core:description": f"SHA-256 of the installed package: {record.build_sha256}",
    }


def _warning_file(names: _Names, record: ContactRecord) -> Node:
    key = _offer_key(record)
    node: Node = {
        "@id": names("file", key),
        "@type": ["observable:File", "p2p:WarningFile"],
        "p2p:warningFileId": record.warning_file_id,
        "p2p:offerId": record.offer_id,
        "p2p:arm": record.arm,
        "core:hasFacet": [
            {
                "@id": names("file-facet", key),
                "@type": "observable:FileFacet",
                "observable:fileName": shown(record.file_name),
                "observable:sizeInBytes": _typed("integer", str(record.file_size_bytes)),
            },
            {
                "@id": names("content-facet", key),
                "@type": "observable:ContentDataFacet",
                "observable:sizeInBytes": _typed("integer", str(record.file_size_bytes)),
                "observable:hash": {
                    "@id": names("hash", key),
                    "@type": "types:Hash",
                    "types:hashMethod": _HASHES["sha256"],
                    "types:hashValue": _typed("hexBinary", record.file_sha256),
                },
            },
        ],
    }
    if record.network_ids:
        node["p2p:networkId"] = [f"{kind}:{value}" for kind, value in record.network_ids]
    if record.language:
        node["p2p:language"] = record.language
    if record.catalogue_head:
        node["p2p:catalogueHead"] = record.catalogue_head
    return node


def _contact(names: _Names, authority: str, entries: Sequence[Disclosed]) -> Iterator[Node]:
    """Give the nodes of one visit; what was recorded at its end counts, where that is there."""
    last = max(entries, key=lambda each: each.index).record
    if not isinstance(last, ContactRecord):
        return
    visit, file = last.visit_id, names("file", _offer_key(last))
    connections = []
    for number, connection in enumerate(last.connections):
        node = names("connection", f"{visit}/{number}")
        connections.append({"@id": node})
        yield from _connection(names, last, connection, f"{visit}/{number}", node)
        yield {
            "@id": names("relation", f"{visit}/{number}"),
            "@type": "observable:ObservableRelationship",
            "core:source": {"@id": node},
            "core:target": {"@id": file},
            "core:kindOfRelationship": "Requested",
            "core:isDirectional": True,
        }
    client = names("client", visit)
    yield {
        "@id": client,
        "@type": "observable:Application",
        "core:hasFacet": [
            {
                "@id": names("client-facet", visit),
                "@type": "observable:ApplicationFacet",
                "core:name": last.client_family,
                "observable:applicationIdentifier": shown(last.client_name),
            }
        ],
    }
    yield _action(
        names, authority, last, [each.index for each in entries], [*connections, {"@id": client}, {"@id": file}]
    )


def _action(names: _Names, authority: str, record: ContactRecord, indexes: list[int], objects: list[Node]) -> Node:
    clock = record.clock
    node: Node = {
        "@id": names("contact", record.visit_id),
        "@type": ["investigation:InvestigativeAction", "p2p:DeterrentContact"],
        "core:name": f"Contact {record.visit_id}",
        "action:startTime": _moment(record.started_at),
        "action:endTime": _moment(record.ended_at),
        "action:performer": {"@id": names("organization", authority)},
        "action:instrument": {"@id": names("tool", f"{record.tool_version}/{record.build_sha256}")},
        "action:object": objects,
        "p2p:rung": _typed("integer", str(max(record.rung, 3))),
        "p2p:cameBack": record.came_back,
        "p2p:askedBytes": _typed("integer", str(record.asked_bytes)),
        "p2p:sentBytes": _typed("integer", str(record.sent_bytes)),
        "p2p:piecesSent": _typed("integer", str(record.pieces_sent)),
        "p2p:registryCountry": record.registry_country,
        "p2p:categoryOfPerson": record.category,
        "p2p:factOrAssessment": record.fact_or_assessment,
        "p2p:clockSource": shown(clock.source),
        "p2p:clockQuarantined": clock.quarantined,
        "p2p:ledgerEntry": [_typed("integer", str(index)) for index in indexes],
        "p2p:eraseBy": _typed("date", record.erase_by.isoformat()),
    }
    if record.acknowledged_bytes is not None:
        node["p2p:acknowledgedBytes"] = _typed("integer", str(record.acknowledged_bytes))
    if record.flags:
        node["p2p:exculpatoryFact"] = list(record.flags)
    if record.identifiers:
        node["p2p:selfGivenName"] = [f"{shown(kind)}: {value}" for kind, value in record.identifiers]
    if clock.offset_ms is not None:
        node["p2p:clockOffsetMs"] = _decimal(clock.offset_ms)
    if clock.uncertainty_ms is not None:
        node["p2p:clockUncertaintyMs"] = _decimal(clock.uncertainty_ms)
    return node


def _connection(
    names: _Names, record: ContactRecord, connection: RecordedConnection, key: str, node_id: str
) -> Iterator[Node]:
    peer = names("address", f"{key}/peer")
    yield _address(names, peer, f"{key}/peer", connection.peer_host)
    facet: Node = {
        "@id": names("connection-facet", key),
        "@type": "observable:NetworkConnectionFacet",
        "observable:src": {"@id": peer},
        "observable:sourcePort": _typed("integer", str(connection.peer_port)),
        "observable:startTime": _moment(connection.began_at),
        "observable:isActive": False,
        "observable:protocols": {
            "@id": names("protocols", key),
            "@type": "types:ControlledDictionary",
            "types:entry": {
                "@id": names("protocol", key),
                "@type": "types:ControlledDictionaryEntry",
                "types:key": "application",
                "types:value": record.protocol,
            },
        },
    }
    if connection.ended_at is not None:
        facet["observable:endTime"] = _moment(connection.ended_at)
    if connection.our_host:
        ours = names("address", f"{key}/ours")
        yield _address(names, ours, f"{key}/ours", connection.our_host)
        facet["observable:dst"] = {"@id": ours}
        facet["observable:destinationPort"] = _typed("integer", str(connection.our_port))
    yield {"@id": node_id, "@type": "observable:NetworkConnection", "core:hasFacet": [facet]}


def _address(names: _Names, node_id: str, key: str, host: str) -> Node:
    try:
        kind, value = f"IPv{ipaddress.ip_address(host.partition('%')[0]).version}Address", "observable:addressValue"
    except ValueError:  # a network whose peers have names
        kind, value = "DomainName", "observable:value"
    facet = {"@id": names("address-facet", key), "@type": f"observable:{kind}Facet", value: shown(host)}
    return {"@id": node_id, "@type": f"observable:{kind}", "core:hasFacet": [facet]}


def _gap(names: _Names, each: Disclosed) -> Node:
    gap = each.record
    if not isinstance(gap, GapRecord):
        raise TypeError("not a gap")
    node: Node = {
        "@id": names("gap", str(each.index)),
        "@type": "p2p:RecordingGap",
        "core:description": shown(f"{gap.network or 'all networks'}: {gap.what}", 4000),
        "p2p:gapFrom": _moment(gap.from_at),
        "p2p:ledgerEntry": _typed("integer", str(each.index)),
    }
    if gap.until_at is not None:
        node["p2p:gapUntil"] = _moment(gap.until_at)
    return node


def write_case(nodes: Iterable[Node]) -> bytes:
    """Write the graph as JSON-LD, one node a line."""
    lines = ",\n".join(json.dumps(node, ensure_ascii=False, separators=(",", ":")) for node in nodes)
    context = json.dumps(_CONTEXT, separators=(",", ":"))
    return f'{{"@context":{context},\n"@graph":[\n{lines}\n]}}\n'.encode()
