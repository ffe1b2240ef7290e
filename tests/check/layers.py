#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom, and where foreign libraries may be known (doc/architecture.md)."""
import re

import house

ALLOWED = {
    "base": set(),
    "model": {"base"},
    "dns": {"base"},
    "pool": {"base", "model"},
    "parser": {"base", "model"},
    "verifier": {"base", "model", "dns"},
    "library": {"base", "model", "dns", "verifier"},
    "worker": {"base", "model", "dns", "parser", "verifier"},
    "samples": {"base", "model"},
    "schema": set(),
    "store": {"base", "model", "pool", "schema"},
    "ingest": {"base", "model", "pool", "store"},
    "evidence": {"base", "model", "pool", "store"},
    "web": {"base", "model", "pool", "store"},
    "daemon": {"base", "model", "pool", "store", "ingest", "evidence", "web", "dns"},
}
# Of a room that is allowed, only these headers.
ONLY = {
    ("store", "pool"): {"pool/spool.h"},
    ("verifier", "dns"): {"dns/dns.h"},
}
# Of a room that is allowed, never these.
NEVER = {
    "web": {"store/put.h"},
}
# A foreign library: its headers, and the rooms whose one file may include them.
FOREIGN = {
    "libxml2": (r"libxml/", {"parser", "verifier"}),
    "libarchive": (r"archive(_entry)?\.h$", {"parser"}),
    "GMime": (r"(gmime/|glib)", {"parser"}),
    "jansson": (r"jansson\.h$", {"parser"}),
    "OpenSSL CMS": (r"openssl/(cms|pkcs7|x509|pem)", {"parser", "verifier"}),
    "OpenSSL digests": (r"openssl/(evp|sha|crypto|core|param|rsa|bn)", {"model", "verifier"}),
    "libpq": (r"(libpq-fe|postgres)", {"store"}),
    "libmicrohttpd": (r"microhttpd", {"web"}),
    "libcyaml": (r"cyaml", {"daemon"}),
    "libyaml": (r"yaml\.h$", {"daemon"}),
    "zlib": (r"zlib\.h$", {"base", "model", "pool", "parser", "samples", "store", "ingest", "web", "verifier"}),
    "libidn2": (r"idn2", {"parser", "verifier"}),
    "libpsl": (r"libpsl", {"verifier"}),
    "libunbound": (r"unbound\.h$", {"dns"}),
}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(root, path):
    text = house.bare_code(house.read(root, path), keep_strings=True)
    for match in _INCLUDE.finditer(text):
        yield house.line_of(text, match.start()), match.group(1) == '"', match.group(2)


def own_problems(path, line, target):
    room, other = path.split("/")[0], target.split("/")[0]
    where = "%s:%d: " % (path, line)
    if "/" not in target:
        return [where + 'an include spells its room: "%s/%s"' % (room, target)]
    if other == room:
        return []
    if other not in ALLOWED.get(room, set()):
        return [where + "%s may not include %s" % (room, target)]
    only = ONLY.get((room, other))
    if only is not None and target not in only:
        return [where + "of %s, %s may include %s only" % (other, room, ", ".join(sorted(only)))]
    if target in NEVER.get(room, set()):
        return [where + "%s may not include %s" % (room, target)]
    return []


def room_file_exists(target, known):
    return target in known or target.startswith(("schema/", "web/"))  # made by the build


def foreign_problems(users):
    found = []
    for (library, room), paths in sorted(users.items()):
        if room not in FOREIGN[library][1]:
            found += ["%s: %s may not know %s" % (path, room, library) for path in sorted(paths)]
        elif len(paths) > 1:
            found.append("%s: %s is known to more than one file of %s: %s" % (
                sorted(paths)[0], library, room, ", ".join(sorted(paths))))
    return found


def cycles(graph):
    done, found = set(), []

    def visit(node, trail):
        if node in trail:
            loop = trail[trail.index(node):] + [node]
            found.append("%s: includes go in a circle: %s" % (node, " -> ".join(loop)))
            return
        if node in done:
            return
        for other in sorted(graph.get(node, ())):
            visit(other, trail + [node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return found


def problems(root):
    found, users, graph = [], {}, {}
    paths = house.files(root, house.ROOMS)
    known = set(paths)
    for path in paths:
        for line, own, target in includes(root, path):
            if own:
                found += own_problems(path, line, target)
                if "/" in target and not room_file_exists(target, known):
                    found.append("%s:%d: there is no %s" % (path, line, target))
                if path.endswith(".h"):
                    graph.setdefault(path, set()).add(target)
                continue
            for library, (pattern, _) in FOREIGN.items():
                if re.match(pattern, target):
                    users.setdefault((library, path.split("/")[0]), set()).add(path)
    return found + foreign_problems(users) + cycles(graph)


if __name__ == "__main__":
    house.main(problems)
