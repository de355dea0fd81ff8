# SPDX-License-Identifier: EUPL-1.2
"""Links as people paste them, for the readers in Python and in the browser alike."""

V1, V2, ED2K = "ab" * 20, "cd" * 32, "31d6cfe0d16ae931b73c59d7e0c089c0"
AICH = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
TTH = "LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ"  # TTH of no bytes

SOUND_LINKS: dict[str, tuple[tuple[str, str], ...]] = {
    f"magnet:?xt=urn:btih:{V1}": (("btih", V1),),
    f"MAGNET:?XT=URN:BTIH:{V1.upper()}&dn=sample-clip-07": (("btih", V1),),
    f"magnet:?xt=urn:btih:{AICH}": (("btih", "00443214c74254b635cf84653a56d7c675be77df"),),
    f"magnet:?xt.1=urn:btih:{V1}&xt.2=urn:btmh:1220{V2}": (("btih", V1), ("btmh", V2)),
    f"magnet:?xt=urn:btmh:{V2}&xt=urn:btmh:{V2}": (("btmh", V2),),
    f" magnet:?dn=x%26y&xt=urn%3Abtih%3A{V1} ": (("btih", V1),),
    f"magnet:?tr=udp%3A%2F%2Fexample.org&xt=urn:btih:{V1}&xt=urn:sha1:abc": (("btih", V1),),
    f"magnet:?xt=urn:ed2k:{ED2K.upper()}&xl=0": (("ed2k", ED2K),),
    f"magnet:?xt=urn:ed2khash:{ED2K}&xt=urn:aich:{AICH.lower()}": (("ed2k", ED2K), ("aich", AICH)),
    f"magnet:?xt=urn:tree:tiger:{TTH}&xl=0&dn=sample-clip-07": (("tth", TTH),),
    f"magnet:?xt=URN:TREE:TIGER:{TTH.lower()}": (("tth", TTH),),
    f"ed2k://|file|sample-clip-07.mp4|1234|{ED2K.upper()}|/": (("ed2k", ED2K),),
    f"ed2k://|file|sample%20clip|1234|{ED2K}|h={AICH}|/": (("ed2k", ED2K), ("aich", AICH)),
    f"ED2K://|FILE|x|1|{ED2K}|p=aa:bb|H={AICH.lower()}|/|sources,127.0.0.1:4662|/": (("ed2k", ED2K), ("aich", AICH)),
    f"ed2k://%7Cfile%7Cx%7c1%7C{ED2K}%7C/": (("ed2k", ED2K),),
    f"ed2k://|file|x|1|{ED2K}|/|h=later|/": (("ed2k", ED2K),),
}
BROKEN_LINKS = (
    "magnet:?",
    "magnet:",
    "magnet:?dn=sample-clip-07",
    "magnet:?xt=urn:btih",
    "magnet:?xt=urn:btih:zz",
    "magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C",
    "magnet:?xt=urn:constructor:x",
    "magnet:?xt=urn:tree:tiger",
    f"magnet:?xt=urn:tree:tiger:{TTH[:-1]}B",
    f"magnet:?xt=urn:tree:other:{TTH}",
    f"magnet:?xt=urn:aich:{AICH[:-1]}",
    f"magnet:?xt=urn:btih:{V1}&xt=urn:btih:zz",
    f"magnet:?xt=urn:btih:{V1}:x",
    "magnet:?xt=urn:btih:" + "a" * 20_000,
    "ed2k:",
    "ed2k://",
    "ed2k://|server|127.0.0.1|4661|/",
    f"ed2k://|file|x|{ED2K}|/",
    f"ed2k://|file|x|1|{ED2K}",
    f"ed2k://|file|x|-1|{ED2K}|/",
    f"ed2k://|file|x|1|{ED2K[:-1]}|/",
    f"ed2k://|file|x|1|{ED2K}|h=short|/",
)
