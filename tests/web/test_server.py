#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`dmarcd web` over real HTTP, before a real database filled through the real path (site.py)."""
import gzip
import json
import re
import select
import socket
import ssl
import subprocess
import unittest
import urllib.parse

from client import ADDRESS, Page, api, ask, raw, sql

PAGES = ["/", "/domains", "/domains/example.com", "/sources", "/reports", "/reporters", "/failures", "/tls",
         "/quarantine"]
DIRECTIVES = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
              "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'"}


def one_of_each():
    """PAGES, and one page of each kind that needs a key."""
    report = sql("SELECT report_key FROM dmarcd_api.report WHERE kind = 'aggregate' LIMIT 1")[0][0]
    tls = sql("SELECT report_key FROM dmarcd_api.report WHERE kind = 'tlsrpt' LIMIT 1")[0][0]
    failure = sql("SELECT report_key FROM dmarcd_api.failure LIMIT 1")[0][0]
    source = sql("SELECT host(source_ip) FROM dmarcd_api.sources WHERE source_ip IS NOT NULL LIMIT 1")[0][0]
    mail = sql("SELECT sha256 FROM dmarcd_api.mail WHERE outcome = 'quarantined' LIMIT 1")[0][0]
    return PAGES + ["/reports/" + report, "/reports/%s/document" % report, "/reports/" + tls, "/failures/" + failure,
                    "/sources/" + source, "/mails", "/mails?outcome=duplicate", "/mails/" + mail,
                    "/quarantine/" + mail]


class Answers(unittest.TestCase):
    def check_headers(self, answer, path):
        policy = dict(part.strip().split(" ", 1) for part in
                      answer.headers["content-security-policy"].split(";") if part.strip())
        for directive, wanted in DIRECTIVES.items():
            self.assertEqual(policy.get(directive), wanted, (path, directive))
        self.assertNotIn("unsafe", answer.headers["content-security-policy"], path)
        self.assertNotIn("http", answer.headers["content-security-policy"], path)
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff", path)
        self.assertIn(answer.headers["referrer-policy"], ("same-origin", "no-referrer"), path)
        self.assertEqual(answer.headers["cross-origin-opener-policy"], "same-origin", path)
        self.assertIn("permissions-policy", answer.headers, path)
        self.assertNotIn("access-control-allow-origin", answer.headers, path)
        self.assertNotIn("set-cookie", answer.headers, path)

    def test_pages_open(self):
        for path in one_of_each():
            answer = ask(path)
            self.assertEqual(answer.status, 200, path)
            self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8", path)
            self.assertEqual(int(answer.headers["content-length"]), len(answer.body), path)
            self.check_headers(answer, path)

    def test_errors_have_pages(self):
        cases = [("/nothing", 404), ("/domains/no.such.domain.invalid/more", 404), ("/reports/x", 404),
                 ("/reports/00000000-0000-0000-0000-000000000000", 404), ("/sources/not-an-address", 404),
                 ("/failures/00000000-0000-0000-0000-000000000000", 404), ("/static/style.css", 404),
                 ("/static/style.000000000000.css", 404), ("/?from=yesterday", 400), ("/%00", 400),
                 ("/?from=2026-02-30", 400), ("/?from=2026-02-02&to=2026-02-01", 400)]
        for path, status in cases:
            answer = ask(path)
            self.assertEqual(answer.status, status, path)
            self.check_headers(answer, path)
            page = Page(answer.text)
            self.assertEqual(page.problems, [], path)
            self.assertEqual(page.count("h1"), 1, path)

    def test_errors_of_the_api_are_json(self):
        for path, status in (("/api/v1/nothing", 404), ("/api/v1/?from=x", 400)):
            answer = ask(path)
            self.assertEqual(answer.status, status, path)
            self.assertIn("json", answer.headers["content-type"], path)
            self.assertIn("error", answer.json(), path)

    def test_head_is_get_without_body(self):
        for path in ("/", "/nothing", "/api/v1/domains"):
            head, get = ask(path, method="HEAD"), ask(path)
            self.assertEqual((head.status, head.body), (get.status, b""), path)
            same = {"content-type", "content-length", "content-security-policy", "cache-control"}
            self.assertEqual({k: head.headers.get(k) for k in same}, {k: get.headers.get(k) for k in same})

    def test_other_methods_are_refused(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW"):
            answer = ask("/", method=method)
            self.assertEqual(answer.status, 405, method)
            self.assertEqual(answer.headers["allow"], "GET, HEAD")
            self.check_headers(answer, method)
        answer = raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        self.assertTrue(answer.startswith(b"HTTP/1.1 405"), answer[:80])

    def test_host_is_checked(self):
        """A name that was made to point here (DNS rebinding) reads nothing."""
        ours = ["localhost", "localhost:%d" % ADDRESS[1], "127.0.0.1", "127.0.0.1:%d" % ADDRESS[1], "[::1]",
                "[::1]:8480", "dmarc.example.jp", "DMARC.EXAMPLE.JP:443"]
        for host in ours:
            self.assertEqual(ask("/", host=host).status, 200, host)
        for host in ("evil.example", "evil.example:80", "dmarc.example.jp.evil.example", "localhost.evil.example",
                     "", "127.0.0.1.evil.example", "a b", "localhost:x", "dmarc.example.jp@evil.example"):
            for path in ("/", "/api/v1/domains"):
                answer = ask(path, host=host)
                self.assertIn(answer.status, (400, 403, 421), (host, path))
                self.assertNotIn(b"example.com", answer.body, host)
        self.assertIn(ask("/", host=None).status, (400, 403, 421))

    def test_assets(self):
        """Named by content, kept for ever, and the same bytes in every coding."""
        names = [link for _, link in Page(ask("/").text).links if link and link.startswith("/static/")]
        self.assertEqual({name.rsplit(".", 1)[1] for name in names}, {"css", "mjs", "svg"})
        for name in names:
            self.assertRegex(name, r"^/static/\w+\.[0-9a-f]{8,}\.\w+$")
            plain = ask(name)
            self.assertEqual(plain.status, 200, name)
            self.check_headers(plain, name)
            self.assertIn("immutable", plain.headers["cache-control"])
            self.assertNotIn("content-encoding", plain.headers)
            self.assertIn("accept-encoding", plain.headers["vary"].lower())
            self.assertEqual(ask(name, if_none_match=plain.headers["etag"]).status, 304, name)
            self.assertEqual(ask(name, if_none_match=plain.headers["etag"]).body, b"", name)
            self.assertEqual(ask(name, if_none_match='"other"').status, 200, name)
            packed = ask(name, accept_encoding="gzip")
            self.assertEqual(packed.headers["content-encoding"], "gzip", name)
            self.assertEqual(gzip.decompress(packed.body), plain.body, name)
            brotli = ask(name, accept_encoding="gzip, deflate, br")
            self.assertEqual(brotli.headers["content-encoding"], "br", name)
            opened = subprocess.run(["brotli", "-dc"], input=brotli.body, capture_output=True, check=True)
            self.assertEqual(opened.stdout, plain.body, name)

    def test_pages_are_packed(self):
        """For who accepts it, the same bytes; a name of its own for each coding, and downloads as they are."""
        for path in ("/", "/sources", "/api/v1/reports", "/nothing"):
            plain, packed = ask(path), ask(path, accept_encoding="br, gzip")
            self.assertNotIn("content-encoding", plain.headers, path)
            self.assertEqual(packed.headers["content-encoding"], "gzip", path)
            self.assertEqual(gzip.decompress(packed.body), plain.body, path)
            self.assertEqual(int(packed.headers["content-length"]), len(packed.body), path)
            self.assertIn("accept-encoding", plain.headers["vary"].lower(), path)
            self.check_headers(packed, path)
            if plain.status != 200:
                continue
            self.assertNotEqual(plain.headers["etag"], packed.headers["etag"], path)
            again = ask(path, if_none_match=packed.headers["etag"], accept_encoding="gzip")
            self.assertEqual((again.status, again.body, again.headers["etag"]), (304, b"", packed.headers["etag"]), path)
            self.assertEqual(ask(path, if_none_match=packed.headers["etag"]).status, 200, path)
        for accepted in ("br", "gzip;q=0", "identity"):
            self.assertNotIn("content-encoding", ask("/", accept_encoding=accepted).headers, accepted)
        self.assertNotIn("content-encoding", ask("/healthz", accept_encoding="gzip").headers)

    def test_codings_by_weight(self):
        name = [link for _, link in Page(ask("/").text).links if link.endswith(".css")][0]
        for accepted, coding in (("br;q=1.0, gzip;q=0.8", "br"), ("br;q=0, gzip", "gzip"), ("*", "br"),
                                 ("br;q=0.000,*;q=0.5", "gzip"), ("identity", None), ("gzip;q=0,br;q=0", None),
                                 ("GZIP ; q=0.5", "gzip"), ("deflate", None), ("*;q=0", None), (";q=", None)):
            self.assertEqual(ask(name, accept_encoding=accepted).headers.get("content-encoding"), coding, accepted)

    def test_pages_are_asked_for_again(self):
        """What has not changed costs a 304; what has is sent."""
        for path in ("/", "/api/v1/domains"):
            answer = ask(path)
            self.assertEqual(answer.headers["cache-control"], "private, no-cache", path)
            again = ask(path, if_none_match=answer.headers["etag"])
            self.assertEqual((again.status, again.body), (304, b""), path)
            self.check_headers(again, path)
            self.assertEqual(ask(path, if_none_match='"other"').body, answer.body, path)
        self.assertNotEqual(ask("/sources").headers["etag"], ask("/sources?outcome=fail").headers["etag"])
        for path in ("/nothing", "/domains?format=csv"):
            self.assertEqual(ask(path).headers["cache-control"], "no-store")

    def test_health(self):
        self.assertEqual(ask("/healthz").status, 200)
        self.assertEqual(ask("/readyz").status, 200)


class Hardness(unittest.TestCase):
    """Requests that no browser makes: an answer of 4xx or a closed connection, and the next one works."""

    def tearDown(self):
        self.assertEqual(ask("/healthz").status, 200)

    def check_refused(self, name, sent):
        answer = raw(sent)
        if answer:
            self.assertRegex(answer[:16], rb"^HTTP/1\.[01] (4\d\d|505)", name)
        self.assertNotIn(b"root:", answer, name)

    def test_wire(self):
        host = b"Host: localhost\r\n"
        for name, sent in {
                "no request": b"\r\n\r\n",
                "noise": bytes(range(256)) * 8,
                "long request line": b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n" + host + b"\r\n",
                "large header": b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 1000000 + b"\r\n\r\n",
                "many headers": b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n" * 10000 + b"\r\n",
                "two hosts": b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + host + b"Connection: close\r\n\r\n",
                "CONNECT": b"CONNECT evil.example:80 HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n",
                "traversal": b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n",
                "traversal, escaped": b"GET /static/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + host +
                                      b"Connection: close\r\n\r\n",
                "NUL in the path": b"GET /%00 HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n",
        }.items():
            self.check_refused(name, sent)

    def test_tls_to_the_plain_port(self):
        """F56: what a client says first over TLS is refused, or the connection closed."""
        says = ssl.MemoryBIO()
        talk = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), says, server_hostname="localhost")
        self.assertRaises(ssl.SSLWantReadError, talk.do_handshake)
        self.check_refused("TLS", says.read())

    def test_bodies(self):
        """Refused by what they say of their size, or cut off at what is sent."""
        line = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        for length in (b"65537", b"1073741824", b"99999999999999999999"):
            answer = raw(line + b"Content-Length: " + length + b"\r\n\r\n" + b"a" * 100)
            self.assertRegex(answer[:16], rb"^HTTP/1\.[01] 4\d\d", length)
        answer = raw(line + b"Transfer-Encoding: chunked\r\n\r\n" + b"8000\r\n" + b"a" * 0x8000 + b"\r\n" +
                     (b"8000\r\n" + b"a" * 0x8000 + b"\r\n") * 8 + b"0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:16])
        answer = raw(line + b"Transfer-Encoding: foo\r\n\r\n0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 501 "), answer[:16])

    def test_slow_request(self):
        """A byte now and then does not hold a connection: a request is due as a whole."""
        with socket.create_connection(ADDRESS) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            self.assertEqual(ask("/healthz").status, 200)
            for _ in range(60):
                # Sooner than the server's idle time, so that only the deadline can end it.
                if select.select([slow], [], [], 1)[0]:
                    break
                try:
                    slow.sendall(b"a")
                except OSError:
                    break
            else:
                self.fail("still open")

    def test_versions_and_targets(self):
        """RFC 9112: the absolute form is the same resource, and its host is the one that counts."""
        end = b"Connection: close\r\n\r\n"
        port = b"%d" % ADDRESS[1]
        for target, host, status in (
                (b"http://localhost/healthz", b"localhost", 200), (b"HTTP://localhost:" + port, b"localhost", 200),
                (b"http://localhost?from=2026-01-01", b"evil.example", 200), (b"http://localhost/no", b"localhost", 404),
                (b"https://dmarc.example.jp/api/v1/domains", b"evil.example", 200),
                (b"http://evil.example/", b"localhost", 421), (b"http://localhost@evil.example/", b"localhost", 421),
                (b"http:///", b"localhost", 421), (b"ftp://localhost/", b"localhost", 404)):
            answer = raw(b"GET %s HTTP/1.1\r\nHost: %s\r\n" % (target, host) + end)
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d" % status), (target, answer[:40]))
        old = raw(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        self.assertRegex(old, rb"^HTTP/1\.[01] 200")
        self.assertTrue(old.endswith(b"ok\n"))
        csv = raw(b"GET /domains?format=csv HTTP/1.0\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"\r\n\r\npolicy_domain,", csv)
        for name, sent in (("HTTP/0.9", b"GET /\r\n"), ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: localhost\r\n" + end),
                           ("no host", b"GET / HTTP/1.1\r\n" + end), ("asterisk", b"OPTIONS * HTTP/1.1\r\n"
                            b"Host: localhost\r\n" + end), ("authority", b"CONNECT localhost:1 HTTP/1.1\r\n"
                            b"Host: localhost\r\n" + end)):
            self.check_refused(name, sent)
        expects = raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" + end +
                      b"abc")
        self.assertRegex(expects, rb"^(HTTP/1\.1 100 [^\r]*\r\n\r\n)?HTTP/1\.1 4\d\d")

    def test_lengths_that_contradict(self):
        """No second request is found in what may be a body."""
        line = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        hidden = b"GET /api/v1/domains HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for name, fields in (
                ("negative", b"Content-Length: -1\r\n"), ("no number", b"Content-Length: ten\r\n"),
                ("two", b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(hidden)),
                ("two alike", b"Content-Length: 0\r\nContent-Length: 0\r\n"),
                ("both", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                ("chunk of a huge size", b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")):
            answer = raw(line + fields + b"\r\n" + hidden)
            self.assertNotIn(b" 200 ", answer, name)
            self.assertNotIn(b"example.com", answer, name)
        bits = b"".join(b"1\r\na\r\n" for _ in range(70000))
        answer = raw(line + b"Transfer-Encoding: chunked\r\n\r\n" + bits + b"0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:16])

    def test_pipeline_is_answered_in_order(self):
        one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = raw(one * 50 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 50)
        self.assertEqual(answer.count(b"HTTP/1.1 404"), 1)

    def test_queries(self):
        """Refused or read as nothing, never an error of the database."""
        values = ["%00", "%ff", "%c0%af", "%u0041", "%ed%a0%80", "%", "%2", "'", "';DROP TABLE x;--", "\\", "$1",
                  "%27%20OR%201=1", "9" * 4000, "-1", "1e9", "99999-01-01", "0000-00-00", "2026-13-01", "NaN",
                  "infinity", "today", "::1/0", "{}", "a,b", ",", "00000000-0000-0000-0000-000000000000"]
        names = ["from", "to", "domain", "reporter", "source", "kind", "outcome", "after", "format", "block",
                 "limit", "unknown"]
        for path in ("/", "/sources", "/reports", "/failures", "/quarantine", "/api/v1/reports"):
            for name in names:
                for text in values:
                    target = "%s?%s=%s" % (path, name, urllib.parse.quote(text, safe="%"))
                    answer = ask(target)
                    self.assertIn(answer.status, (200, 400, 404), target)
                    self.assertNotRegex(answer.text, r"ERROR:|SQLSTATE|syntax error|pg_catalog", target)

    def test_unknown_parameter(self):
        for path in ("/", "/reports", "/api/v1/domains"):
            answer = ask(path + "?reportr=x")
            self.assertEqual(answer.status, 400)
            self.assertIn("reportr", answer.text)
            self.assertIn("reporter, source", answer.text)
        self.assertIn("2026-10-31", ask("/?from=yesterday").text)

    def test_what_a_page_is_not_narrowed_by(self):
        for target in ("/reporters?source=192.0.2.1", "/domains?kind=aggregate", "/tls?outcome=fail", "/?after=1",
                       "/quarantine?domain=example.com", "/sources?outcome=never", "/reports?kind=letter",
                       "/mails?outcome=fail", "/reports?outcome=blocked"):
            answer = ask(target)
            self.assertEqual(answer.status, 400, target)
            self.assertIn(re.split("[?=]", target)[1], Page(answer.text).text, target)

    def test_period(self):
        """A month and a number of days are the same as their first and last days."""
        def totals(query):
            data = json.loads(ask("/api/v1/?" + query).body)
            return {name: block for name, block in data.items() if isinstance(block, (list, dict))}
        self.assertEqual(totals("period=2026-10"), totals("from=2026-10-01&to=2026-10-31"))
        self.assertEqual(totals("period=7d&to=2026-10-31"), totals("from=2026-10-25&to=2026-10-31"))
        for wrong in ("0d", "d", "7", "2026-13", "2026-1", "-3d", "30000d"):
            self.assertEqual(ask("/?period=" + wrong).status, 400, wrong)

    def test_many_parameters(self):
        self.assertEqual(ask("/?" + "&".join("domain=a" for _ in range(200))).status, 400)

    def test_paths(self):
        for path in ("/domains/" + "a" * 3000, "/domains/%27%3b--", "/domains/%e2%80%ae", "/sources/::1%25eth0",
                     "/sources/1.2.3.4%2f8", "/reports/" + "f" * 36, "/domains/..", "//evil.example/", "/domains//",
                     "/api/v1", "/api/v1/", "/api/v1/api/v1/", "/API/V1/"):
            answer = ask(path)
            self.assertIn(answer.status, (200, 400, 404), path)
            self.assertNotRegex(answer.text, r"ERROR:|SQLSTATE|syntax error", path)


class Markup(unittest.TestCase):
    def check_page(self, path, answer):
        page = Page(answer.text)
        self.assertEqual(page.problems, [], path)
        self.assertEqual(page.count("h1"), 1, path)
        self.assertEqual(page.count("main"), 1, path)
        self.assertEqual([a.get("lang") for tag, a in page.elements if tag == "html"], ["en"], path)
        for tag, link in page.links:
            self.assertTrue(link.startswith(("/", "#", "?")) and not link.startswith("//"), (path, tag, link))
        return page

    def test_every_link_leads_somewhere(self):
        """A walk over the whole site; of each kind of page some are enough."""
        seen, queue, per_kind = set(), ["/"], {}
        while queue:
            path = queue.pop(0)
            kind = re.sub(r"[0-9a-f-]{36}", "K", re.sub(r"\?.*", "?", re.sub(r"^(/api/v1)?/(\w+)/[^/?]+", r"\1/\2/N",
                                                                             path)))
            if path in seen or per_kind.get(kind, 0) >= 25:
                continue
            seen.add(path)
            per_kind[kind] = per_kind.get(kind, 0) + 1
            answer = ask(path)
            self.assertEqual(answer.status, 200, path)
            if "html" not in answer.headers["content-type"]:
                continue
            page = self.check_page(path, answer)
            queue += [urllib.parse.urljoin(path, link).split("#")[0] for tag, link in page.links]
        for kind in ("/domains/N", "/sources/N", "/reports/N", "/failures/N", "/mails/N", "/reports/N/document",
                     "/reports/N/original"):
            self.assertIn(kind, per_kind)

    def test_inputs_have_labels(self):
        page = Page(ask("/reports").text)
        text = ask("/reports").text
        shown = [a for tag, a in page.elements if tag == "input" and a.get("type") != "hidden"]
        self.assertGreater(len(shown), 2)
        self.assertEqual(len(re.findall(r"<label[^>]*>(?:(?!</label>).)*<input", text, re.S)), len(shown))

    def test_tables_have_heads(self):
        for path in PAGES:
            for tag, attributes in Page(ask(path).text).elements:
                if tag == "th":
                    self.assertIn(attributes.get("scope"), ("col", "row"), path)


if __name__ == "__main__":
    unittest.main()
