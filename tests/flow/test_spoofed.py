#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stranger wants a report of his own to be taken for reporter.example's: none of his ways makes it verified, and
each comes out as what it is.

usage: test_spoofed.py BIN_DIR
"""
import factory
import flow
import signer
import verdicts

REPORTER, STRANGER, HOSTING, REGISTRY = "reporter.example", "stranger.example", "hosting.example", "registry.example"
ADDRESS, OTHER = "noreply-dmarc@reporter.example", "x@stranger.example"
FORGED_IP, BORDER_IP = "192.0.2.9", "203.0.113.9"


class Spoofed(verdicts.VerdictTest):
    def setUp(self):
        super().setUp()
        self.world.add(REPORTER, spf="v=spf1 ip4:192.0.2.0/24 -all")
        self.world.add(STRANGER, number=1, spf="v=spf1 ip4:203.0.113.0/24 -all")
        self.stranger = self.world.keys[STRANGER, "s"]

    def strange(self, report_id, domain=STRANGER, **said):
        """What reporter.example never sent, with a signature of the stranger's."""
        return self.world.sign(factory.aggregate(report_id, **said), domain)

    def authors(self):
        """From, which says one thing to one reader and another to the next."""
        cases = {}
        for name, author, state, reasons in (
                ("two addresses", "%s, %s" % (ADDRESS, OTHER), "unverified", "author.multiple"),
                ("two, reversed", "%s, %s" % (OTHER, ADDRESS), "unverified", "author.multiple"),
                ("display name", '"%s" <%s>' % (ADDRESS, OTHER), "contradicted", "org.differs email.differs"),
                ("encoded name", "=?utf-8?q?noreply=40reporter.example?= <%s>" % OTHER, "contradicted", "org.differs"),
                ("comment", "%s (%s)" % (OTHER, ADDRESS), "contradicted", "org.differs"),
                ("quoted local part", '"%s"@stranger.example' % ADDRESS, "contradicted", "org.differs"),
                ("no addr-spec", "%s@stranger.example" % ADDRESS, "unverified", ""),
                ("open bracket", "<%s> <%s>" % (ADDRESS, OTHER), "unverified", "")):
            report_id = name.replace(" ", "-").replace(",", "")
            cases[name] = (self.strange(report_id, author=author, submitter=REPORTER, email="dmarc@" + REPORTER), state,
                           reasons + " -email.match")
        second = factory.fields(From=ADDRESS)
        cases["field above"] = (second + self.strange("above", author=OTHER, submitter=REPORTER), "unverified",
                                "author.multiple")
        cases["field below"] = (self.strange("below", author=OTHER, submitter=REPORTER).replace(
            b"\n\n", b"\n" + second + b"\n", 1), "unverified", "author.multiple")
        return cases

    def signatures(self):
        """A true signature is taken from where it stands, or one is made that looks like one."""
        plain = factory.message(ADDRESS, subject="hello", body="We have seen your mail.\n")
        true = self.world.sign(factory.aggregate("true"), REPORTER)
        stolen = signer.split(true)[0][0][1]
        some = self.world.sign(plain, REPORTER, length=0, fields=("from",))
        own = factory.aggregate("own-body")
        part = self.world.sign(own, REPORTER, length=100)
        key = self.stranger
        parent = self.world.publish("s._domainkey.example", key.record()) or key
        return {
            "other attachment": (stolen + factory.aggregate("other-attachment", [factory.row(count=10 ** 9)]),
                                 "unverified", "body.changed"),
            "l=0": (signer.split(some)[0][0][1] + factory.aggregate("l-0"), "unverified", "body.partial"),
            "l=100": (part, "unverified", "body.partial"),
            "from is open": (self.world.sign(factory.aggregate("open"), REPORTER, fields=("to", "subject")),
                             "unverified", ""),
            "comment in d=": (signer.dkim(factory.aggregate("d-comment"), key, "reporter.example(.stranger.example"),
                              "unverified", ""),
            "blank in d=": (signer.dkim(factory.aggregate("d-blank"), key, "reporter.example .stranger.example"),
                            "unverified", ""),
            "parent": (signer.dkim(factory.aggregate("parent"), parent, "example"), "unverified", ""),
            "i= of another": (signer.dkim(factory.aggregate("i-other"), key, STRANGER, tags="i=@" + REPORTER),
                              "unverified", ""),
            "stranger's": (self.strange("unaligned"), "unverified", "dmarc.fail"),
            "sealed": (self.world.seal(factory.aggregate("sealed"), STRANGER, authserv_id=factory.MX, results=
                                       "dkim=pass header.d=reporter.example; dmarc=pass header.from=reporter.example"),
                       "unverified", ""),
        }

    def hops(self):
        """Fields that only the host which took the mail in may write."""
        claims = factory.fields(Return_Path="<a@reporter.example>") + factory.fields(
            Received_SPF="pass (mx.example.com: fine) client-ip=%s; envelope-from=a@reporter.example;" % FORGED_IP) + \
            factory.fields(Authentication_Results="mx.example.com; spf=pass smtp.mailfrom=a@reporter.example; "
                           "dkim=pass header.d=reporter.example; dmarc=pass header.from=reporter.example")
        lines = {
            "results": claims,
            "received": factory.received(b"", FORGED_IP, "mx.reporter.example", "a@reporter.example"),
        }
        cases = {}
        for name, helo, mail_from in (("plain", "x.stranger.example", OTHER), ("as one of ours", factory.MX, None),
                                      ("as theirs", "mx.reporter.example (mx.reporter.example [%s])" % FORGED_IP,
                                       "a@reporter.example")):
            for kind, text in lines.items():
                mail = factory.aggregate(("%s-%s" % (name, kind)).replace(" ", "-"))
                cases["%s, %s" % (name, kind)] = (factory.received(text + mail, BORDER_IP, helo, mail_from,
                                                                   rdns="unknown"), "unverified", "dmarc.fail")
        cases["results alone"] = (claims + factory.aggregate("results-alone"), "unverified", "dmarc.fail -spf.pass")
        return cases

    def names(self):
        """What the report and its mail are called."""
        def case(report_id, **said):
            return self.strange(report_id, author=OTHER, **{"submitter": REPORTER, "email": OTHER, **said})
        whole = "org.differs -org.match"
        return {
            "org": (case("org"), "contradicted", whole),
            "org in capitals": (case("org-2", org="  Reporter.EXAMPLE. ", submitter=STRANGER), "contradicted", whole),
            "confusable org": (case("org-3", org="r\u0435porter.example", submitter=STRANGER), "contradicted", whole),
            "confusable email": (case("email-1", org="Reporter", email="dmarc@r\u0435porter.example"), "contradicted",
                                 "submitter.differs -email.match"),
            "two emails": (case("email-2", org="Reporter", email="%s, %s" % (ADDRESS, OTHER)), "plausible",
                           "submitter.differs -email.match"),
            "email in brackets": (case("email-3", org="Reporter", email="%s &lt;%s&gt;" % (OTHER, ADDRESS)),
                                  "contradicted", "submitter.differs -email.match"),
            "two at signs": (case("email-4", org="Reporter", email=ADDRESS + "@stranger.example"), "contradicted",
                             "submitter.differs"),
            "submitter": (case("submitter", org="Reporter"), "contradicted", "submitter.differs"),
            "file": (case("file", org="Reporter", submitter=STRANGER,
                          name=factory.file_name(REPORTER, "example.com")), "contradicted", "file.differs"),
        }

    def neighbours(self):
        """He has a name under somebody's who lets others have names there."""
        self.world.add(HOSTING).add("evil." + HOSTING, number=1, dmarc="v=DMARC1; p=reject; psd=n")
        self.world.add(REGISTRY, dmarc="v=DMARC1; p=reject; psd=y").add("evil." + REGISTRY, number=1)
        self.world.add("good." + REGISTRY)
        self.world.add("evil.co.uk", number=1).add("good.co.uk")
        cases = {}
        for name, his, other in (("host", "evil." + HOSTING, HOSTING), ("registry", "evil." + REGISTRY, REGISTRY),
                                 ("neighbour", "evil." + REGISTRY, "good." + REGISTRY),
                                 ("public suffix", "evil.co.uk", "good.co.uk")):
            cases[name] = (self.strange("as-" + name.replace(" ", "-"), his, author="x@" + his, org=other,
                                        email="dmarc@" + other, submitter=other), "contradicted",
                           "org.differs email.differs submitter.differs")
        return cases

    def containers(self):
        """Something true around something forged."""
        honest = {"org": STRANGER, "email": "dmarc@stranger.example", "author": OTHER}
        forged = factory.aggregate("inside")
        two = factory.aggregate("honest", **honest, others=[
            (factory.file_name(REPORTER, "example.com"), factory.report_xml("beside"))])
        bounce = factory.multipart(factory.fields(From="mailer-daemon@reporter.example", To="x@stranger.example",
                                                  Subject="bounced", Date=factory.DATE, Message_ID="<b@reporter.example>",
                                                  MIME_Version="1.0"), "multipart/report; report-type=delivery-status",
                                   [(factory.fields(Content_Type="text/plain"), b"It bounced.\n"),
                                    (factory.fields(Content_Type="message/rfc822"), forged)])
        bounce = self.world.sign(bounce, REPORTER, fields=("from", "to", "subject", "date"))
        bounce = factory.replaced(bounce, "content-type", 'multipart/mixed; boundary="part"')
        quotation = factory.message("mailer-daemon@reporter.example", "x@stranger.example", "bounced",
                                    "It bounced. Your message was:\n\n").rstrip(b"\n") + \
            b"\n\n" + factory.aggregate("quoted", others=[("note.txt", "A note.\n")]).partition(b"\n\n")[2]
        quotation = self.world.sign(quotation, REPORTER, fields=("from", "to", "subject", "date"))
        quotation = factory.replaced(quotation, "content-type", 'multipart/mixed; boundary="part"')
        feedback = self.world.sign(factory.failure(factory.aggregate("in-sample"), report_id="outer"), REPORTER)
        answer = factory.message("support@reporter.example", "reports@example.com", "Re: your mail",
                                 "We have got your mail:\n\n" + factory.report_xml("answered"), message_id="answer")
        return {
            "answer": (self.world.sign(answer, REPORTER), "unverified", "structure.quoted dmarc.pass"),
            "answer of a kind": (factory.replaced(self.world.sign(answer.replace(b"answered", b"of-a-kind"), REPORTER,
                                                                  fields=("from", "to", "subject")),
                                                  "content-type", 'text/plain; name="report.xml"'), "unverified",
                                 "structure.unsigned dmarc.pass"),
            "two reports": (self.world.sign(two, STRANGER), [("verified", "org.match"),
                                                            ("contradicted", "org.differs")]),
            "bounce": (bounce, "unverified", "message.nested dmarc.pass"),
            "quotation": (quotation, "unverified", "structure.unsigned dmarc.pass"),
            "in a sample": (feedback, [("verified", "dmarc.pass")]),
        }

    def test_each(self):
        cases = {**self.authors(), **self.signatures(), **self.hops(), **self.names(), **self.neighbours(),
                 **self.containers()}
        mails = [mail for mail, *_ in cases.values()]
        self.assertEqual(self.take(mails)["stored"], len(mails))
        self.judge()
        self.assertEqual(self.waiting(), 0)
        self.check_cases(cases)
        self.check_sums_of_rows()
        self.assertEqual(self.rows("SELECT count(*) FROM dmarcd_api.report WHERE report_id = 'in-sample'"), [("0",)])
        verified = self.rows("SELECT report_id FROM dmarcd_api.report WHERE kind = 'aggregate' "
                             "AND provenance = 'verified'")
        self.assertEqual(verified, [("honest",)])

    def test_answer_to_a_copy(self):
        """What he sent himself is not made true by an automatic answer that quotes it."""
        his = factory.aggregate("twice")
        self.take([his])
        self.judge()
        answer = factory.message("support@reporter.example", "reports@example.com", "Re: your mail",
                                 "We have got your mail:\n\n" + factory.report_xml("twice"), message_id="answer")
        self.assertEqual(self.take([self.world.sign(answer, REPORTER)])["duplicate"], 1)
        self.judge()
        self.check_cases({"his": (his, "unverified", "dmarc.fail")})


if __name__ == "__main__":
    flow.main()
