#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DNS server that misbehaves, on loopback ports of its own choosing.

usage: dns_server.py PROGRAM [ARGUMENT…]
Serves while PROGRAM runs, and ends with its status. PROGRAM finds in its environment
DNS_SERVER (UDP and TCP), DNS_SERVER_UDP (TCP is refused), DNS_SERVER_DEAD (nobody there),
each as ADDRESS@PORT, and DNS_ANCHOR, a file with the key of the zone signed.example.

A question's first label up to "-" says how it is answered: see ANSWERS and ACTIONS below.
As a module: DnsServer(zone) with zone {name: [(type, rdata), …]} answers from that first.
"""
import base64
import hashlib
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

A, CNAME, PTR, MX, TXT, RRSIG, DNSKEY = 1, 5, 12, 15, 16, 46, 48
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
RSASHA256 = 8
SIGNED = (b"signed", b"example")


def wire(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def name(text):
    return tuple(label.encode("latin-1") for label in text.rstrip(".").split("."))


def strings(*pieces):
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


def record(labels, rtype, rdata, ttl=300):
    return wire(labels) + struct.pack("!HHIH", rtype, 1, ttl, len(rdata)) + rdata


class Question:
    def __init__(self, packet):
        self.id, flags, count = struct.unpack("!HHH", packet[:6])
        if count != 1 or flags & 0x8000:
            raise ValueError
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]])
            at += 1 + packet[at]
        self.sent, self.labels = tuple(labels), tuple(label.lower() for label in labels)
        self.type = struct.unpack("!H", packet[at + 1:at + 3])[0]
        self.section = packet[12:at + 5]
        words = self.labels[0].split(b"-") if labels else [b""]
        self.word = words[0].decode("latin-1")
        self.numbers = [int(word) for word in words[1:] if word.isdigit()]

    def reply(self, answers=(), rcode=NOERROR, flags=0, extra=(), qid=None, section=None):
        section = self.section if section is None else section
        head = struct.pack("!HHHHHH", self.id if qid is None else qid, 0x8180 | flags | rcode, 1, len(answers), 0,
                           len(extra))
        return head + section + b"".join(answers) + b"".join(extra)

    def child(self, label):
        """The text of label beside this name."""
        return b".".join(self.sibling(label)).decode("latin-1")

    def sibling(self, label):
        return (label.encode(),) + self.labels[1:]


def address(q, octets=(192, 0, 2, 1)):
    return record(q.labels, A, bytes(octets))


def chain(q):
    """chain-LENGTH-AT: a CNAME to chain-LENGTH-AT+1 until AT is LENGTH."""
    length, at = (q.numbers + [0, 0])[:2]
    if at >= length:
        return q.reply([address(q)])
    return q.reply([record(q.labels, CNAME, wire(q.sibling("chain-%d-%d" % (length, at + 1))))])


def whole_chain(q):
    """wholechain-LENGTH: all CNAMEs down to wholechain-0 in one answer."""
    names = [q.sibling("wholechain-%d" % i) for i in range(q.numbers[0], -1, -1)]
    links = [record(a, CNAME, wire(b)) for a, b in zip(names, names[1:])]
    return q.reply(links + [record(names[-1], A, bytes((192, 0, 2, 1)))])


def compression_loop(q):
    start = 12 + len(q.section)
    looping = struct.pack("!HHHIH", 0xc000 | start, q.type, 1, 300, 4) + b"\xc0\x02\0\2"
    return q.reply([looping])


def pointer_in_rdata(q):
    at = 12 + len(q.section) + 12
    rdata = struct.pack("!H", 0xc000 | at)
    return q.reply([b"\xc0\x0c" + struct.pack("!HHIH", PTR, 1, 300, len(rdata)) + rdata])


def spf(q, *terms):
    return q.reply([record(q.labels, TXT, strings(*pieces(" ".join(("v=spf1",) + terms).encode())))]
                   if q.type == TXT else [])


def pieces(text):
    return [text[at:at + 255] for at in range(0, len(text), 255)]


ANSWERS = {
    "good": lambda q: q.reply([{
        A: address(q), TXT: record(q.labels, TXT, strings(b"v=spf1 ", b"-all")),
        MX: record(q.labels, MX, struct.pack("!H", 10) + wire(name("mail.example"))),
    }.get(q.type, b"")] if q.type in (A, TXT, MX) else []),
    "echo": lambda q: q.reply([record(q.labels, TXT, strings(q.sent[1]))]),
    "pointer": lambda q: q.reply([record(q.labels, PTR, wire([b"Od d\0\"\\", b"example"]))]),
    "dotted": lambda q: q.reply([record(q.labels, PTR, wire([b"a.b", b"example"]))]),
    "nullmx": lambda q: q.reply([record(q.labels, MX, b"\0\0\0")]),
    "empty": lambda q: q.reply(),
    "nxdomain": lambda q: q.reply(rcode=NXDOMAIN),
    "servfail": lambda q: q.reply(rcode=SERVFAIL),
    "refused": lambda q: q.reply(rcode=REFUSED),
    "formerr": lambda q: q.reply(rcode=FORMERR),
    "notimp": lambda q: q.reply(rcode=NOTIMP),
    "rcode": lambda q: q.reply(rcode=11),
    "wrongid": lambda q: q.reply([address(q)], qid=q.id ^ 1),
    "wrongquestion": lambda q: q.reply([address(q)], section=wire(name("other.example")) + q.section[-4:]),
    "wrongname": lambda q: q.reply([record(name("victim.example"), A, bytes((192, 0, 2, 66)))]),
    "extra": lambda q: q.reply([address(q), record(q.sibling("good-victim"), A, bytes((192, 0, 2, 66)))],
                               extra=[record(q.sibling("good-victim"), A, bytes((192, 0, 2, 66)))]),
    "question": lambda q: q.reply([address(q)])[:2] + b"\x01\0" + q.reply([address(q)])[4:],
    "garbage": lambda q: struct.pack("!H", q.id) + bytes(random.Random(1).randrange(256) for _ in range(400)),
    "short": lambda q: struct.pack("!H", q.id) + b"\x81",
    "nothing": lambda q: b"",
    "cut": lambda q: q.reply([address(q)])[:-3],
    "shortaddress": lambda q: q.reply([record(q.labels, A, b"\1\2\3")]),
    "badtext": lambda q: q.reply([record(q.labels, TXT, b"\xc8short")]),
    "badmx": lambda q: q.reply([record(q.labels, MX, b"\0")]),
    "compression": compression_loop,
    "pointerloop": pointer_in_rdata,
    "loop": lambda q: q.reply([record(q.labels, CNAME, wire(q.labels))]),
    "tick": lambda q: q.reply([record(q.labels, CNAME, wire(q.sibling("tock")))]),
    "tock": lambda q: q.reply([record(q.labels, CNAME, wire(q.sibling("tick")))]),
    "alias": lambda q: q.reply([record(q.labels, CNAME, wire(q.sibling("good-target")))]),
    "aliasgone": lambda q: q.reply([record(q.labels, CNAME, wire(q.sibling("nxdomain-target")))]),
    "chain": chain,
    "wholechain": whole_chain,
    "ttl": lambda q: q.reply([record(q.labels, A, b"\xc0\0\2\1", q.numbers[0])]),
    # SPF records that want to be more than they may (F45).
    "spfloop": lambda q: spf(q, "include:" + q.child("spfloop"), "-all"),
    "spfredirect": lambda q: spf(q, "redirect=" + q.child("spfredirect")),
    "spfinclude": lambda q: spf(q, *("include:" + q.child("spfinclude-%d" % i) for i in range(10)), "-all"),
    "spfeleven": lambda q: spf(q, *("a:" + q.child("good-%d" % i) for i in range(11)), "-all"),
    "spfvoid": lambda q: spf(q, *("exists:" + q.child("nxdomain-%d" % i) for i in range(3)), "-all"),
    "spfmx": lambda q: spf(q, *("mx:" + q.child("mxten-%d" % i) for i in range(10)), "-all"),
    "mxten": lambda q: q.reply([record(q.labels, MX, struct.pack("!H", i) + wire(name(q.child(
        "good-%d-%d" % (q.numbers[0], i))))) for i in range(10)] if q.type == MX else []),
    "spfmacro": lambda q: spf(
        q, *("exists:%%{l}.%%{lr-}.%d.%s" % (i, q.child("nxdomain")) for i in range(10)), "-all"),
    "spfsilent": lambda q: spf(q, "a:" + q.child("silent"), "-all"),
    "spfbogus": lambda q: spf(q, "include:forged.signed.example", "-all"),
    # Too large for UDP: sent by TCP alone.
    "bytcp": lambda q: q.reply([address(q)]),
    "huge": lambda q: q.reply([record(q.labels, TXT, strings(*[b"x" * 255] * 253))]),
    "text": lambda q: q.reply([record(q.labels, TXT, strings(*[b"x" * 255] * 16, b"x" * q.numbers[0]))]),
    "strings": lambda q: q.reply([record(q.labels, TXT, strings(*[b"x"] * 500))]),
    "texts": lambda q: q.reply([record(q.labels, TXT, strings(b"%d" % i)) for i in range(q.numbers[0])]),
    "addresses": lambda q: q.reply([b"\xc0\x0c" + struct.pack("!HHIHI", A, 1, 300, 4, i)
                                    for i in range(q.numbers[0])]),
}
BY_TCP = {"bytcp", "huge", "text", "strings", "texts", "addresses", "tcreset", "tctrickle", "tcsilent", "tcclosed"}
UDP_BYTES_MAX = 1232
SLOW_SECS = 30


class Signer:
    """RSA/SHA-256 (RFC 5702) with a key made here; nothing that it signs is worth anything."""

    def __init__(self):
        self.e, bits = 65537, 512
        while True:
            p, q = self.prime(bits), self.prime(bits)
            if p != q and (p - 1) % self.e and (q - 1) % self.e and (p * q).bit_length() == 2 * bits:
                break
        self.n, self.d = p * q, pow(self.e, -1, (p - 1) * (q - 1))
        self.key = struct.pack("!HBB", 257, 3, RSASHA256) + b"\3" + self.e.to_bytes(3, "big") + \
            self.n.to_bytes(2 * bits // 8, "big")
        even, odd = sum(self.key[::2]), sum(self.key[1::2])
        total = (even << 8) + odd
        self.tag = (total + (total >> 16)) & 0xffff

    @staticmethod
    def prime(bits):
        while True:
            n = random.getrandbits(bits) | 1 | 3 << (bits - 2)
            if all(n % small for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)) and \
                    all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7, 11)):
                return n

    def sign(self, labels, rtype, rdatas, broken=False, ttl=300):
        now = int(time.time())
        head = struct.pack("!HBBIIIH", rtype, RSASHA256, len(labels), ttl, now + 86400, now - 86400, self.tag) + \
            wire(SIGNED)
        data = head + b"".join(record(labels, rtype, rdata, ttl) for rdata in sorted(rdatas))
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
        size = (self.n.bit_length() + 7) // 8
        padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
        value = pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")
        return record(labels, RRSIG, head + (value[:-1] + bytes([value[-1] ^ 1]) if broken else value), ttl)

    def anchor(self):
        return "signed.example. IN DNSKEY 257 3 8 %s\n" % base64.b64encode(self.key[4:]).decode()

    def answer(self, q):
        """Under signed.example: signed, forged (a wrong signature), stripped (none)."""
        rtype, rdata = (DNSKEY, self.key) if q.labels == SIGNED and q.type == DNSKEY else \
            (TXT, strings(b"signed by the zone"))
        if q.type != rtype:
            return q.reply()
        answers = [record(q.labels, rtype, rdata)]
        if q.word != "stripped":
            answers.append(self.sign(q.labels, rtype, [rdata], broken=q.word == "forged"))
        return q.reply(answers)


class DnsServer:
    def __init__(self, zone=None):
        self.zone = {wire(name(owner)).lower(): rows for owner, rows in (zone or {}).items()}
        self.signer = Signer()
        self.questions = []  # (name as text, type), of every packet that came
        self.lock = threading.Lock()
        self.udp, self.tcp = self.open_pair()
        self.port = self.udp.getsockname()[1]
        self.udp_only = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp_only.bind(("127.0.0.1", 0))
        self.udp_only_port = self.udp_only.getsockname()[1]
        for job in ((self.serve_udp, self.udp), (self.serve_udp, self.udp_only), (self.serve_tcp, self.tcp)):
            threading.Thread(target=job[0], args=(job[1],), daemon=True).start()

    @staticmethod
    def open_pair():
        while True:
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.bind(("127.0.0.1", 0))
            tcp.listen(64)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.bind(tcp.getsockname())
                return udp, tcp
            except OSError:
                udp.close()
                tcp.close()

    def answer(self, q):
        with self.lock:
            self.questions.append((b".".join(q.labels).decode("latin-1"), q.type))
        rows = self.zone.get(wire(q.labels))
        if rows is not None:
            return q.reply([record(q.labels, rtype, rdata) for rtype, rdata in rows if rtype in (q.type, CNAME)])
        if q.labels[-2:] == SIGNED:
            return self.signer.answer(q)
        if q.word == "count":
            return q.reply([record(q.labels, TXT, strings(b"%d" % self.count(q.labels[1:])), 0)])
        return ANSWERS[q.word](q) if q.word in ANSWERS else q.reply(rcode=NXDOMAIN)

    def count(self, labels):
        """Packets that asked for something below these labels, or for what it takes to get there."""
        zone = b".".join(labels).decode("latin-1")
        with self.lock:
            return sum((asked == zone or asked.endswith("." + zone)) and not asked.startswith("count")
                       for asked, _ in self.questions)

    def serve_udp(self, sock):
        while True:
            packet, peer = sock.recvfrom(65535)
            try:
                q = Question(packet)
            except (ValueError, IndexError, struct.error):
                continue
            if q.word == "silent":
                continue
            if q.word == "slow":
                timer = threading.Timer(SLOW_SECS, lambda q=q, peer=peer: sock.sendto(q.reply([address(q)]), peer))
                timer.daemon = True
                timer.start()
                continue
            reply = q.reply(flags=0x0200) if q.word in BY_TCP else self.answer(q)
            sock.sendto(reply if len(reply) <= UDP_BYTES_MAX else q.reply(flags=0x0200), peer)

    def serve_tcp(self, sock):
        while True:
            connection, _ = sock.accept()
            threading.Thread(target=self.serve_connection, args=(connection,), daemon=True).start()

    def serve_connection(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                while len(head := stream.read(2)) == 2:
                    self.answer_tcp(connection, Question(stream.read(struct.unpack("!H", head)[0])))
        except (OSError, ValueError, IndexError, struct.error):
            pass

    def answer_tcp(self, connection, q):
        if q.word == "tcreset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ValueError
        if q.word == "tcclosed":
            raise ValueError
        if q.word in ("silent", "slow", "tcsilent"):
            time.sleep(SLOW_SECS)
        reply = q.reply([address(q)]) if q.word == "tctrickle" else self.answer(q)
        reply = struct.pack("!H", len(reply)) + reply
        if q.word != "tctrickle":
            connection.sendall(reply)
            return
        for byte in reply:
            connection.sendall(bytes([byte]))
            time.sleep(1)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    server = DnsServer()
    dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dead.bind(("127.0.0.1", 0))
    dead_port = dead.getsockname()[1]
    dead.close()
    with tempfile.NamedTemporaryFile("w", suffix=".key") as anchor:
        anchor.write(server.signer.anchor())
        anchor.flush()
        environment = dict(os.environ, DNS_ANCHOR=anchor.name)
        for key, port in (("", server.port), ("_UDP", server.udp_only_port), ("_DEAD", dead_port)):
            environment["DNS_SERVER" + key] = "127.0.0.1@%d" % port
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
