#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SPF beside pyspf, on mutations of the openspf suite: each case is a zone, a client and an identity.
The same seed makes the same cases. Disagreements are counted by kind; one of no known kind fails.

usage: compare_spf.py [--cases N] [--seed N] [--show KIND] SPF_LINES CORPUS
SPF_LINES: build/dev/tests/spf_lines. CORPUS: the folder with spf/rfc7208-tests.derived.json.
Needs python3-spf (Debian). Kinds are explained in doc/interop.md.
"""
import argparse
import collections
import copy
import json
import os
import random
import re
import socket
import subprocess
import sys

import spf

NOW = 1790000000
spf.time.time = lambda: NOW
TYPES = ("TXT", "A", "AAAA", "MX", "PTR", "CNAME")


# ---- zones: {name: [(type, value)]}, as the suite has them ----

def zone_of(scenario):
    """SPF stands for TXT where the name has no TXT; TXT: NONE is none; TIMEOUT is every type not before it."""
    zone = {}
    for name, entries in scenario["zonedata"].items():
        has_txt = any(isinstance(e, dict) and "TXT" in e for e in entries)
        found = []
        for entry in entries:
            if entry == "TIMEOUT":
                found.append(("*", "TIMEOUT"))
                continue
            for kind, value in entry.items():
                if value == "NONE" or (kind == "SPF" and has_txt):
                    continue
                if kind in ("SPF", "TXT"):
                    kind, value = "TXT", "".join(value) if isinstance(value, list) else value
                found.append((kind, value))
        zone[name.lower().rstrip(".")] = found
    return zone


def quoted(text):
    return "".join(c if c.isalnum() and c.isascii() or c in "-_." else "\\%03d" % ord(c) for c in text)


def replay(zone):
    lines = []
    for name, entries in zone.items():
        owner = quoted(name)
        for kind, value in entries:
            if kind == "*":
                lines.append("%s * !TIMEOUT" % owner)
            elif kind == "TXT":
                pieces = [value[i:i + 250] for i in range(0, len(value), 250)] or [""]
                lines.append("%s TXT %s" % (owner, " ".join('"%s"' % quoted(p) for p in pieces)))
            elif kind == "MX":
                lines.append("%s MX %d %s" % (owner, value[0], quoted(value[1]) or "."))
            elif kind in ("A", "AAAA"):
                lines.append("%s %s %s" % (owner, kind, value))
            else:
                lines.append("%s %s %s" % (owner, kind, quoted(value) or "."))
    return "\n".join(lines) + "\n"


# ---- pyspf, with its DNS replaced ----

class Zone:
    def __init__(self, zone):
        self.zone = zone

    def lookup(self, name, qtype, strict=True, timeout=None):
        name = name.lower().rstrip(".")
        for _ in range(9):
            entries = self.zone.get(name, [])
            values = [v for t, v in entries if t == qtype]
            if values:
                return [((name, qtype), self.value(qtype, v)) for v in values]
            if ("*", "TIMEOUT") in entries:
                raise spf.TempError("DNS timeout")
            alias = [v for t, v in entries if t == "CNAME"]
            if not alias:
                return []
            name = alias[0].lower().rstrip(".")
        raise spf.TempError("CNAME loop")

    @staticmethod
    def value(qtype, value):
        if qtype == "TXT":
            return (value.encode("latin-1"),)
        if qtype == "AAAA":
            return socket.inet_pton(socket.AF_INET6, value)
        if qtype in ("PTR", "CNAME"):
            return value.rstrip(".")
        return tuple(value) if qtype == "MX" else value


def theirs(case):
    zone = Zone(case["zone"])

    def lookup(name, qtype, strict=True, timeout=None):
        # pyspf looks in the answer for the name it asked for.
        return [((name, kind[1]), value) for kind, value in zone.lookup(name, qtype)]
    spf.DNSLookup = lookup
    query = spf.query(i=case["ip"], s=case["mail_from"], h=case["helo"], receiver="unknown", strict=True,
                      querytime=0)
    query.set_default_explanation("")
    try:
        result, _, text = query.check()
    except Exception as problem:  # whatever it raises, it did not answer
        return "raised", "%s: %s" % (type(problem).__name__, problem), ""
    return result, text if result == "fail" else "", str(getattr(query, "prob", "") or "")


# ---- ours ----

class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def check(self, case):
        request = "%s\t%s\t%s\n%s\n" % (case["ip"], case["helo"].encode("latin-1").hex(),
                                        case["mail_from"].encode("latin-1").hex(), replay(case["zone"]))
        self.process.stdin.write(request.encode("ascii"))
        self.process.stdin.flush()
        fields = self.process.stdout.readline().decode("utf-8").rstrip("\n").split("\t")
        return fields[0], bytes.fromhex(fields[1]).decode("latin-1"), fields[4]


# ---- mutations ----

MACROS = ["%{s}", "%{l}", "%{o}", "%{d}", "%{i}", "%{ir}", "%{p}", "%{v}", "%{h}", "%{d2}", "%{d1r}", "%{l-}",
          "%{lr-}", "%{L}", "%{S}", "%{c}", "%{r}", "%{t}", "%{x}", "%{d0}", "%{o3r.-}", "%%", "%_", "%-", "%",
          "%{", "%{d2r+-}", "%{H}"]
TAILS = ["/0", "/8", "/24", "/32", "/33", "/024", "//0", "//64", "//128", "//129", "/24//64", "/", "//", ".", ":", "-"]


class Maker:
    def __init__(self, corpus, seed):
        with open(os.path.join(corpus, "spf", "rfc7208-tests.derived.json"), encoding="utf-8") as stream:
            suite = json.load(stream)
        self.random = random.Random(seed)
        self.bases = []
        for scenario in suite:
            zone = zone_of(scenario)
            self.bases += [{"name": name, "zone": zone, "ip": test["host"], "helo": test["helo"],
                            "mail_from": test["mailfrom"]} for name, test in scenario["tests"].items()]
        terms = collections.OrderedDict()
        for base in self.bases:
            for entries in base["zone"].values():
                for kind, value in entries:
                    if kind == "TXT" and value.lower().startswith("v=spf1"):
                        terms.update((term, None) for term in value.split(" ")[1:] if term)
        self.terms = list(terms)

    def mutate_term(self, term):
        pick = self.random.choice
        kind = self.random.randrange(8)
        if kind == 0:
            at = self.random.randrange(len(term) + 1)
            return term[:at] + pick(MACROS) + term[at:]
        if kind == 1:
            return term + pick(TAILS)
        if kind == 2:
            return pick(["+", "-", "~", "?", ""]) + term.lstrip("+-~?")
        if kind == 3 and term:
            at = self.random.randrange(len(term))
            return term[:at] + pick("abz019.:/=%-_{}\x7f\t") + term[at + 1:]
        if kind == 4 and term:
            at = self.random.randrange(len(term))
            return term[:at] + term[at + 1:]
        if kind == 5:
            return term.upper()
        if kind == 6:
            return re.sub(r"\d+", lambda m: str(self.random.randrange(300)), term, count=1)
        return pick(self.terms)

    def mutate_record(self, text):
        terms = text.split(" ")
        for _ in range(self.random.randrange(1, 4)):
            kind, at = self.random.randrange(6), self.random.randrange(1, len(terms) + 1)
            if kind == 0:
                terms.insert(at, self.random.choice(self.terms))
            elif kind == 1 and at < len(terms):
                del terms[at]
            elif kind == 2 and len(terms) > 2:
                other = self.random.randrange(1, len(terms))
                terms[at % len(terms) or 1], terms[other] = terms[other], terms[at % len(terms) or 1]
            elif kind == 3:
                terms.insert(at, "")
            elif at < len(terms):
                terms[at] = self.mutate_term(terms[at])
        return " ".join(terms)

    def mutate_zone(self, zone):
        name = self.random.choice(list(zone))
        entries = zone[name]
        if not entries:
            return
        kind, at = self.random.randrange(4), self.random.randrange(len(entries))
        if kind == 0:
            del entries[at]
        elif kind == 1:
            entries.append(entries[at])
        elif kind == 2:
            entries.insert(at, ("*", "TIMEOUT"))
        else:
            zone[self.random.choice(list(zone))] = list(entries)

    def make(self):
        case = copy.deepcopy(self.random.choice(self.bases))
        owners = [(name, i) for name, entries in case["zone"].items() for i, (kind, value) in enumerate(entries)
                  if kind == "TXT" and value.lower().startswith("v=spf1")]
        wanted = case["mail_from"].rsplit("@", 1)[-1].lower()
        own = [place for place in owners if place[0] == wanted]
        for name, i in own or owners[:1]:
            case["zone"][name][i] = ("TXT", self.mutate_record(case["zone"][name][i][1]))
        if owners and self.random.random() < 0.3:
            name, i = self.random.choice(owners)
            case["zone"][name][i] = ("TXT", self.mutate_record(case["zone"][name][i][1]))
        if self.random.random() < 0.2:
            self.mutate_zone(case["zone"])
        addresses = [value for entries in case["zone"].values() for kind, value in entries if kind in ("A", "AAAA")]
        if addresses and self.random.random() < 0.2:
            case["ip"] = self.random.choice(addresses)
        if self.random.random() < 0.2:
            other = self.random.choice(self.bases)
            key = self.random.choice(["ip", "helo", "mail_from"])
            case[key] = other[key]
        tidy(case["zone"])
        return case


def tidy(zone):
    """What no server would answer, and each side would read in its own way."""
    for name, entries in zone.items():
        if any(kind == "CNAME" for kind, _ in entries):
            zone[name] = [next(e for e in entries if e[0] == "CNAME")]
        if ("*", "TIMEOUT") in entries:
            zone[name] = list(dict.fromkeys((k, tuple(v) if isinstance(v, list) else v) for k, v in entries))


# ---- disagreements that are understood ----

def records_of(case):
    return " ".join(value for entries in case["zone"].values() for kind, value in entries
                    if kind == "TXT" and value.lower().startswith("v=spf1"))


def kind_of(case, ours, their):
    """Its name in doc/interop.md; None: nobody has looked at it yet."""
    records, problem = records_of(case), ours[2]
    asks_names = re.search(r"\bptr\b|%\{p", records, re.IGNORECASE)
    if any(name != name.lower() for name in re.findall(r"(?i)(?<= )(?:redirect|exp)(?==)", records)):
        return "modifier-case"
    if re.search(r"%\{[a-zA-Z][0-9]*R", records):
        return "reverse-case"
    if "trivial recursion" in their[2]:
        return "self-include"
    if re.search(r"^(?!redirect|exp).*= MUST appear at most once", their[2]):
        return "modifier-twice"
    if "invalid-macro-char" in their[2] and re.search(r"%%( |/|$)", records):
        return "percent-end"
    if "Too many DNS lookups" in their[2] and re.search(r"(?i)redirect=", records) and "too many terms" not in problem:
        return "redirect-counted"
    if ours[0] == "permerror" and re.search(r"(?i)^[-+?~]?exists: ", problem):
        return "exists-alone"
    if ours[0] == "permerror" and "visible ASCII" in problem:
        return "invisible"
    if ours[0] == "permerror" and re.search(r"\\x0a.*(IPv4|IPv6|prefix length)", problem):
        return "line-end"
    if ours[0] == "permerror" and re.search("transformer|zero parts|no such macro|does not begin", problem):
        return "macro-syntax"
    if asks_names and "Void lookup" in their[2] and "void" not in problem:
        return "void-names"
    if asks_names and their[0] == "temperror" and ours[0] != "temperror":
        return "names-error"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", help="print the cases of this kind")
    parser.add_argument("program")
    parser.add_argument("corpus")
    options = parser.parse_args()
    maker, ours = Maker(options.corpus, options.seed), Ours(options.program)
    kinds, results = collections.Counter(), collections.Counter()
    for number in range(options.cases):
        case = maker.bases[number] if number < len(maker.bases) else maker.make()
        mine, other = ours.check(case), theirs(case)
        results[mine[0]] += 1
        if mine[:2] == other[:2]:
            continue
        kind = kind_of(case, mine, other) or "unknown"
        kinds[kind] += 1
        if options.show == kind:
            owner = case["mail_from"].rsplit("@", 1)[-1].lower() or case["helo"].lower()
            print("%s %s %s %r\n  %r\n  ours   %s\n  theirs %s" % (
                case["name"], case["ip"], case["helo"], case["mail_from"],
                [v for k, v in case["zone"].get(owner, []) if k == "TXT"], mine, other))
    print("%d cases: %s" % (options.cases, ", ".join("%d %s" % (n, r) for r, n in sorted(results.items()))))
    for kind, count in sorted(kinds.items()):
        print("%6d %s" % (count, kind))
    return 1 if kinds["unknown"] else 0


if __name__ == "__main__":
    sys.exit(main())
