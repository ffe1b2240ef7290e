#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DKIM beside opendkim-testmsg, on the cases of compare_dkim.py. It takes its keys from the DNS of the
machine alone: so this runs itself again in a network and with a resolv.conf of its own, where a server
on port 53 has the keys of each case. One process a case.

usage: compare_testmsg.py [--cases N] [--seed N] [--show KIND] BIN CORPUS
As compare_dkim.py, with opendkim-tools, iproute2 and unshare(1) beside.
"""
import argparse
import collections
import os
import random
import re
import subprocess
import sys
import tempfile

import compare_dkim as common
import kinds_dkim

sys.path.insert(0, os.path.join(common.HERE, "..", "dns"))
import dns_server  # noqa: E402

INSIDE = "COMPARE_TESTMSG_INSIDE"
ONCE = (b"from", b"date")
AT_MOST_ONCE = (b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to", b"references", b"subject", b"sender")


class Server(dns_server.DnsServer):
    @staticmethod
    def open_pair():
        tcp = dns_server.socket.socket()
        tcp.bind(("127.0.0.1", 53))
        tcp.listen(8)
        udp = dns_server.socket.socket(type=dns_server.socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 53))
        return udp, tcp

    def publish(self, zone):
        self.zone = {}
        for owner, texts in zone.items():
            pieces = [[t[i:i + 200] for i in range(0, len(t), 200)] or [b""] for t in texts if t[:1] != b"!"]
            rows = [(dns_server.TXT, dns_server.strings(*p)) for p in pieces]
            self.zone[dns_server.wire(dns_server.name(owner)).lower()] = rows or texts[0]

    def answer(self, q):
        rows = self.zone.get(dns_server.wire(q.labels), b"!NXDOMAIN")
        if isinstance(rows, list):
            return super().answer(q)
        return q.reply(rcode=dns_server.NXDOMAIN if rows == b"!NXDOMAIN" else dns_server.SERVFAIL)


def go_inside():
    """The same command, where port 53 and resolv.conf are ours."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        resolv.flush()
        script = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"'
        command = ["unshare", "--map-root-user", "--mount", "--net", "sh", "-c", script, resolv.name, sys.executable]
        sys.exit(subprocess.run(command + sys.argv, env=dict(os.environ, **{INSIDE: "1"}), check=False).returncode)


def testmsg(message):
    done = subprocess.run(["opendkim-testmsg"], input=message, capture_output=True, check=False)
    if done.returncode == 0 and not done.stderr:
        return "pass"
    return done.stderr.decode("utf-8", "replace").strip().rpartition(": ")[2] or "status %d" % done.returncode


def kind_of(ours, theirs, message):
    """It holds the header against RFC 5322 section 3.6 before it looks at any signature."""
    head = message.partition(b"\r\n\r\n")[0]
    names = [n.lower() for n in re.findall(rb"(?m)^([!-9;-~]+)[ \t]*:", head)]
    if theirs == "Syntax error" and (any(names.count(n) != 1 for n in ONCE) or any(names.count(n) > 1 for n in AT_MOST_ONCE)):
        return "strict-header"
    return kinds_dkim.kind_of("libopendkim", "dkim", ",".join(ours), theirs, message)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", help="prints the cases of kinds that begin so")
    parser.add_argument("bin")
    parser.add_argument("corpus")
    options = parser.parse_args()
    if INSIDE not in os.environ:
        go_inside()
    rng, server = random.Random(options.seed), Server()
    we = common.Lines(os.path.join(options.bin, "dkim_lines"))
    sources, made_keys = common.corpus(options.corpus), common.keys()
    counts, passes = collections.Counter(), 0
    for _ in range(options.cases):
        message, zone = common.case_of(rng, sources, made_keys)
        server.publish(zone)
        ours, _ = common.parts(we.ask(message, zone))
        theirs = testmsg(message)
        passes += theirs == "pass"
        if any(s.startswith("pass") for s in ours) == (theirs == "pass"):
            continue
        kind = kind_of(ours, theirs, message)
        counts[kind] += 1
        if options.show and kind.startswith(options.show):
            print("---- ours %r, theirs %r\n%s\n%s" % (
                ours, theirs, common.replay(zone), message.decode("latin-1")))
    print("%d cases, %d of them with a pass of theirs, %d questions" % (options.cases, passes, len(server.questions)))
    for kind, count in sorted(counts.items()):
        print("%-28s %6d" % (kind, count))
    sys.exit(1 if not passes or any(kind.startswith("unknown") for kind in counts) else 0)


if __name__ == "__main__":
    main()
