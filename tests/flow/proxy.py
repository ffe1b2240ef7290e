# SPDX-License-Identifier: Apache-2.0
"""Between libpq and PostgreSQL, on a unix socket: knows just enough of the protocol (PostgreSQL
documentation, "Message Formats") to make trouble at a COMMIT or in the middle of a COPY."""
import os
import socket
import struct
import threading

PASS, CUT, SWALLOW = "pass on", "cut before the server has it", "cut before the client has the answer"
COMMIT, COPY = b"Q", b"d"


class Proxy:
    """trouble(kind, nth) is asked before the nth COMMIT or piece of COPY is passed on, and says
    what happens to it."""

    def __init__(self, server, folder, trouble):
        self.server, self.trouble = server, trouble
        self.counts = {COMMIT: 0, COPY: 0}
        self.lock = threading.Lock()
        self.threads = []
        os.makedirs(folder, mode=0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(folder, ".s.PGSQL.5432"))
        self.listener.listen(16)
        self.folder = folder
        self.run(self.accept)

    def run(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(60)

    def dsn(self, database):
        return "host=%s user=postgres dbname=%s" % (self.folder, database)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(os.path.join(self.server.folder, ".s.PGSQL.5432"))
            except OSError:
                client.close()
                server.close()
                continue
            link = Link(self, client, server)
            self.run(link.to_server)
            self.run(link.to_client)

    def ask(self, kind):
        with self.lock:
            self.counts[kind] += 1
            return self.trouble(kind, self.counts[kind])


class Link:
    """One connection; a thread for each direction."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.swallowing = False

    def end(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def receive(self, size):
        data = b""
        while len(data) < size:
            piece = self.client.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def message(self, first):
        kind = b"" if first else self.receive(1)
        size = self.receive(4)
        return kind, size, self.receive(struct.unpack("!I", size)[0] - 4)

    def to_server(self):
        first = True
        try:
            while True:
                kind, size, body = self.message(first)
                first = False
                what = PASS
                if kind == COPY or (kind == COMMIT and body == b"COMMIT\0"):
                    what = self.proxy.ask(kind)
                if what == CUT:
                    break
                self.swallowing |= what == SWALLOW
                self.server.sendall(kind + size + body)
        except OSError:
            pass
        self.end()

    def to_client(self):
        try:
            while True:
                data = self.server.recv(65536)
                if not data or self.swallowing:
                    break
                self.client.sendall(data)
        except OSError:
            pass
        self.end()
        self.client.close()
        self.server.close()
