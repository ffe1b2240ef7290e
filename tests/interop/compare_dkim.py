#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DKIM and ARC beside dkimpy, Mail::DKIM and libopendkim, on messages of the corpus and of our own
signing, with up to three changes to each. The same seed makes the same changes. Disagreements are
counted by kind; one of no known kind fails.

usage: compare_dkim.py [--cases N] [--seed N] [--show KIND] BIN CORPUS
BIN: build/dev/tests, with dkim_lines and (where libopendkim-dev is) opendkim_lines. CORPUS: with dkim/ and arc/.
Needs python3-dkim, python3-nacl, libmail-dkim-perl (Debian). Kinds are explained in doc/interop.md.
"""
import argparse
import base64
import collections
import json
import os
import random
import re
import subprocess
import sys

import dkim
import kinds_dkim
import nacl.signing

NOW = 1790000000
dkim.time.time = lambda: NOW
HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = b"we have looked at the numbers of last week again and they are not what we thought of them".split()


# ---- zones: {name: [text or "!STATUS"]} ----

def quoted(data):
    return "".join(chr(c) if chr(c).isalnum() and c < 128 else "\\%03d" % c for c in data)


def replay(zone):
    lines = []
    for name, texts in zone.items():
        for text in texts:
            if text.startswith(b"!"):
                lines.append("%s TXT %s" % (name, text.decode()))
                continue
            pieces = [text[i:i + 200] for i in range(0, len(text), 200)] or [b""]
            lines.append("%s TXT %s" % (name, " ".join('"%s"' % quoted(p) for p in pieces)))
    return "\n".join(lines) + "\n"


def corpus_zone(path):
    zone = {}
    with open(path, "rb") as stream:
        for line in stream.read().splitlines():
            if line.startswith(b"#") or not line.strip():
                continue
            name, _, text = line.partition(b" ")
            text = text.strip()
            if text == b"NXDOMAIN":
                text = b"!NXDOMAIN"
            elif text.startswith(b"~~"):
                text = b"!SERVFAIL"
            elif text == b'""':
                text = b""
            zone.setdefault(name.decode().lower(), []).append(text)
    return zone


# ---- programmes that answer line by line ----

class Lines:
    def __init__(self, *command):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)

    def ask(self, message, zone):
        self.child.stdin.write(message.hex().encode() + b"\n" + replay(zone).encode() + b"\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().decode("utf-8", "replace").rstrip("\n")


def parts(line):
    signatures, _, chain = line.partition("\t")
    return [s.strip() for s in signatures.split(",")] if signatures else [], chain.strip()


def class_of(word):
    word = word.split(" ")[0].split(":")[0]
    return word if word in ("pass", "temperror", "none") else "other"


# ---- dkimpy ----

def dkimpy(message, zone, count):
    def look_up(name, timeout=5):
        name = (name.decode() if isinstance(name, bytes) else name).lower().rstrip(".")
        texts = zone.get(name, [])
        if texts and texts[0].startswith(b"!"):
            if texts[0] != b"!NXDOMAIN":
                raise dkim.DnsTimeoutError("no answer")
            return None
        return texts[0] if texts else None

    found = []
    for index in range(count):
        try:
            good = dkim.DKIM(message, minkey=1024).verify(idx=index, dnsfunc=look_up)
            found.append("pass" if good else "fail")
        except dkim.DnsTimeoutError:
            found.append("temperror")
        except Exception as problem:  # noqa: BLE001 - it lets many kinds through
            found.append("%s %s" % (type(problem).__name__, problem))
    try:
        chain = dkim.arc_verify(message, minkey=1024, dnsfunc=look_up)[0] or b"none"
        chain = chain.decode()
    except Exception as problem:  # noqa: BLE001
        chain = "%s %s" % (type(problem).__name__, problem)
    return found, chain


# ---- messages ----

def rsa_key(bits):
    made = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=made, check=True,
                            capture_output=True).stdout
    return made, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def keys():
    seed = nacl.signing.SigningKey(bytes(range(32)))
    made = [(b"rsa-sha256",) + rsa_key(1024), (b"rsa-sha256",) + rsa_key(2048)]
    made.append((b"ed25519-sha256", base64.b64encode(seed.encode()),
                 b"v=DKIM1; k=ed25519; p=" + base64.b64encode(seed.verify_key.encode())))
    return made


def sentence(rng, most):
    return b" ".join(rng.choice(WORDS) for _ in range(rng.randrange(most))).replace(b"the numbers", b"the  \t numbers")


def made_message(rng):
    lines = [b"From: Joe <joe@example.com>", b"To: Ann <ann@example.net>,\r\n\tBob  <bob@example.net>",
             b"Subject: " + sentence(rng, 12), b"Date: Mon, 02 Mar 2026 10:11:10 +0000",
             b"Message-ID: <1@example.com>", b"X-Trace: from b\r\n by a", b"X-Trace: from c\r\n by b  ; x"]
    body = b"".join(sentence(rng, 15) + rng.choice((b"\r\n", b" \r\n", b"\t\r\n", b"\r\n\r\n"))
                    for _ in range(rng.randrange(12)))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def signed(rng, made_keys):
    message, zone = made_message(rng), {}
    for i in range(rng.choice((1, 1, 1, 2))):
        algorithm, private, record = rng.choice(made_keys)
        canon = (rng.choice((b"simple", b"relaxed")), rng.choice((b"simple", b"relaxed")))
        fields = [b"from"] + rng.sample([b"to", b"subject", b"date", b"message-id", b"x-trace", b"x-trace",
                                         b"reply-to", b"from"], rng.randrange(6))
        name = b"s%d" % i
        message = dkim.sign(message, name, b"example.com", private, canonicalize=canon, include_headers=fields,
                            signature_algorithm=algorithm, length=rng.random() < 0.15) + message
        zone["s%d._domainkey.example.com" % i] = [record]
    return message, zone


def corpus(folder):
    found = []
    for name in sorted(os.listdir(os.path.join(folder, "dkim"))):
        if not name.endswith((".eml", ".txt", ".message", ".msg")) or name.startswith("dns-"):
            continue
        with open(os.path.join(folder, "dkim", name), "rb") as stream:
            message = stream.read()
        if b"DKIM-Signature:" not in message:
            continue
        message = re.sub(b"\r?\n", b"\r\n", message)
        zone = "mail-dkim" if name.startswith("mail-dkim") else "dkimpy" if name.startswith("dkimpy") else "rfc"
        found.append((message, corpus_zone(os.path.join(folder, "dkim", "dns-%s.txt" % zone))))
    return found


def chains(folder):
    found = []
    with open(os.path.join(folder, "arc", "arc-draft-validation-tests.derived.json"), encoding="utf-8") as stream:
        scenarios = json.load(stream)
    for scenario in scenarios:
        zone = {name.lower(): [text.encode()] for name, text in scenario["txt-records"].items()}
        for case in scenario["tests"].values():
            found.append((case["message"].replace("\n", "\r\n").encode(), zone))
    return found


# ---- changes ----

def change_tag(rng, message):
    found = list(re.finditer(rb"(?im)^(DKIM-Signature|ARC-Seal|ARC-Message-Signature):(?:[^\r\n]|\r\n[ \t])*", message))
    if not found:
        return message
    field = rng.choice(found)
    text = field.group()
    tags = list(re.finditer(rb"[;:]\s*([a-z]+)(\s*=\s*)([^;]*)", text))
    if not tags:
        return message
    tag = rng.choice(tags)
    name, equals, value = tag.groups()
    new = rng.choice((
        b" " + name + b" = " + value, b"\r\n\t" + name + equals + value, name + equals + b"", name.upper() + equals + value,
        name + equals + value + b"; " + name + equals + value, name + equals + value + b"; x-y=1",
        name + equals + value + b"; y1=" + b"a b", b"", name + equals + value.upper(), name + equals + value + b" ",
        name + equals + value + b";", name + equals + value[:-1], name + equals + b"1" + value,
        name + equals + value + rng.choice((b"; x=1", b"; x=1900000000", b"; t=1", b"; l=1", b"; l=99999",
                                            b"; q=dns/txt", b"; q=http", b"; i=@example.com", b"; i=@x.example.com",
                                            b"; i=a@example.org", b"; c=relaxed", b"; z=From:x"))))
    new = text[:tag.start() + 1] + new + text[tag.end():]
    return message[:field.start()] + new + message[field.end():]


def change_header(rng, message):
    head, gap, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    at = rng.randrange(len(fields))
    kind = rng.randrange(8)
    if kind == 0:
        fields.insert(0, fields[at])
    elif kind == 1:
        fields.append(fields[at])
    elif kind == 2:
        del fields[at]
    elif kind == 3:
        rng.shuffle(fields)
    elif kind == 4:
        name, _, rest = fields[at].partition(b":")
        fields[at] = rng.choice((name.upper() + b":" + rest, name + b" :" + rest, name + b":" + rest.replace(b" ", b"  "),
                                 name + b":" + rest + b" ", name + b":" + rest.replace(b" ", b"\r\n ", 1),
                                 name + b":\r\n " + rest))
    elif kind == 5:
        fields.insert(rng.randrange(len(fields) + 1), rng.choice((b"From: x@attack.example", b"Subject: other",
                                                                  b"X-Other: 1", b"To: y@example.net")))
    elif kind == 6:
        fields[at] = fields[at].replace(b"a", b"b", 1)
    else:
        fields[at] = re.sub(rb"\r\n[ \t]+", b" ", fields[at])
    return b"\r\n".join(fields) + gap + body


def change_body(rng, message):
    head, gap, body = message.partition(b"\r\n\r\n")
    lines = body.split(b"\r\n")
    at = rng.randrange(len(lines))
    kind = rng.randrange(8)
    if kind == 0:
        body += b"\r\n" * rng.randrange(1, 4)
    elif kind == 1:
        body = body.rstrip(b"\r\n")
    elif kind == 2:
        lines[at] += rng.choice((b" ", b"\t", b" \t "))
        body = b"\r\n".join(lines)
    elif kind == 3:
        lines[at] = lines[at].replace(b" ", b"  ", 1)
        body = b"\r\n".join(lines)
    elif kind == 4:
        lines.insert(at, rng.choice((b"", b" ", b"x", b"\t\t")))
        body = b"\r\n".join(lines)
    elif kind == 5:
        body += rng.choice((b"-- \r\nlist\r\n", b" ", b"x", b" \r\n"))
    elif kind == 6:
        body = b""
    else:
        lines[at] = lines[at].replace(b"e", b"\xe9", 1)
        body = b"\r\n".join(lines)
    return head + gap + body


def change_zone(rng, zone):
    zone = dict(zone)
    name = rng.choice(sorted(zone))
    text = zone[name][0]
    if text.startswith(b"!"):
        return zone
    head, _, p = text.partition(b"p=")
    new = rng.choice((
        b"p=" + p, b"k=rsa; p=" + p, b"v=DKIM1; p=", text + b";", text.replace(b"; ", b";\t "), b"v=DKIM1; h=sha1; p=" + p,
        head + b"h=sha1 : sha256; p=" + p, head + b"s=email; p=" + p, head + b"s=other; p=" + p, head + b"t=s; p=" + p,
        head + b"t=y; p=" + p, head + b"g=*; n=x; p=" + p, head + b"p=" + p[:20] + b" " + p[20:], head + b"p=" + p[:-8],
        b"v=DKIM2; p=" + p, text + b"; p=" + p, b"k=ed25519; p=" + p, b"k=other; p=" + p, b"", b"!SERVFAIL", b"!NXDOMAIN",
        head + b"x", b"p=" + p + b"; v=DKIM1"))
    zone[name] = [new]
    return zone


def case_of(rng, sources, made_keys):
    message, zone = rng.choice(sources) if rng.random() < 0.6 else signed(rng, made_keys)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        kind = rng.randrange(10)
        if kind < 4:
            message = change_tag(rng, message)
        elif kind < 6:
            message = change_header(rng, message)
        elif kind < 8:
            message = change_body(rng, message)
        else:
            zone = change_zone(rng, zone)
    return message, zone


def differences(ours, chain, others):
    """(who, what, ours, theirs) for each point of disagreement."""
    for who, (signatures, theirs) in others.items():
        if who == "libopendkim":
            any_pass = any(s.startswith("pass") for s in ours)
            if any_pass != theirs.startswith("pass"):
                yield who, "dkim", ",".join(ours), theirs
            continue
        for i, our in enumerate(ours):
            their = signatures[i] if i < len(signatures) else "absent"
            if class_of(our) != class_of(their):
                yield who, "dkim", our, their
        if class_of(chain) != class_of(theirs):
            yield who, "arc", chain, theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", help="prints the cases of kinds that begin so")
    parser.add_argument("bin")
    parser.add_argument("corpus")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    we, perl = Lines(os.path.join(options.bin, "dkim_lines")), Lines("perl", os.path.join(HERE, "mail_dkim_lines.pl"))
    opendkim_path = os.path.join(options.bin, "opendkim_lines")
    opendkim = Lines(opendkim_path) if os.path.exists(opendkim_path) else None
    if not opendkim:
        print("libopendkim: not compared, opendkim_lines was not built (libopendkim-dev)")
    sources, made_keys = corpus(options.corpus) + chains(options.corpus), keys()
    counts, passes = collections.Counter(), 0
    for _ in range(options.cases):
        message, zone = case_of(rng, sources, made_keys)
        ours, chain = parts(we.ask(message, zone))
        passes += chain == "pass" or any(s.startswith("pass") for s in ours)
        others = {"dkimpy": dkimpy(message, zone, len(ours)), "Mail::DKIM": parts(perl.ask(message, zone))}
        if opendkim:
            others["libopendkim"] = (None, opendkim.ask(message, zone))
        for who, what, our, their in differences(ours, chain, others):
            kind = kinds_dkim.kind_of(who, what, our, their, message)
            counts[who, kind] += 1
            if options.show and kind.startswith(options.show):
                print("---- %s %s: ours %r, theirs %r\n%s\n%s" % (
                    who, what, our, their, replay(zone), message.decode("latin-1")))
    print("%d cases, %d of them with a pass of ours" % (options.cases, passes))
    for (who, kind), count in sorted(counts.items()):
        print("%-12s %-28s %6d" % (who, kind, count))
    sys.exit(1 if any(kind.startswith("unknown") for _, kind in counts) else 0)


if __name__ == "__main__":
    main()
