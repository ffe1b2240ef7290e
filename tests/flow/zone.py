# SPDX-License-Identifier: Apache-2.0
"""A DNS server for flow tests that answers from a zone in the text of a replay file (dns/replay.h), and answers
slowly, not at all or with lies when it is told to, while it runs.

As a program it prints its port and serves until its standard input ends: zone.py FILE
"""
import os
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "dns"))
import dns_server  # noqa: E402  (a room beside this one)

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "*": 0}
STATUS = {"!NXDOMAIN": dns_server.NXDOMAIN, "!NODATA": dns_server.NOERROR, "!SERVFAIL": dns_server.SERVFAIL}
# Each way to lie: what is sent for a question, by UDP; None: nothing. TCP is closed under "truncated".
MODES = {
    "well": lambda q, reply: reply,
    "dead": lambda q, reply: None,
    "wrong_id": lambda q, reply: struct.pack("!H", q.id ^ 1) + reply[2:],
    "wrong_question": lambda q, reply: q.reply(section=dns_server.wire((b"other", b"example")) + q.section[-4:]),
    "truncated": lambda q, reply: q.reply(flags=0x0200),
    "servfail": lambda q, reply: q.reply(rcode=dns_server.SERVFAIL),
    "refused": lambda q, reply: q.reply(rcode=dns_server.REFUSED),
    "garbage": lambda q, reply: reply[:2] + b"\xff" * 40,
}


def rdata(kind, text):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, text)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, text)
    if kind == "MX":
        preference, name = text.split()
        return struct.pack("!H", int(preference)) + dns_server.wire(labels(name))
    if kind in ("CNAME", "PTR"):
        return dns_server.wire(labels(text))
    pieces = [re.sub(r"\\(\d{3}|.)", lambda found: chr(int(found[1])) if len(found[1]) == 3 else found[1], piece)
              for piece in re.findall(r'"((?:\\.|[^"\\])*)"', text)]
    raw = [piece.encode("latin-1") for piece in pieces]
    return dns_server.strings(*[part for piece in raw for part in dns_server.pieces(piece) or [b""]])


def labels(name):
    return tuple(label.lower() for label in dns_server.name(name) if label)


def parse(text):
    """{labels: {type: ([rdata, …], rcode or None for no answer at all)}}"""
    zone = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        owner, kind, value = line.split(None, 2)
        rows = zone.setdefault(labels(owner), {})
        if value.startswith("!"):
            rows[TYPES[kind]] = ([], STATUS.get(value.split()[0]))
        else:
            rows.setdefault(TYPES[kind], ([], dns_server.NOERROR))[0].append(rdata(kind, value))
    return zone


class ZoneServer(dns_server.DnsServer):
    """mode: a key of MODES, or slow: answers come after slow_secs. Zone, mode and slow_secs may change at any time.
    questions: [(name, type), …] of all that came."""

    def __init__(self, text=""):
        self.answers, self.mode, self.slow_secs = parse(text), "well", 30
        super().__init__()

    @property
    def resolver(self):
        return "127.0.0.1@%d" % self.port

    @property
    def config(self):
        """What makes dmarcd ask here."""
        return 'dns: {servers: ["%s"]}\n' % self.resolver

    def load(self, text):
        self.answers = parse(text)

    def asked(self):
        """Questions since it was called last."""
        with self.lock:
            found, self.questions = self.questions, []
        return found

    def answer(self, q):
        """Its bytes; None for a name that is never answered."""
        with self.lock:
            self.questions.append((b".".join(q.labels).decode("latin-1"), q.type))
        rows = self.answers.get(q.labels)
        if rows is None:
            return q.reply(rcode=dns_server.NXDOMAIN)
        data, rcode = rows.get(q.type) or rows.get(TYPES["CNAME"]) or rows.get(0) or ([], dns_server.NOERROR)
        kind = TYPES["CNAME"] if q.type not in rows and TYPES["CNAME"] in rows else q.type
        if rcode is None:
            return None
        return q.reply([dns_server.record(q.labels, kind, one) for one in data], rcode=rcode)

    def serve_udp(self, sock):
        while True:
            packet, peer = sock.recvfrom(65535)
            try:
                q = dns_server.Question(packet)
            except (ValueError, IndexError, struct.error):
                continue
            reply, mode = self.answer(q), self.mode
            if reply is not None and len(reply) > dns_server.UDP_BYTES_MAX:
                reply = q.reply(flags=0x0200)
            reply = MODES.get(mode, MODES["well"])(q, reply) if reply is not None else None
            if reply is None:
                continue
            if mode == "slow":
                timer = threading.Timer(self.slow_secs, sock.sendto, (reply, peer))
                timer.daemon = True
                timer.start()
            else:
                sock.sendto(reply, peer)

    def answer_tcp(self, connection, q):
        reply = self.answer(q)
        if reply is None or self.mode != "well":
            raise ValueError
        connection.sendall(struct.pack("!H", len(reply)) + reply)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: zone.py FILE")
    with open(sys.argv[1], encoding="latin-1") as stream:
        server = ZoneServer(stream.read())
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
