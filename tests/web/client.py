# SPDX-License-Identifier: Apache-2.0
"""HTTP as a test needs it: exact, one request at a time, and what a page is made of."""
import csv
import html.parser
import http.client
import io
import json
import os
import socket
import subprocess
import urllib.parse

URL = os.environ["SITE_URL"]
ADDRESS = (urllib.parse.urlsplit(URL).hostname, urllib.parse.urlsplit(URL).port)
WAIT_SECS = 60


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode("utf-8")  # strict: an answer is UTF-8

    def json(self):
        return json.loads(self.body)

    def csv(self):
        return list(csv.DictReader(io.StringIO(self.text, newline="")))


def ask(path, method="GET", **headers):
    """Header names are keywords: if_none_match="…"; host=None leaves Host out."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=WAIT_SECS)
    connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        if value is not None:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    try:
        return Answer(connection.getresponse())
    finally:
        connection.close()


def api(path, **query):
    answer = ask("/api/v1" + path + ("?" + urllib.parse.urlencode(query) if query else ""))
    assert answer.status == 200, (path, query, answer.status)
    return answer.json()


def raw(bytes_sent):
    """What comes back for these bytes, until the server closes."""
    with socket.create_connection(ADDRESS, timeout=WAIT_SECS) as connection:
        answer = b""
        try:
            connection.sendall(bytes_sent)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except OSError as problem:
            if isinstance(problem, TimeoutError):
                raise
            # else: closed before all was sent
        return answer


def sql(query):
    """Rows of text, by the read-only role."""
    done = subprocess.run(
        [os.path.join(os.environ["SITE_BIN"], "dmarcd"), "-c", os.environ["SITE_CONFIG"], "psql", "-At",
         "-F", "\t", "-c", query], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def value(query):
    return int(sql(query)[0][0] or 0)


class Page(html.parser.HTMLParser):
    """Elements, links and what is wrong with the markup."""
    VOID = {"br", "hr", "img", "input", "link", "meta"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.problems, self.open, self.elements, self.links, self.words = [], [], [], [], []
        if not text.startswith("<!doctype html>"):
            self.problems.append("no doctype")
        self.feed(text)
        self.close()
        if self.open:
            self.problems.append("left open: %s" % self.open)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag not in self.VOID:
            self.open.append(tag)
        for name, text in attributes.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.problems.append("<%s %s=%s>" % (tag, name, text))
            if name in ("href", "src", "action"):
                self.links.append((tag, text))
        if tag == "style" or (tag == "script" and not attributes.get("src")):
            self.problems.append("inline <%s>" % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append("</%s> closes what is not open" % tag)

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ("script", "style") and data.strip():
            self.problems.append("text in <%s>" % self.open[-1])

    def count(self, tag):
        return sum(1 for name, _ in self.elements if name == tag)

    @property
    def text(self):
        return "".join(self.words)
