#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DMARC by RFC 7489 beside Mail::DMARC, on records made by mutation: each case is an Author Domain, what
is published, and what SPF and DKIM say. The same seed makes the same cases. Disagreements are counted by
kind; one of no known kind fails.

usage: compare_dmarc.py [--cases N] [--seed N] [--show KIND] DMARC_LINES
DMARC_LINES: build/dev/tests/dmarc_lines. Needs libmail-dmarc-perl (Debian). Kinds are explained in doc/interop.md.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = "/usr/share/perl5/auto/share/dist/Mail-DMARC/public_suffix_list"
RECORDS = [
    "v=DMARC1; p=none",
    "v=DMARC1; p=reject; rua=mailto:d@example.com",
    "v=DMARC1; p=quarantine; sp=none; adkim=s; aspf=s; pct=100",
    "v=DMARC1; p=reject; sp=reject; adkim=r; aspf=r; fo=1:d:s; rf=afrf; ri=86400; rua=mailto:d@example.com!10m",
    "v=DMARC1; p=none; sp=quarantine; ruf=mailto:f@example.com; fo=0",
    "v=DMARC1;p=reject;adkim=s",
    "v=DMARC1; p=reject; aspf=s; rua=mailto:d@example.com,mailto:e@example.com",
    "v=spf1 -all",
]
TAGS = ["p=none", "p=reject", "p=quarantine", "P=Reject", "sp=none", "sp=reject", "adkim=s", "aspf=S", "adkim=r",
        "pct=100", "pct=0", "p=bogus", "sp=bogus", "adkim=strict", "x=y", "t=y", "np=reject", "psd=n", "fo=9", "p=", "p"]
DOMAINS = ["example.com", "a.example.com", "b.a.example.com", "example.co.uk", "a.example.co.uk", "example.net",
           "x.blogspot.com", "a.x.blogspot.com", "b.kobe.jp", "c.b.a.kobe.jp", "city.kobe.jp", "a.city.kobe.jp", "com"]


def mutated(rng, record):
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        parts = record.split(";")
        at = rng.randrange(len(parts))
        what = rng.randrange(9)
        if what == 0:
            parts.insert(rng.randrange(1, len(parts) + 1), " " + rng.choice(TAGS))
        elif what == 1 and len(parts) > 1:
            del parts[at]
        elif what == 2:
            rng.shuffle(parts)
        elif what == 3:
            parts[at] = parts[at].replace("=", rng.choice((" = ", "= ", " =", "==", ":", "-")))
        elif what == 4:
            parts[at] = parts[at].swapcase() if at > 0 else parts[at].lower()
        elif what == 5:
            k = rng.randrange(len(parts[at]) + 1)
            parts[at] = parts[at][:k] + rng.choice(" \t;=x1-:") + parts[at][k:]
        elif what == 6:
            parts.append(rng.choice(("", " ", ";")))
        elif what == 7:
            parts.append(rng.choice(parts))
        else:
            parts[at] = " " * rng.randrange(3) + parts[at].strip() + " " * rng.randrange(2)
        record = ";".join(parts)
    return record


def case_of(rng):
    author = rng.choice(DOMAINS)
    names = [author] + [d for d in DOMAINS if author.endswith("." + d)]
    zone = {name: {"A": ["192.0.2.1"]} for name in DOMAINS}
    for name in names:
        if rng.random() < 0.6:
            count = rng.choice((1, 1, 1, 1, 1, 2))
            zone["_dmarc." + name] = {"TXT": [mutated(rng, rng.choice(RECORDS)) for _ in range(count)]}
    related = names + [rng.choice(DOMAINS), "z." + author, "not" + author]
    word = lambda: rng.choice(("pass", "pass", "fail"))
    return {
        "from": author, "zone": zone, "spf": [word(), rng.choice(related)],
        "dkim": [[word(), rng.choice(related)] for _ in range(rng.randrange(3))],
    }


def quoted(text):
    return "".join(c if c.isalnum() and c.isascii() or c in " =.:;-" else "\\%03d" % ord(c) for c in text)


def our_lines(case):
    fields = [case["from"], ":".join(case["spf"])] + [":".join(d) for d in case["dkim"]]
    lines = ["\t".join(fields)]
    for name, types in case["zone"].items():
        for kind, values in types.items():
            lines += ["%s %s %s" % (name, kind, '"%s"' % quoted(v) if kind == "TXT" else v) for v in values]
    return "\n".join(lines) + "\n\n"


class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen([program, LIST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, case):
        self.process.stdin.write(our_lines(case))
        self.process.stdin.flush()
        result, spf, dkim, disposition, org = self.process.stdout.readline().rstrip("\n").split("\t")
        return {"result": result, "spf": int(spf), "dkim": int(dkim), "disposition": disposition, "org": org}


class Theirs:
    def __init__(self):
        self.process = subprocess.Popen(["perl", os.path.join(HERE, "peer_dmarc.pl")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def ask(self, case):
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def is_record(text):
    """RFC 7489 section 6.4: the version first, in these letters."""
    return re.match(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|$)", text) is not None


def used(case, org):
    """The texts of the name at which the record is found, and of the names asked before."""
    seen = []
    for name in dict.fromkeys([case["from"], org]):
        texts = case["zone"].get("_dmarc." + name, {}).get("TXT", [])
        seen += texts
        if any(is_record(t) for t in texts):
            break
    return seen


def same(ours, theirs):
    if theirs.get("result") is None:
        return False
    if ours["org"] != theirs["org"] or ours["result"] != theirs["result"]:
        return False
    if ours["result"] == "none":
        return True
    ours_disposition = "none" if ours["disposition"] == "pass" else ours["disposition"]
    return (ours["spf"], ours["dkim"], ours_disposition) == (theirs["spf"], theirs["dkim"], theirs["disposition"])


def kind_of(case, ours, theirs):
    texts = used(case, ours["org"])
    records = [t for t in texts if is_record(t)]
    text = records[0] if records else ""
    pieces = [p.strip(" \t") for p in text.split(";")[1:]]
    names = [p.split("=")[0].strip(" \t").lower() for p in pieces if "=" in p]
    tags = {}
    for piece in pieces:
        if "=" in piece:
            name, value = piece.split("=", 1)
            tags.setdefault(name.strip(" \t").lower(), value.strip(" \t"))
    if len(records) > 1 and ours["result"] == "none":
        return "several-records"
    domains = [case["from"], case["spf"][1]] + [d[1] for d in case["dkim"]]
    if any(d.endswith("city.kobe.jp") for d in domains):
        return "list-exception"
    if any(is_record(t) != t.lower().startswith("v=dmarc1") for t in texts):
        return "version"
    if len(names) != len(set(names)) or "v" in names:
        return "tag-twice"
    valid = ("none", "quarantine", "reject")
    if tags.get("p", "").lower() not in valid or tags.get("sp", "none").lower() not in valid:
        return "policy-invalid"
    if not tags.get("pct", "1").isdigit():
        return "pct-invalid"
    if re.search(r";\s*[A-Za-z]+\s*[:-]", text):
        return "separator"
    if any(re.search(r"\s", v) for v in tags.values()) or any(re.search(r"\s", n) for n in names):
        return "blanks"
    return "unknown"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show")
    parser.add_argument("program")
    args = parser.parse_args()
    rng, ours, theirs = random.Random(args.seed), Ours(args.program), Theirs()
    kinds = collections.Counter()
    for _ in range(args.cases):
        case = case_of(rng)
        we, they = ours.ask(case), theirs.ask(case)
        if same(we, they):
            continue
        kind = kind_of(case, we, they)
        kinds[kind] += 1
        if args.show in (kind, "all") or (kind == "unknown" and kinds[kind] <= 5):
            print(kind, json.dumps(case), "ours", we, "theirs", they, sep="\n  ")
    print("%d cases, %d differ" % (args.cases, sum(kinds.values())))
    for kind, count in kinds.most_common():
        print("%-20s %d" % (kind, count))
    return 1 if kinds["unknown"] else 0


if __name__ == "__main__":
    sys.exit(main())
