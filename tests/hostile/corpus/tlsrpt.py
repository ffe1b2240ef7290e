# SPDX-License-Identifier: Apache-2.0
"""RFC 8460. JSON is not repaired; types and missing keys are read tolerantly (MALFORMATIONS I); duplicate
keys are refused, numbers are never guessed, depth, strings, policies and details are limited."""
import json

from corpus.kit import Totals, b64, gz, head, mail_of, multipart, part
from corpus.pack import MIB, gzip_of, repeated, zip1

GOOD = Totals(1, 0, 0, 0, 100, 3)
SHAPE = "tls.*"
DETAIL = {"result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1", "receiving-mx-hostname": "mx.example.com",
          "receiving-ip": "192.0.2.2", "failed-session-count": 3, "additional-information": "x", "failure-reason-code": "y"}


def tls(report_id):
    return {"organization-name": "hostile.example", "date-range": {"start-datetime": "2026-03-30T00:00:00Z", "end-datetime": "2026-03-30T23:59:59Z"},
            "contact-info": "tls@hostile.example", "report-id": report_id,
            "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: enforce"], "policy-domain": "example.com", "mx-host": ["mx.example.com"]},
                          "summary": {"total-successful-session-count": 100, "total-failure-session-count": 3}, "failure-details": [dict(DETAIL)]}]}


def mail(report_id, payload, ctype="application/tlsrpt+gzip", file="hostile.example!example.com!1774828800!1774915199!1.json.gz"):
    return multipart(report_id, [part("A TLS report."), part(b64(payload), '%s; name="%s"' % (ctype, file), "Content-Transfer-Encoding: base64\n")],
                     "report", parameters="; report-type=tlsrpt")


def make(corpus):
    kind = corpus.kind("tlsrpt")

    def raw(name, text, outcomes, codes=SHAPE, totals=GOOD, heavy=False):
        kind.add(name, mail(kind.id(name), gz(text)), outcomes, codes, totals if "S" in outcomes else None, heavy=heavy)

    def changed(name, outcomes, change, codes=SHAPE, totals=GOOD):
        report = tls(kind.id(name))
        report = change(report) or report
        raw(name, json.dumps(report), outcomes, codes, totals)

    def at(name, outcomes, path, value, codes=SHAPE, totals=GOOD):
        def change(report):
            where = report
            for key in path[:-1]:
                where = where[key]
            if value is KeyError:
                del where[path[-1]]
            else:
                where[path[-1]] = value
        changed(name, outcomes, change, codes, totals)

    policy = ("policies", 0)
    at("no_policy_domain", "S", policy + ("policy", "policy-domain"), KeyError)
    success = policy + ("summary", "total-successful-session-count")
    # Numbers: tolerant of a string, exact, or refused.
    for name, value, outcomes, count in (
            ("zero", 0, "S", 0), ("string", "100", "S", 100), ("2_53", 2 ** 53 + 1, "S", 2 ** 53 + 1), ("max", 2 ** 63 - 1, "SQ", 2 ** 63 - 1), ("missing", KeyError, "S", 0),
            ("null", None, "SQ", 0), ("empty", "", "SQ", 0), ("2_63", 2 ** 63, "Q", 0), ("10_30", 10 ** 30, "Q", 0), ("negative", -1, "Q", 0), ("half", 1.5, "Q", 0),
            ("word", "many", "Q", 0), ("list", [1], "Q", 0), ("object", {"a": 1}, "Q", 0), ("true", True, "Q", 0), ("hex", "0x10", "Q", 0), ("string_negative", "-5", "Q", 0)):
        at("count_" + name, outcomes, success, value, SHAPE, Totals(1, 0, 0, 0, count, 3))
    for name, token, outcomes, count in (("exponent", "1e2", "SQ", 100), ("point_0", "100.0", "SQ", 100), ("minus_0", "-0", "SQ", 0), ("huge_exponent", "1e999999", "Q", 0),
                                         ("leading_zero", "0100", "Q", 0), ("nan", "NaN", "Q", 0), ("plus", "+100", "Q", 0), ("digits_9000", "1" + "0" * 9000, "Q", 0)):
        text = json.dumps(tls(kind.id("token_" + name))).replace(": 100", ": " + token)
        raw("token_" + name, text, outcomes, SHAPE, Totals(1, 0, 0, 0, count, 3))
    # Keys that are missing, null or of another type.
    for i, (path, value, outcomes) in enumerate((
            (("contact-info",), None, "S"), (("contact-info",), KeyError, "S"), (("organization-name",), KeyError, "SQ"), (("organization-name",), ["a"], "SQ"),
            (("organization-name",), 7, "SQ"), (("report-id",), "", "SQ"), (policy + ("failure-details",), KeyError, "S"), (policy + ("failure-details",), None, "S"),
            (policy + ("failure-details",), {}, "SQ"), (policy + ("failure-details", 0), "x", "SQ"), (policy + ("policy", "mx-host"), "mx.example.com", "S"),
            (policy + ("policy", "mx-host"), KeyError, "S"), (policy + ("policy", "policy-string"), [], "S"), (policy + ("policy", "policy-string"), "v", "SQ"),
            (policy + ("policy", "policy-string"), [[["v"]]], "SQ"), (policy + ("policy", "policy-type"), "x-new", "S"), (policy + ("policy", "policy-type"), "no-policy-found", "S"),
            (policy + ("policy", "policy-domain"), KeyError, "SQ"), (policy + ("policy", "policy-domain"), "a..b(.c", "SQ"), (policy + ("policy", "policy-domain"), "d" * 5000, "SQ"),
            (policy + ("failure-details", 0, "result-type"), "x-new", "S"), (policy + ("failure-details", 0, "sending-mta-ip"), "999.1", "S"),
            (policy + ("failure-details", 0, "sending-mta-ip"), KeyError, "S"), (policy + ("failure-details", 0, "receiving-mx-hostname"), KeyError, "S"),
            (policy + ("failure-details", 0, "failed-session-count"), KeyError, "S"), (policy + ("summary",), KeyError, "SQ"), (policy + ("policy",), KeyError, "SQ"),
            (policy, None, "SQ"), (policy, "x", "SQ"), (("policies",), {}, "SQ"), (("policies",), KeyError, "SQ"), (("policies",), "x", "SQ"))):
        totals = GOOD
        if path == policy + ("summary",):
            totals = Totals(1, 0, 0, 0, 0, 0)
        if path in (policy, ("policies",)):
            totals = Totals(1)
        at("key_%02d" % i, outcomes, path, value, SHAPE, totals)
    at("policies_empty", "S", ("policies",), [], totals=Totals(1))
    at("report_id_513", "Q", ("report-id",), "i" * 513, "report.id,tls.*")
    # The period.
    for name, start, end, outcomes in (("reversed", "2026-03-31T00:00:00Z", "2026-03-30T00:00:00Z", "Q"), ("2100", "2100-01-01T00:00:00Z", "2100-01-02T00:00:00Z", "Q"),
                                       ("words", "x", "y", "Q"), ("zone", "2026-03-30T09:00:00+09:00", "2026-03-31T08:59:59+09:00", "S"), ("null", None, None, "Q"),
                                       ("number", 1774828800, 1774915199, "SQ"), ("feb_30", "2026-02-30T00:00:00Z", "2026-02-31T00:00:00Z", "Q")):
        at("dates_" + name, outcomes, ("date-range",), {"start-datetime": start, "end-datetime": end})
    at("dates_missing", "Q", ("date-range",), KeyError)
    # The text of the JSON.
    good = json.dumps(tls("x"))
    for name, text, outcomes, codes in (
            ("truncated", good[:-30], "Q", SHAPE), ("cut_in_string", good[:60], "Q", SHAPE), ("array", "[" + good + "]", "Q", SHAPE), ("trailing_comma", good[:-1] + ",}", "Q", SHAPE),
            ("single_quotes", good.replace('"', "'"), "Q", SHAPE), ("comment", "/* x */" + good, "Q", SHAPE + ",archive.*"), ("key_without_quotes", good.replace('"policies"', "policies"), "Q", SHAPE),
            ("duplicate_key", good[:-1] + ', "report-id": "y"}', "Q", SHAPE), ("duplicate_deep", good.replace('"total-failure', '"total-successful-session-count": 1, "total-failure'), "Q", SHAPE),
            ("depth_40", good[:-1] + ', "x": ' + "[" * 40 + "]" * 40 + "}", "Q", SHAPE), ("depth_100000", "[" * 100000, "Q", SHAPE), ("depth_objects", '{"a":' * 50000, "Q", SHAPE),
            ("string_70KiB", good.replace("hostile.example", "h" * 70000, 1), "Q", SHAPE), ("key_70KiB", good[:-1] + ', "%s": 1}' % ("k" * 70000), "Q", SHAPE),
            ("keys_200000", good[:-1] + "".join(', "k%d": 1' % i for i in range(200000)) + "}", "SQ", SHAPE), ("only_open", "{", "Q", SHAPE), ("empty_object", "{}", "Q", SHAPE + ",archive.no_report"),
            ("other_object", '{"hello": "world"}', "Q", SHAPE + ",archive.no_report"), ("17MiB", good[:-1] + ', "x": [' + '"%s",' % ("y" * 1000) * 17500 + "1]}", "Q", SHAPE + ",archive.ratio"),
            ("xml_inside", "<feedback/>", "Q", "*")):
        raw("json_" + name, text, outcomes, codes, GOOD)
    for name, old, new, outcomes in (("nul", "hostile.example", "hostile\\u0000example", "S"), ("surrogate", "hostile.example", "x\\ud800y", "SQ"), ("surrogate_swapped", "hostile.example", "\\udc00\\ud800", "SQ"),
                                     ("escape", "hostile.example", "\\u001b[31m", "S"), ("bad_escape", "hostile.example", "\\x41", "Q"), ("script", "hostile.example", "<script>xssCanary()</script>", "S"),
                                     ("control", "hostile.example", "a\tb", "SQ"), ("bidi", "hostile.example", "\\u202eevil", "S"), ("fffe", "hostile.example", "\\ufffe\\uffff", "S")):
        text = json.dumps(tls(kind.id("text_" + name))).replace(old, new, 1)
        raw("text_" + name, text, outcomes)
    for name, data, outcomes in (("latin1", b"\xe9", "SQ"), ("overlong", b"\xc0\xaf", "SQ"), ("nul_byte", b"\0", "SQ")):
        text = json.dumps(tls(kind.id("bytes_" + name))).encode().replace(b"hostile.example", b"x" + data, 1)
        raw("bytes_" + name, text, outcomes)
    raw("mark", "\ufeff" + json.dumps(tls(kind.id("mark"))), "S")
    raw("utf16", json.dumps(tls(kind.id("utf16"))).encode("utf-16"), "SQ", "*")
    raw("text_behind", json.dumps(tls(kind.id("text_behind"))) + "\nbye", "SQ")
    raw("two_documents", json.dumps(tls(kind.id("two_documents"))) * 2, "SQ")

    def many(count, details):
        def change(report):
            one = report["policies"][0]
            one["failure-details"] = [dict(DETAIL, **{"sending-mta-ip": "2001:db8::%x:%x" % (i // 65536, i * 7919 % 65536)})
                                      for i in range(details)]
            report["policies"] = [dict(one, policy=dict(one["policy"], **{"policy-domain": "d%d.example" % i})) for i in range(count)]
        return change

    changed("policies_500", "S", many(500, 0), totals=Totals(1, 0, 0, 0, 50000, 1500))
    changed("policies_10001", "Q", many(10001, 0), SHAPE + ",archive.ratio")
    changed("details_10000", "S", many(1, 10000))
    changed("details_100001", "Q", many(1, 100001), SHAPE + ",archive.ratio,archive.too_large")
    # Wrappings.
    for name, payload, ctype, file in (("plain", str.encode, "application/tlsrpt+json", "r.json"), ("plain_called_gzip", str.encode, "application/tlsrpt+gzip", "r.json.gz"),
                                       ("gzip_called_json", gz, "application/tlsrpt+json", "r.json"), ("octets", gz, "application/octet-stream", "r.json.gz"), ("zip", zip1, "application/zip", "r.zip")):
        text = json.dumps(tls(kind.id("wrapped_" + name)))
        kind.add("wrapped_" + name, mail(kind.id("wrapped_" + name), payload(text), ctype, file), "S", totals=GOOD)
    kind.add("wrapped_alone", mail_of(kind.id("wrapped_alone"), gz(json.dumps(tls(kind.id("wrapped_alone")))), "r.json.gz", "application/tlsrpt+gzip"), "S", totals=GOOD)
    kind.add("wrapped_as_text", head(kind.id("wrapped_as_text")) + "\n" + json.dumps(tls(kind.id("wrapped_as_text"))) + "\n", "SNQ", totals=GOOD)
    kind.add("bomb", mail("bomb", gzip_of(packed=repeated(b" " * MIB, 512), crc=0)), "Q", "archive.*,tls.*")
    kind.add("bomb_of_brackets", mail("bomb2", gzip_of(packed=repeated(b"[" * MIB, 100), crc=0)), "Q", "archive.*,tls.*")
