#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each key of limits: that is about HTTP is heard: what is just within is answered, what is beyond is
not. The site of this test has small ones (CMakeLists.txt); what ends by time is waited for."""
import os
import select
import socket
import subprocess
import tempfile
import time
import unittest

from client import ADDRESS, WAIT_SECS, api, ask, raw, value

HEADER, BODY, PARAMETERS, ROWS, EXPORTED = 2048, 1024, 8, 5, 7
CONNECTIONS, OF_AN_ADDRESS = 12, 6


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer else 0


def header_of(size):
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Pad: %s\r\n\r\n"
    return head % (b"a" * (size - len(head) + 2))


def post(length, body=b""):
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


def connect(address="127.0.0.1"):
    connection = socket.socket()
    connection.bind((address, 0))
    connection.settimeout(WAIT_SECS)
    connection.connect(ADDRESS)
    return connection


def answered(connection):
    """Whether one more request on it is answered; a refused one is closed."""
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


class Requests(unittest.TestCase):
    def test_header_bytes(self):
        for size, wanted in ((HEADER, 200), (HEADER + 1, 431)):
            request = header_of(size)
            self.assertEqual((len(request), status_of(raw(request))), (size, wanted))
        self.assertIn(status_of(raw(header_of(65536))), (0, 431))  # too much to hear out

    def test_body_bytes(self):
        """No page takes a body: one of a length that is heard out is told so."""
        self.assertEqual(status_of(raw(post(BODY, b"a" * BODY))), 405)
        self.assertEqual(status_of(raw(post(BODY + 1))), 413)
        chunked = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" \
            b"%x\r\n%s\r\n0\r\n\r\n"
        self.assertEqual(status_of(raw(chunked % (BODY, b"a" * BODY))), 405)
        self.assertEqual(status_of(raw(chunked % (BODY + 1, b"a" * (BODY + 1)))), 413)
        self.assertEqual(status_of(raw(chunked % (1 << 25, b"a" * (1 << 25)))), 0)

    def test_parameters(self):
        for count, wanted in ((PARAMETERS, 200), (PARAMETERS + 1, 400)):
            self.assertEqual(ask("/?" + "&".join(["domain=example.com"] * count)).status, wanted)
        line = b"GET /?%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertEqual(status_of(raw(line % (b"a&" * 900))), 400)  # as many as fit the headers

    def test_two_hosts(self):
        self.assertEqual(status_of(raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n"
                                       b"Connection: close\r\n\r\n")), 400)

    def test_rows(self):
        """The next ones are on the next page, and a file has its own limit."""
        count = value("SELECT count(*) FROM dmarcd_api.mail")
        self.assertGreater(count, EXPORTED)
        page = api("/mails", period="20000d")
        self.assertEqual(len(page["mails"]), ROWS)
        self.assertIsNotNone(page["next"])
        self.assertEqual(len(ask("/mails?period=20000d&format=csv").csv()), EXPORTED)


class Connections(unittest.TestCase):
    def setUp(self):
        self.held = []

    def tearDown(self):
        self.drop()

    def drop(self):
        while self.held:
            self.held.pop().close()

    def take(self, address):
        connection = connect(address)
        self.held.append(connection)
        return answered(connection)

    def hold(self, addresses):
        """The server learns a little later than we that an earlier test's connections are gone."""
        end = time.monotonic() + WAIT_SECS
        while not all([self.take(address) for address in addresses]):
            self.assertLess(time.monotonic(), end)
            self.drop()

    def test_of_an_address(self):
        self.hold(["127.0.0.2"] * OF_AN_ADDRESS)
        self.assertFalse(self.take("127.0.0.2"))
        self.assertTrue(self.take("127.0.0.3"))

    def test_of_all(self):
        self.hold(["127.0.0.%d" % (2 + n // 4) for n in range(CONNECTIONS)])
        self.assertFalse(self.take("127.0.0.9"))

    def outlives_a_silent_one(self):
        """Whether a connection over which a byte passes now and then is there when a silent one has been closed."""
        silent, used = connect(), connect()
        self.held += silent, used
        try:
            used.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ")
            while not select.select([silent], [], [], 0.1)[0]:
                used.sendall(b"a")
            self.assertEqual(silent.recv(1), b"")
            used.sendall(b"\r\n\r\n")
            return used.recv(65536).startswith(b"HTTP/1.1 200")
        except ConnectionError:
            return False

    def test_silence(self):
        """The time for a whole request is far longer; test_flood.py has that one short."""
        end = time.monotonic() + WAIT_SECS
        while not self.outlives_a_silent_one():  # this process may have been silent itself, on a busy machine
            self.assertLess(time.monotonic(), end)
            self.drop()


class Values(unittest.TestCase):
    """Each key has a value that is the most, and takes none that is more or nothing."""
    MOST = {"http_connections": "4096", "http_connections_per_address": "4096", "http_request_secs": "300s",
            "http_answer_secs": "600s", "http_idle_secs": "300s", "http_header_bytes": "64KiB",
            "http_body_bytes": "1MiB", "http_parameters": "1000", "page_rows": "1000", "exports": "3",
            "export_rows": "100000000"}
    MORE = {"http_connections": "4097", "http_connections_per_address": "4097", "http_request_secs": "301s",
            "http_answer_secs": "601s", "http_idle_secs": "301s", "http_header_bytes": "65537",
            "http_body_bytes": "1048577", "http_parameters": "1001", "page_rows": "1001", "exports": "4",
            "export_rows": "100000001"}

    def check(self, key, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("limits: {%s: %s}\n" % (key, text))
            config.flush()
            return subprocess.run([os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", config.name, "config",
                                   "check"], capture_output=True, text=True, check=False)

    def test_ceilings(self):
        for key, most in self.MOST.items():
            with self.subTest(key):
                self.assertEqual(self.check(key, most).returncode, 0)
                for wrong in (self.MORE[key], "0"):
                    done = self.check(key, wrong)
                    self.assertEqual(done.returncode, 78, wrong)
                    self.assertIn(key, done.stderr)


if __name__ == "__main__":
    unittest.main()
