# SPDX-License-Identifier: Apache-2.0
"""Between libpq and PostgreSQL, on a unix socket: knows just enough of the protocol (PostgreSQL
documentation, "Message Formats") to make trouble at any message in either direction."""
import collections
import os
import socket
import struct
import threading

PASS, CUT, SWALLOW = "pass on", "cut before this", "cut before the answer to this"
HOLE = "whatever is said from here on, by whomever, arrives nowhere"
SERVER, CLIENT = "to the server", "to the client"
QUERY, COPY_DATA, COMMAND_COMPLETE, READY = b"Q", b"d", b"C", b"Z"


class Message:
    """number counts all messages of this direction, nth those of this kind (all COMMITs)."""

    def __init__(self, toward, kind, body):
        self.toward, self.kind, self.body = toward, kind, body
        self.number = self.nth = 0

    def is_commit(self):
        return self.toward == SERVER and self.kind == QUERY and self.body == b"COMMIT\0"

    def is_copy(self):
        return self.toward == SERVER and self.kind == COPY_DATA

    def raw(self):
        return self.kind + struct.pack("!I", len(self.body) + 4) + self.body


class Proxy:
    """trouble(message) is asked before each message is passed on and says what happens: one of the
    words above, or other bytes to be its body."""

    def __init__(self, server, folder, trouble):
        self.server, self.trouble = server, trouble
        self.counts = collections.Counter()
        self.lock = threading.RLock()
        self.threads, self.links = [], []
        self.hole = False
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
        self.heal()
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
            with self.lock:  # nobody connects to a server that `trouble` is ending: it would wait for his name
                try:
                    server.connect(os.path.join(self.server.folder, ".s.PGSQL.5432"))
                except OSError:
                    client.close()
                    server.close()
                    continue
                link = Link(self, client, server)
                link.silent = self.hole
                self.links.append(link)
            self.run(link.pass_on, SERVER)
            self.run(link.pass_on, CLIENT)

    def heal(self):
        """New connections arrive again; what was lost is lost."""
        with self.lock:
            self.hole = False
            lost = [link for link in self.links if link.silent]
        for link in lost:
            link.end()

    def ask(self, message):
        with self.lock:
            self.counts[message.toward] += 1
            name = "COMMIT" if message.is_commit() else (message.toward, message.kind)
            self.counts[name] += 1
            message.number, message.nth = self.counts[message.toward], self.counts[name]
            what = self.trouble(message)
            if what == HOLE:
                self.hole = True
                for link in self.links:
                    link.silent = True
            return what


class Link:
    """One connection; a thread for each direction."""

    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.ends = {SERVER: server, CLIENT: client}
        self.silent = self.swallowing = False
        self.running = 2

    def end(self):
        for end in self.ends.values():
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def receive(self, end, size):
        data = b""
        while len(data) < size:
            piece = end.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def message(self, toward, first):
        source = self.ends[CLIENT if toward == SERVER else SERVER]
        kind = b"" if first and toward == SERVER else self.receive(source, 1)
        size = struct.unpack("!I", self.receive(source, 4))[0]
        return Message(toward, kind, self.receive(source, size - 4))

    def take(self, toward, first):
        """False: the connection is cut here."""
        message = self.message(toward, first)
        if self.silent:
            return True
        if toward == CLIENT and self.swallowing:
            return False
        what = self.proxy.ask(message)
        if what == CUT:
            return False
        if isinstance(what, bytes):
            message.body = what
        self.swallowing |= what == SWALLOW
        if not self.silent:
            self.ends[toward].sendall(message.raw())
        return True

    def pass_on(self, toward):
        first = True
        try:
            while self.take(toward, first):
                first = False
        except OSError:
            pass
        # In a hole the server is not told that its client has gone.
        if not self.silent:
            self.end()
        with self.proxy.lock:
            self.running -= 1
            if self.running == 0:
                for end in self.ends.values():
                    end.close()
