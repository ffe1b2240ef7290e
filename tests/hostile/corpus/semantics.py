# SPDX-License-Identifier: Apache-2.0
"""DESIGN: numbers are never guessed, dates are read or refused, unknown words are kept and never
become pass. All totals here are exact, the passing messages too."""
from corpus.kit import ONE, Totals, record, xml

MAX = 2 ** 63 - 1


def counts(kind):
    for name, text, count in (
            ("zero", "0", 0), ("empty", "", 0), ("blank", " \n ", 0), ("padded", " 5 ", 5), ("point_0", "5.0", 5),
            ("zeros", "007", 7), ("2_31", str(2 ** 31), 2 ** 31), ("2_32", str(2 ** 32), 2 ** 32),
            ("2_53", str(2 ** 53 + 1), 2 ** 53 + 1), ("10_9", "1000000001", 1000000001),
            ("max", str(MAX - 7), MAX - 7)):
        kind.xml("count_" + name, [("<count>5<", "<count>%s<" % text)], "S", "*", Totals(1, 2, count + 7, count))
    kind.xml("count_missing", [("<count>5</count>", "")], "S", "*", Totals(1, 2, 7, 0))
    kind.xml("count_element_empty", [("<count>5</count>", "<count/>")], "S", "*", Totals(1, 2, 7, 0))
    for name, text in (("negative", "-1"), ("half", "1.5"), ("exponent", "1e3"), ("hex", "0x10"), ("commas", "1,000"),
                       ("words", "five"), ("space_inside", "1 000"), ("2_63", str(MAX + 1)), ("2_64", str(2 ** 64)),
                       ("10_30", "1" + "0" * 30), ("long", "9" * 5000), ("nan", "NaN"), ("infinity", "INF"),
                       ("arabic", "\u0665"), ("wide", "\uff15"), ("underscore", "1_000"), ("trailing", "5x"),
                       ("sql", "5); DROP TABLE record;--"), ("true", "true"), ("two", "5 5"), ("dot", "."),
                       ("percent", "50%"), ("point_01", "5.01"), ("octal", "0o7")):
        kind.xml("count_" + name, [("<count>5<", "<count>%s<" % text)], "Q", "record.count")
    for name, text, count in (("plus", "+5", 5), ("minus_0", "-0", 0), ("point_000", "5.000", 5), ("point", "5.", 5)):
        kind.xml("count_" + name, [("<count>5<", "<count>%s<" % text)], "SQ", "record.count",
                 Totals(1, 2, count + 7, count))
    # DESIGN: sums are numeric.
    kind.document("count_sum_beyond", xml(kind.id("count_sum_beyond"), record(1, MAX) + record(2, MAX)), "S",
                  totals=Totals(1, 2, 2 * MAX, 2 * MAX))


def dates(kind):
    def put(name, begin, end, outcomes):
        kind.document("dates_" + name, xml(kind.id("dates_" + name), begin=begin, end=end), outcomes, "report.dates")

    day = 86400
    for name, begin, end in (
            ("fraction", "1774828800.5", "1774915199.999"), ("milliseconds", "1774828800000", "1774915199000"),
            ("iso", "2026-03-30T00:00:00Z", "2026-03-30T23:59:59Z"), ("iso_zone", "2026-03-30T09:00:00+09:00", "2026-03-31T08:59:59+09:00"),
            ("rfc5322", "Mon, 30 Mar 2026 00:00:00 +0000", "Mon, 30 Mar 2026 23:59:59 +0000"),
            ("padded", " 1774828800 ", "\n1774915199\n"), ("equal", 1774828800, 1774828800),
            ("32_days", 1774828800, 1774828800 + 32 * day), ("year", 1735689600, 1767225599),
            ("1970", 100000, 200000), ("2009", 1230768000, 1230854399), ("rfc_sample", 1013662812, 1013749130)):
        put(name, begin, end, "S")
    for name, begin, end in (
            ("empty", "", ""), ("begin_empty", "", 1774915199), ("end_empty", 1774828800, ""), ("words", "yesterday", "today"),
            ("zero", 0, 0), ("negative", -1, 1774915199), ("reversed", 1774915199, 1774828800), ("2100", 4102444800, 4102531199),
            ("end_2100", 1774828800, 4102444800), ("2_63", MAX, MAX), ("2_64", 2 ** 64, 2 ** 64), ("10_40", "1" + "0" * 40, "1" + "0" * 40),
            ("hex", "0x69C9A500", "0x69CAF67F"), ("nan", "NaN", "NaN"), ("feb_30", "2026-02-30T00:00:00Z", "2026-02-31T00:00:00Z"),
            ("month_13", "2026-13-01T00:00:00Z", "2026-13-02T00:00:00Z"), ("hour_25", "2026-03-30T25:00:00Z", "2026-03-30T26:00:00Z"),
            ("year_99999", "99999-01-01T00:00:00Z", "99999-01-02T00:00:00Z"), ("sql", "1'; DROP TABLE report;--", 1774915199)):
        put(name, begin, end, "Q")
    # Forms that the rule does not name.
    for name, begin, end in (("exponent", "1.7748288e9", "1.7749152e9"), ("plus", "+1774828800", "+1774915199"),
                             ("day_only", "2026-03-30", "2026-03-30"), ("no_zone", "2026-03-30 00:00:00", "2026-03-30 23:59:59"),
                             ("microseconds", "1774828800000000", "1774915199000000"), ("one", 1, 2)):
        put(name, begin, end, "SQ")


ADDRESSES = ["", " ", "2001:db8::1", "2001:DB8::1", "::ffff:192.0.2.9", "::1", "::", "127.0.0.1", "0.0.0.0", "255.255.255.255",
             "10.0.0.1", "fe80::1%eth0", "192.0.2.1 (mx.example.com)", "192.0.2.1:25", "[192.0.2.1]", "[2001:db8::1]",
             "192.0.2.1/24", "192.0.2", "192.0.2.256", "192.0.2.1.1", "0300.0.2.1", "0xc0.0.2.1", "3221225985", "192.0.2.01",
             "2001:db8:::1", "2001:db8::1::2", "1:2:3:4:5:6:7:8:9", "g::1", "mx.example.com", "unknown", "&lt;script&gt;alert(1)&lt;/script&gt;",
             "192.0.2.1\u0660", "'; DROP TABLE record;--", " 192.0.2.1 ", "192.0.2.1,192.0.2.2", "9" * 5000]

DOMAINS = [("empty", "", "Q"), ("blank", " ", "Q"), ("254_bytes", ".".join(["a" * 62] * 4) + ".ab", "Q"), ("253_bytes", ".".join(["a" * 62] * 4) + ".a", "S"),
           ("label_64", "a" * 64 + ".example", "Q"), ("label_63", "a" * 63 + ".example", "S"), ("dots", "a..example", "Q"), ("dot", ".", "Q"),
           ("leading_dot", ".example.com", "Q"), ("space_inside", "exam ple.com", "Q"), ("parenthesis", "example.net(.example.com", "Q"),
           ("slash", "example.com/x", "Q"), ("angle", "&lt;b&gt;example.com&lt;/b&gt;", "Q"), ("quote", "example.com' OR '1'='1", "Q"),
           ("star", "*.example.com", "Q"), ("newline", "exam\nple.com", "Q"), ("percent", "%65xample.com", "Q"), ("at_only", "@", "Q"),
           ("bidi", "example\u202e.com", "Q"), ("backslash", "exa\\mple.com", "Q"), ("long", "a." * 5000 + "com", "Q"),
           ("upper", "EXAMPLE.COM", "S"), ("final_dot", "example.com.", "S"), ("padded", " example.com ", "S"), ("u_label", "b\u00fccher.example", "S"),
           ("a_label", "xn--bcher-kva.example", "S"), ("underscore", "_dmarc.example.com", "S"), ("address", "user@example.com", "SQ"),
           ("ip", "192.0.2.1", "SQ"), ("ipv6", "2001:db8::1", "Q"), ("hyphen_first", "-a.example", "SQ"), ("one_label", "localhost", "SQ"),
           ("bad_a_label", "xn--zzzzzzzz99.example", "SQ"), ("wide_dot", "example\u3002com", "SQ"), ("zero_width", "exam\u200bple.com", "SQ"),
           ("numeric", "123.456", "SQ"), ("emoji", "\U0001f4a9.example", "SQ")]


def words(kind):
    """Pass is pass in any letters; nothing else is."""
    row, passes = "<dkim>pass</dkim><spf>fail</spf>", {"pass", "Pass", "PASS", " pass "}
    for i, word in enumerate(("Pass", "PASS", " pass ", "passed", "pas", "true", "1", "yes", "ok", "none", "softfail", "neutral",
                              "", "unknown", "hardfail", "policy", "pass fail", "fail", "p\u0430ss", "pa\u200bss", "pass;", "&lt;pass&gt;",
                              "temperror", "p" * 5000)):
        kind.xml("evaluated_%02d" % i, [(row, "<dkim>%s</dkim><spf>fail</spf>" % word)], "S", "*",
                 Totals(1, 2, 12, 5 if word in passes else 0))
    kind.xml("evaluated_missing", [(row, "")], "S", "*", Totals(1, 2, 12, 0))
    kind.xml("evaluated_twice", [(row, row.replace("pass", "fail") + "<dkim>pass</dkim>")], "S", "*", Totals(1, 2, 12, 0))
    kind.xml("evaluated_both", [(row, "<dkim>pass</dkim><spf>pass</spf>")], "S")
    for i, word in enumerate(("none", "quarantine", "reject", "None", "pass", "", "15", "delivered", "d" * 4000)):
        kind.xml("disposition_%02d" % i, [("<disposition>none", "<disposition>" + word)], "S")
    for i, word in enumerate(("forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy", "other", "", "policy_test_mode", "r" * 4000)):
        kind.xml("reason_%02d" % i, [("</disposition>", "</disposition><reason><type>%s</type><comment>c</comment></reason>" % word)], "S")
    for i, word in enumerate(("", "none", "hardfail", "error", "TempError", "unknown", "policy", "s" * 4000)):
        kind.xml("spf_result_%02d" % i, [("<result>fail</result></spf>", "<result>%s</result></spf>" % word)], "S")
        kind.xml("dkim_result_%02d" % i, [("<result>pass</result></dkim>", "<result>%s</result></dkim>" % word)], "S")
    for i, word in enumerate(("", "nil", "block", "None", "9", "p" * 4000)):
        kind.xml("policy_p_%02d" % i, [("<p>none", "<p>" + word)], "S")
        kind.xml("policy_pct_%02d" % i, [("<pct>100", "<pct>" + word)], "S")


def texts(kind):
    """RELIABILITY 7: longer texts are cut with an issue; a report id is refused."""
    org = "<org_name>hostile.example"
    for name, old, start, length in (
            ("org_name", org, "<org_name>", 1025), ("org_name_long", org, "<org_name>", 60000), ("email", "<email>dmarc@hostile.example", "<email>", 321),
            ("email_long", "<email>dmarc@hostile.example", "<email>", 60000)):
        kind.xml("long_" + name, [(old, start + "x" * length)], "S")
    for tag, length in (("extra_contact_info", 2049), ("error", 4097), ("error", 60000), ("generator", 60000)):
        kind.xml("long_%s_%d" % (tag, length), [("</email>", "</email><%s>%s</%s>" % (tag, "\u65e5" * (length // 3), tag))], "S")
    kind.xml("errors_101", [("</date_range>", "</date_range>" + "<error>e</error>" * 101)], "S")
    kind.xml("comment_long", [("</disposition>", "</disposition><reason><type>other</type><comment>%s</comment></reason>" % ("c" * 60000))], "S")
    kind.xml("reasons_17", [("</disposition>", "</disposition>" + "<reason><type>other</type></reason>" * 17)], "S")
    kind.xml("dkim_101", [("<auth_results>", "<auth_results>" + "<dkim><domain>a.example</domain><result>fail</result></dkim>" * 101)], "S")
    kind.xml("spf_11", [("</auth_results>", "<spf><domain>a.example</domain><result>fail</result></spf>" * 11 + "</auth_results>")], "S")
    kind.xml("selector_long", [("<selector>s1", "<selector>" + "s" * 5000)], "S")
    kind.xml("header_from_long", [("<header_from>example.com", "<header_from>" + "h" * 5000)], "S")
    report_id = "<report_id>" + kind.id("report_id_512")
    kind.xml("report_id_512", [(report_id, report_id + "i" * (512 - len(kind.id("report_id_512"))))], "S")
    kind.xml("report_id_513", [("<report_id>", "<report_id>" + "i" * 513)], "Q", "report.id")
    for name in ("org_name", "email", "report_id", "version"):
        text = xml(kind.id("missing_" + name))
        start, end = text.index("<%s>" % name), text.index("</%s>" % name) + len(name) + 3
        kind.document("missing_" + name, text[:start] + text[end:].replace(
            "192.0.2.1", "192.0.2.77" if name == "report_id" else "192.0.2.1", 1), "S")
    kind.xml("records_none", [("<record>", "<x>"), ("</record>", "</x>"), ("<record>", "<x>"), ("</record>", "</x>")], "S", "*", Totals(1, 0, 0, 0))


def make(corpus):
    kind = corpus.kind("semantics")
    counts(kind)
    dates(kind)
    for i, address in enumerate(ADDRESSES):
        kind.xml("address_%02d" % i, [("<source_ip>192.0.2.1<", "<source_ip>%s<" % address)], "S", "*", ONE)
    kind.xml("address_missing", [("<source_ip>192.0.2.1</source_ip>", "")], "S")
    for name, domain, outcomes in DOMAINS:
        kind.xml("domain_" + name, [("<policy_published><domain>example.com", "<policy_published><domain>" + domain)], outcomes,
                 "report.domain")
    kind.xml("domain_missing", [("<policy_published><domain>example.com</domain>", "<policy_published>")], "Q", "report.domain")
    for i, (_, domain, _) in enumerate(DOMAINS):  # of a row: kept as sent, with an issue
        kind.xml("header_from_%02d" % i, [("<header_from>example.com", "<header_from>" + domain)], "S")
    words(kind)
    texts(kind)
