#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Too many connections, too slow ones, and answers of any size: the server keeps its bounds, others are
answered, intake goes on. The site of this test has short deadlines; nothing here is timed."""
import base64
import gzip
import hashlib
import http.client
import json
import os
import re
import resource
import socket
import subprocess
import time
import unittest

from client import ADDRESS, ask, sql

REQUEST = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
RECORDS = 150000
LIMIT_KIB = 96 * 1024
WAIT_SECS = 60
REQUEST_SECS, ANSWER_SECS = 4, 6  # CMakeLists.txt


def peak_kib():
    with open("/proc/%s/status" % os.environ["SITE_PID"], encoding="ascii") as stream:
        return int(re.search(r"VmHWM:\s+(\d+) kB", stream.read()).group(1))


def until(condition, what):
    deadline = time.monotonic() + WAIT_SECS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("in vain waited for " + what)
        time.sleep(0.02)


def connect(host, **options):
    """From this address of the loopback net."""
    connection = socket.socket()
    for option, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    connection.bind((host, 0))
    connection.settimeout(WAIT_SECS)
    connection.connect(ADDRESS)
    return connection


def is_open(connection):
    """False when the server has closed it; nothing has been asked of it."""
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def ingest(name, text):
    path = os.path.join(os.environ["SITE_DIR"], name)
    with open(path, "wb") as stream:
        stream.write(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    done = subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", os.environ["SITE_CONFIG"], "ingest",
                           "--json", path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def feedback(report_id, records):
    row = ("<record><row><source_ip>%s</source_ip><count>1</count><policy_evaluated><disposition>none"
           "</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>"
           "flood.example</header_from></identifiers><auth_results/></record>")
    return ("<feedback><report_metadata><org_name>flood</org_name><email>a@flood.example</email><report_id>%s"
            "</report_id><date_range><begin>1772323200</begin><end>1772409599</end></date_range></report_metadata>"
            "<policy_published><domain>flood.example</domain><p>none</p></policy_published>%s</feedback>" % (
                report_id, "".join(row % (".".join(map(str, hashlib.sha256(b"%d" % n).digest()[:4])))
                                   for n in range(records))))


class Many(unittest.TestCase):
    def setUp(self):
        wanted = 12000
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest("not run: flood: %d descriptors are allowed, not %d" % (hard, wanted))
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self.connections = []

    def tearDown(self):
        for connection in self.connections:
            connection.close()
        until(lambda: ask("/healthz").status == 200, "an answer")
        if os.environ["DMARCD_SANITIZED"] == "0":
            self.assertLess(peak_kib(), LIMIT_KIB)

    def flood(self, hosts, count):
        for n in range(count):
            try:
                self.connections.append(connect("127.0.%d.%d" % (1 + n % hosts // 200, 1 + n % hosts % 200)))
            except ConnectionError:
                pass  # refused before it was whole

    def test_one_host(self):
        self.flood(1, 10000)
        self.assertEqual(ask("/healthz").status, 200)
        self.assertEqual(ask("/").status, 200)
        self.assertEqual(ingest("one-host.xml", feedback("one host", 1))["stored"], 1)
        self.assertLessEqual(sum(map(is_open, self.connections)), 32)

    def test_hundred_hosts(self):
        """All places are taken: who comes is refused at once, until the deadline of the others."""
        self.flood(100, 10000)
        self.assertEqual(ingest("hundred-hosts.xml", feedback("hundred hosts", 1))["stored"], 1)
        until(lambda: sum(map(is_open, self.connections)) <= 1024, "the rest to be refused")

        def answered():
            try:
                return ask("/").status == 200
            except (OSError, http.client.HTTPException):
                return False
        until(answered, "a place")

    def test_slow_requests(self):
        """500 requests that never end, a byte now and then: each is cut off, and nobody waits for them."""
        for n in range(500):
            connection = connect("127.0.3.%d" % (1 + n % 20))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            self.connections.append(connection)
        self.assertEqual(ask("/").status, 200)

        def ended():
            for connection in self.connections:
                try:
                    connection.sendall(b"a")
                except OSError:
                    pass
            return not any(map(is_open, self.connections))
        until(ended, "the deadlines")
        self.assertEqual(ingest("slow.xml", feedback("slow", 1))["stored"], 1)


    def test_slow_request_in_time(self):
        """One that takes half of the time; a busy machine makes it more, and is asked again."""
        def answered():
            self.connections.append(connect("127.0.4.1"))
            half, rest = REQUEST[:9] % b"/", REQUEST[9:]
            try:
                self.connections[-1].sendall(half)
                time.sleep(REQUEST_SECS / 2)
                self.connections[-1].sendall(rest)
                return self.connections[-1].recv(1024).startswith(b"HTTP/1.1 200")
            except ConnectionError:
                return False
        until(answered, "an answer")


class Large(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ingest("large.xml.gz", feedback("large", RECORDS))
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE report_id = 'large'")[0][0]
        cls.csv = "/reports/%s?format=csv" % key
        cls.original = "/reports/%s/original" % key
        with open(os.path.join(os.environ["SITE_DIR"], "state", "pg", "postmaster.pid"), encoding="ascii") as stream:
            cls.socket_dir = stream.read().splitlines()[4]
        with open(os.path.join(os.environ["SITE_DIR"], "state", "secrets", "dmarcd_owner"), encoding="ascii") as stream:
            cls.secret = stream.read()

    def in_transaction(self):
        """Sessions of the site that hold a cursor open."""
        done = subprocess.run(
            ["psql", "-XAt", "-h", self.socket_dir, "-U", "dmarcd_owner", "-d", "dmarcd", "-c",
             "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dmarcd web' AND state <> 'idle'"],
            capture_output=True, text=True, check=True, env={**os.environ, "PGPASSWORD": self.secret})
        return int(done.stdout)

    def begin(self, path):
        """A download of which a piece has come, by a client with little room."""
        connection = connect("127.0.0.9", SO_RCVBUF=4096)
        connection.sendall(REQUEST % path.encode())
        self.assertTrue(connection.recv(1024).startswith(b"HTTP/1.1 200"))
        self.addCleanup(connection.close)
        return connection

    def test_all_of_it(self):
        connection = http.client.HTTPConnection(*ADDRESS, timeout=WAIT_SECS)
        connection.request("GET", self.csv)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("transfer-encoding")), (200, "chunked"))
        names = answer.readline().decode().strip().split(",")
        messages = names.index("messages")
        counts = [int(line.decode().split(",")[messages]) for line in answer]
        self.assertEqual((len(counts), sum(counts)), (RECORDS, RECORDS))
        connection.close()
        original = ask(self.original)
        self.assertEqual(original.body.decode(), feedback("large", RECORDS))
        self.assertEqual(int(original.headers["content-length"]), len(original.body))
        self.assertEqual(ask(self.original, method="HEAD").body, b"")
        self.assertEqual(self.in_transaction(), 0)
        if os.environ["DMARCD_SANITIZED"] == "0":
            self.assertLess(peak_kib(), LIMIT_KIB)

    def test_original_that_packs_badly(self):
        """25 MB of noise in comments: the mail, its gzip, its hex and the document are never all in memory."""
        noise = [base64.b64encode(hashlib.sha512(b"%d" % n).digest()).decode() for n in range(4000)]
        text = feedback("noise", 1).replace("</record>", "</record>" + "".join(
            "<!-- %s -->" % " ".join(noise[(n * 7 + m * 13) % 4000] for m in range(90)) for n in range(3000)))
        self.assertEqual(ingest("noise.xml.gz", text)["stored"], 1)
        key = sql("SELECT report_key FROM dmarcd_api.report WHERE report_id = 'noise'")[0][0]
        self.assertEqual(ask("/reports/%s/original" % key).body.decode(), text)
        if os.environ["DMARCD_SANITIZED"] == "0":
            self.assertLess(peak_kib(), LIMIT_KIB)

    def test_client_that_goes(self):
        connection = self.begin(self.csv)
        self.assertEqual(self.in_transaction(), 1)
        connection.close()
        until(lambda: self.in_transaction() == 0, "the cursor to be closed")

    def test_client_that_hardly_reads(self):
        connection = self.begin(self.csv)
        began = [connection]

        def ended():
            began[0].recv(1)
            return self.in_transaction() == 0
        until(ended, "the deadline")
        rest = b""
        try:
            while piece := connection.recv(65536):
                rest = (rest + piece)[-100:]
        except ConnectionError:
            pass
        self.assertFalse(rest.endswith(b"0\r\n\r\n"))

    def test_client_that_reads_in_time(self):
        """It pauses for half of the time; a busy machine makes it more, and is asked again."""
        def complete():
            connection, rest = self.begin(self.csv), b""
            time.sleep(ANSWER_SECS / 2)
            try:
                while not rest.endswith(b"\r\n0\r\n\r\n") and (piece := connection.recv(65536)):
                    rest = (rest + piece)[-100:]
            except ConnectionError:
                pass
            return rest.endswith(b"\r\n0\r\n\r\n")
        until(complete, "a whole file")

    def test_two_at_a_time(self):
        first, second = self.begin(self.csv), self.begin(self.original)
        for path in (self.csv, self.original, "/domains?format=csv"):
            answer = ask(path)
            self.assertEqual(answer.status, 503, path)
            self.assertIn("retry-after", answer.headers)
        self.assertEqual(ask("/").status, 200)
        first.close()
        until(lambda: ask("/domains?format=csv").status == 200, "a place")
        second.close()
        until(lambda: self.in_transaction() == 0, "the end")


if __name__ == "__main__":
    unittest.main()
