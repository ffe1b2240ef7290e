# SPDX-License-Identifier: Apache-2.0
"""`dmarcd web` over a database that is there already, and a walk over every page it links to."""
import collections
import contextlib
import html.parser
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

START_SECS = 60


@contextlib.contextmanager
def serve(program, config, log):
    """The URL of a server of its own; port taken from a range, so several tests can run at once."""
    with open(config, encoding="utf-8") as stream:
        text = stream.read()
    own = config + ".web"
    with open(own, "w", encoding="utf-8") as stream:
        stream.write(text + 'http: {listen: "127.0.0.1:%d"}\n' % (25480 + os.getpid() % 400 * 50))
    with open(log, "w", encoding="utf-8") as stream:
        server = subprocess.Popen([program, "-c", own, "web", "--demo", "--port-tries", "100"], stderr=stream, stdout=stream)
    try:
        yield _url(server, log)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _url(server, log):
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline and server.poll() is None:
        with open(log, encoding="utf-8") as stream:
            found = re.search(r'listening.*url="?([^"\s]+)', stream.read())
        if found:
            return found.group(1)
        time.sleep(0.02)  # there is nothing to wait on but a growing log
    raise AssertionError("dmarcd web did not start")


class _Page(html.parser.HTMLParser):
    """Its links, and whatever could run or load something and is not the house's own."""

    def __init__(self):
        super().__init__()
        self.links, self.active = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        source = given.get("src") or given.get("href") or given.get("action") or ""
        if (tag in ("iframe", "object", "embed", "base", "img", "math", "style", "applet")
                or (tag in ("script", "link") and not source.startswith("/static/"))
                or any(name.startswith("on") or name in ("style", "srcdoc") for name in given)
                or re.match(r"\s*(javascript|data|vbscript):", source, re.I)
                or (tag == "meta" and "http-equiv" in given)):
            self.active.append(self.get_starttag_text())


def crawl(url, paths, pages_max):
    """(pages, [what is wrong]): what is linked from these paths and lies below them answers 200 and
    holds nothing active. The nearest pages first."""
    below = tuple(urllib.parse.urljoin(url, path.split("?")[0]) for path in paths)
    todo = collections.deque(urllib.parse.urljoin(url, path) for path in paths)
    seen, bad, count = set(todo), [], 0
    while todo and count < pages_max:
        page = todo.popleft()
        count += 1
        try:
            with urllib.request.urlopen(page) as answer:
                body, kind = answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as error:
            bad.append("%s: %d" % (page, error.code))
            continue
        if kind != "text/html":
            continue
        parser = _Page()
        parser.feed(body.decode())
        bad += ["%s: %s" % (page, text) for text in parser.active]
        for link in parser.links:
            where = urllib.parse.urldefrag(urllib.parse.urljoin(page, link)).url
            if where.startswith(below) and where not in seen:
                seen.add(where)
                todo.append(where)
    return count, bad
