#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages and zones for two verifiers: the corpus and mutations of it, the same at every run.

usage: cases.py CORPUS FOLDER [PER_FAMILY]

Writes FOLDER/cases.tsv (id, message, zone, ip, helo, mail_from, indicator), the messages, indicators, and each zone twice:
as a replay file and as JSON.
"""
import json
import os
import random
import sys

TYPES_OF_NAMES = ("MX", "PTR", "CNAME")
MIXED = "From: a <a@%s>\r\nTo: b@example.org\r\nSubject: s\r\nDate: Fri, 27 Nov 2026 00:00:00 +0000\r\n\r\nhello\r\n"


class Zone:
    """{name: {type: [value]}}; a value "!SERVFAIL" alone is a status; TXT values are bytes."""

    def __init__(self):
        self.names = {}

    def add(self, name, kind, value):
        self.names.setdefault(name.lower().rstrip("."), {}).setdefault(kind, []).append(value)
        return self

    def replay(self):
        lines = []
        for name, kinds in sorted(self.names.items()):
            for kind, values in sorted(kinds.items()):
                lines += ["%s %s %s" % (escaped(name), kind, rdata(kind, value)) for value in values]
        return "\n".join(lines) + "\n"

    def json(self):
        return json.dumps({name: {kind: [value.decode("latin-1") if isinstance(value, bytes) else value
                                         for value in values] for kind, values in kinds.items()}
                           for name, kinds in self.names.items()})


def escaped(name):
    return "".join(c if c.isalnum() or c in "-_." else "\\%03d" % ord(c) for c in name) or "."


def rdata(kind, value):
    if isinstance(value, str) and value.startswith("!"):
        return value
    if kind == "TXT":
        pieces = [value[i:i + 255] for i in range(0, len(value), 255)] or [b""]
        return " ".join('"%s"' % "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else "\\%03d" % c for c in piece)
                        for piece in pieces)
    if kind == "MX":
        return "%d %s" % (value[0], escaped(value[1]))
    return escaped(value) if kind in TYPES_OF_NAMES else value


class Cases:
    def __init__(self, folder, seed):
        self.folder, self.random, self.rows, self.zones = folder, random.Random(seed), [], {}
        os.makedirs(folder, exist_ok=True)

    def zone(self, zone):
        text = zone.replay()
        if text not in self.zones:
            path = os.path.join(self.folder, "zone%d" % len(self.zones))
            self.zones[text] = path
            for suffix, content in ((".txt", text), (".json", zone.json())):
                with open(path + suffix, "w", encoding="latin-1") as stream:
                    stream.write(content)
        return self.zones[text]

    def add(self, family, message, zone, ip="192.0.2.1", helo="mx.example.com", mail_from="",
            indicator=None):
        number = "%s-%05d" % (family, len(self.rows))
        path = os.path.join(self.folder, number + ".eml")
        with open(path, "wb") as stream:
            stream.write(message)
        svg = ""
        if indicator is not None:
            svg = os.path.join(self.folder, number + ".svg")
            with open(svg, "wb") as stream:
                stream.write(indicator)
        self.rows.append("\t".join((number, path, self.zone(zone), ip, helo, mail_from, svg)))

    def write(self):
        with open(os.path.join(self.folder, "cases.tsv"), "w", encoding="utf-8") as stream:
            stream.write("\n".join(self.rows) + "\n")


def crlf(text):
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def mutated(rng, text, alphabet):
    """One to three small changes somewhere."""
    text = bytearray(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text)) if text else 0
        kind = rng.randrange(4)
        if kind == 0 and text:
            text[at] = rng.choice(alphabet)
        elif kind == 1:
            text.insert(at, rng.choice(alphabet))
        elif kind == 2 and text:
            del text[at]
        else:
            end = min(len(text), at + rng.randint(1, 12))
            text[at:at] = text[at:end]
    return bytes(text)


def changed_message(rng, message):
    """What happens to mail on its way, and what attackers do."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = head.split(b"\r\n")
    kind = rng.randrange(9)
    at = rng.randrange(len(fields))
    if kind == 0:
        body += rng.choice([b"-- \r\nlist footer\r\n", b"\r\n\r\n", b" \r\n", b"\t"])
    elif kind == 1:
        fields.insert(at, fields[at])
    elif kind == 2:
        fields[at] = fields[at].replace(b" ", b"  ", 1)
    elif kind == 3:
        fields[at] = fields[at].replace(b": ", b":\r\n ", 1)
    elif kind == 4:
        del fields[at]
    elif kind == 5:
        name, colon, value = fields[at].partition(b":")
        fields[at] = name.swapcase() + colon + value
    elif kind == 6:
        body = mutated(rng, body, b" \t\r\nabc.=")
    elif kind == 7:
        fields[at] = mutated(rng, fields[at], b" \t;=:,abcDEF+/0123@.<>")
    else:
        rng.shuffle(fields)
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def dkim_zone(path):
    zone = Zone()
    with open(path, "rb") as stream:
        for line in stream.read().decode("latin-1").split("\n"):
            name, blank, text = line.partition(" ")
            if blank and not line.startswith("#") and not text.startswith("!"):
                zone.add(name, "TXT", text.encode("latin-1"))
    return zone


def dkim(cases, corpus, count):
    folder = os.path.join(corpus, "dkim")
    messages = []
    for name in sorted(os.listdir(folder)):
        zone = ("dns-rfc.txt" if name.startswith(("rfc", "dkim_verifier")) else
                "dns-dkimpy.txt" if name.startswith("dkimpy") else
                "dns-mail-dkim.txt" if name.startswith("mail-dkim") else None)
        with open(os.path.join(folder, name), "rb") as stream:
            text = stream.read()
        if zone and b"DKIM-Signature" in text and os.path.exists(os.path.join(folder, zone)):
            messages.append((crlf(text), zone))
    zones = {name: dkim_zone(os.path.join(folder, name)).add("_dmarc.example.com", "TXT", b"v=DMARC1; p=reject")
             for name in {zone for _, zone in messages}}
    for message, zone in messages:
        cases.add("dkim", message, zones[zone])
    for _ in range(count):
        message, zone = cases.random.choice(messages)
        cases.add("dkim", changed_message(cases.random, message), zones[zone])


def arc(cases, corpus, count):
    with open(os.path.join(corpus, "arc/arc-draft-validation-tests.derived.json"), encoding="utf-8") as stream:
        suites = json.load(stream)
    given = []
    for suite in suites:
        zone = Zone()
        for name, text in suite["txt-records"].items():
            zone.add(name, "TXT", text.encode())
        given += [(crlf(test["message"].encode("utf-8", "surrogateescape")), zone) for test in suite["tests"].values()]
    for message, zone in given:
        cases.add("arc", message, zone)
    given = [(message, zone) for message, zone in given if b"ARC-Seal" in message]
    for _ in range(count):
        message, zone = cases.random.choice(given)
        cases.add("arc", changed_message(cases.random, message), zone)


def spf_zone(data):
    zone = Zone()
    for name, records in data.items():
        has_txt = any(isinstance(record, dict) and "TXT" in record for record in records)
        for record in records:
            if record == "TIMEOUT":
                for kind in ("TXT", "A", "AAAA", "MX", "PTR"):
                    if kind not in zone.names.get(name.lower(), {}):
                        zone.add(name, kind, "!TIMEOUT")
                continue
            for kind, value in record.items():
                if kind == "SPF":
                    if has_txt:
                        continue
                    kind = "TXT"
                if kind == "TXT":
                    if value == "NONE":
                        continue
                    value = ("".join(value) if isinstance(value, list) else value).encode("utf-8")
                zone.add(name, kind, value)
    return zone


def spf(cases, corpus, count):
    with open(os.path.join(corpus, "spf/rfc7208-tests.derived.json"), encoding="utf-8") as stream:
        suites = json.load(stream)
    rng, given = cases.random, []
    for suite in suites:
        zone = spf_zone(suite["zonedata"])
        given += [(test, zone) for _, test in sorted(suite["tests"].items())]
    for test, zone in given:
        cases.add("spf", (MIXED % "example.org").encode(), zone, test["host"], test["helo"], test["mailfrom"])
    for _ in range(count):
        test, zone = rng.choice(given)
        copy = Zone()
        copy.names = {name: {kind: list(values) for kind, values in kinds.items()} for name, kinds in zone.names.items()}
        records = [(name, i) for name, kinds in sorted(copy.names.items())
                   for i, value in enumerate(kinds.get("TXT", [])) if isinstance(value, bytes)]
        if records:
            name, i = rng.choice(records)
            copy.names[name]["TXT"][i] = mutated(rng, copy.names[name]["TXT"][i], b" :/%{}.=+-~?aimxpd0129")
        cases.add("spf", (MIXED % "example.org").encode(), copy, test["host"], test["helo"], test["mailfrom"])


DMARC_TAGS = [b"p=none", b"p=quarantine", b"p=reject", b"p=", b"p=maybe", b"sp=none", b"sp=reject", b"np=reject",
              b"np=none", b"adkim=s", b"adkim=r", b"aspf=s", b"aspf=r", b"t=y", b"t=n", b"pct=50", b"pct=100", b"psd=y",
              b"psd=n", b"rua=mailto:r@example.com", b"fo=1", b"x=y", b"P=none", b"p = reject"]


def dmarc(cases, count):
    rng = cases.random
    domains = ["example.com", "a.example.com", "b.a.example.com", "example.co.uk", "a.example.co.uk"]
    for _ in range(count):
        author = rng.choice(domains)
        zone = Zone().add("example.com", "TXT", b"v=spf1 ip4:192.0.2.1 -all")
        for name in domains:
            zone.add(name, "TXT", b"v=spf1 ip4:192.0.2.1 -all") if name != "example.com" else None
            if rng.random() < 0.4:
                tags = rng.sample(DMARC_TAGS, rng.randint(0, 4))
                record = b"; ".join([b"v=DMARC1"] + tags)
                if rng.random() < 0.2:
                    record = mutated(rng, record, b" ;=vDMARC1preject")
                for _ in range(2 if rng.random() < 0.05 else 1):
                    zone.add("_dmarc." + name, "TXT", record)
            elif rng.random() < 0.05:
                zone.add("_dmarc." + name, "TXT", rng.choice(["!SERVFAIL", "!TIMEOUT"]))
        message = (MIXED % author).encode()
        if rng.random() < 0.1:
            message = changed_message(rng, message)
        cases.add("dmarc", message, zone, rng.choice(["192.0.2.1", "192.0.2.2"]), "mx.example.com",
                  "m@" + rng.choice(domains))


BIMI_TAGS = [b"l=https://a.example/l.svg", b"l=", b"l=http://a.example/l.svg", b"l=https://a.example/l.png",
             b"a=https://a.example/v.pem", b"a=", b"a=self", b"avp=brand", b"avp=personal", b"lps=m", b"x=y"]


def bimi(cases, count):
    rng = cases.random
    for _ in range(count):
        author = rng.choice(["example.com", "a.example.com"])
        zone = Zone().add(author, "TXT", b"v=spf1 ip4:192.0.2.1 -all")
        policy = rng.choice([b"p=reject"] * 5 + [b"p=quarantine", b"p=none", b"p=quarantine; pct=50",
                                                 b"p=reject; sp=none", b"p=reject; t=y"])
        zone.add("_dmarc.example.com", "TXT", b"v=DMARC1; " + policy)
        for name in ("default._bimi.example.com", "default._bimi.a.example.com"):
            if rng.random() < 0.6:
                record = b"; ".join([b"v=BIMI1"] + rng.sample(BIMI_TAGS, rng.randint(1, 3)))
                if rng.random() < 0.3:
                    record = mutated(rng, record, b" ;=vBIMI1las:/,.")
                for _ in range(2 if rng.random() < 0.05 else 1):
                    zone.add(name, "TXT", record)
            elif rng.random() < 0.1:
                zone.add(name, "TXT", "!TIMEOUT")
        message = (MIXED % author).encode()
        if rng.random() < 0.2:
            message = b"BIMI-Selector: v=BIMI1; s=brand\r\n" + message
        cases.add("bimi", message, zone, "192.0.2.1", "mx.example.com", "m@" + author)


SVG = [b'<script>x</script>', b'<image xlink:href="#a"/>', b'<animate attributeName="x"/>', b'<g onclick="x"/>',
       b'<use xlink:href="#a"/>', b'<use xlink:href="http://a.example/"/>', b'<rect fill="url(#a)"/>',
       b'<rect fill="url(http://a.example/)"/>', b'<style>a{}</style>', b'<foreignObject/>', b'<g style="fill:red"/>',
       b'<?x y?>', b'<!-- c -->', b'<clipPath/>', b'<rect opacity="1"/>', b'<a xlink:href="#a"/>', b'<svg/>',
       b'<text>x</text>', b'<g xml:base="http://a.example/"/>', b'<x:y xmlns:x="urn:x"/>', b'<g>&nbsp;</g>']
SVG_SIGNS = b'<>/="\'& \n:#abg019'


def svg(cases, corpus, count):
    rng = cases.random
    zone = Zone().add("example.com", "TXT", b"v=spf1 ip4:192.0.2.1 -all")
    zone.add("_dmarc.example.com", "TXT", b"v=DMARC1; p=reject")
    zone.add("default._bimi.example.com", "TXT", b"v=BIMI1; l=https://a.example/l.svg")
    given = []
    for name in ("dkim_verifier-example.svg", "mail-bimi-FM-good.svg"):
        with open(os.path.join(corpus, "bimi", name), "rb") as stream:
            given.append(stream.read().replace(b"http://www.w3.org/2000/svg\"", b'http://www.w3.org/2000/svg" '
                                               b'xmlns:xlink="http://www.w3.org/1999/xlink"'))
    for number in range(count + len(given)):
        text = given[number] if number < len(given) else rng.choice(given)
        if number >= len(given) and rng.random() < 0.6:
            at = text.find(b">", rng.randrange(len(text))) + 1
            text = text[:at] + rng.choice(SVG) + text[at:]
        elif number >= len(given):
            text = mutated(rng, text, SVG_SIGNS)
        cases.add("svg", (MIXED % "example.com").encode(), zone, mail_from="m@example.com", indicator=text)


def main():
    corpus, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    cases = Cases(folder, 20261127)
    spf(cases, corpus, count)
    dkim(cases, corpus, count)
    arc(cases, corpus, count)
    dmarc(cases, count)
    bimi(cases, count)
    svg(cases, corpus, count)
    cases.write()
    print("%d cases" % len(cases.rows))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
