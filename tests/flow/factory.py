# SPDX-License-Identifier: Apache-2.0
"""A mail factory: report mails and plain messages as their senders make, sign and forward them, and as others break
and forge them; and the DNS of the domains that take part.

	world = factory.World()
	world.add("reporter.example", keys={"s": "rsa", "e": "ed25519"})
	mail = world.sign(factory.aggregate("r1", org="reporter.example"), "reporter.example")
	flow.configure(..., more=zone.ZoneServer(world.zone()).config)

As a program it writes COUNT signed report mails to a Maildir, and the zone beside them, for measuring:
factory.py COUNT MAILDIR ZONE_FILE
"""
import base64
import gzip
import io
import json
import os
import sys
import zipfile

import signer

BEGIN, DAY_SECS = 1774828800, 86400  # 2026-03-30
DATE = "Tue, 31 Mar 2026 01:02:03 +0000"
MX = "mx.example.com"                # who writes the top-most Received here

XML = """<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>{org}</org_name><email>{email}</email>
<report_id>{report_id}</report_id><date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct>
</policy_published>
{rows}</feedback>
"""
ROW = """<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated>
<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>
<identifiers><header_from>{header_from}</header_from></identifiers><auth_results><dkim><domain>{dkim_domain}</domain>
<selector>s</selector><result>{dkim}</result></dkim><spf><domain>{spf_domain}</domain><result>{spf}</result></spf>
</auth_results></record>
"""
ZIP, GZIP = "application/zip", "application/gzip"


# ---- fields ----

def fields(**named):
    """Header fields in the order given; _ stands for "-"."""
    return "".join("%s: %s\n" % (name.replace("_", "-"), value) for name, value in named.items()).encode()


def message(author="someone@example.com", to="other@example.net", subject="hello", body="Hi.\n", more=b"",
            message_id="m1"):
    """A plain message. more: whole fields above the others."""
    return more + fields(From=author, To=to, Subject=subject, Date=DATE, Message_ID="<%s@%s>" % (
        message_id, address_domain(author)), MIME_Version="1.0", Content_Type="text/plain; charset=utf-8") + \
        b"\n" + body.encode()


def address_domain(author):
    return author.rpartition("@")[2].rstrip("> ")


def received(mail, ip, helo, mail_from, by=MX, rdns=None):
    """As it comes from the host that took it in; mail_from None: nothing of it is told."""
    path = fields(Return_Path="<%s>" % mail_from) if mail_from is not None else b""
    return path + fields(Received="from %s (%s [%s])\n\tby %s with ESMTPS id 1;\n\t%s" % (
        helo, rdns or helo, ip, by, DATE)) + mail


def authres(mail, authserv_id, results):
    return fields(Authentication_Results="%s; %s" % (authserv_id, results)) + mail


def replaced(mail, name, value):
    """The first field of this name with another value; b"" for value None."""
    own, body = signer.split(mail)
    at = next(at for at, (found, _) in enumerate(own) if found == name.lower())
    texts = [text for _, text in own]
    texts[at] = texts[at].split(b":", 1)[0] + b": " + value.encode() + b"\n" if value is not None else b""
    return b"".join(texts) + b"\n" + body


# ---- reports ----

def row(ip="192.0.2.1", count=1, header_from="example.com", dkim="pass", spf="pass", disposition="none",
        dkim_domain=None, spf_domain=None):
    return ROW.format(ip=ip, count=count, header_from=header_from, dkim=dkim, spf=spf, disposition=disposition,
                      dkim_domain=dkim_domain or header_from, spf_domain=spf_domain or header_from)


def report_xml(report_id="r1", rows=None, org="reporter.example", email=None, domain="example.com", begin=BEGIN,
               end=None):
    return XML.format(org=org, email=email or "dmarc@reporter.example", report_id=report_id, domain=domain,
                      begin=begin, end=end or begin + DAY_SECS - 1, rows="".join(rows or [row(header_from=domain)]))


def packed(xml, name):
    """(bytes, media type) as the file name says."""
    data = xml.encode()
    if name.endswith(".zip"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name[:-4] + ".xml"), data, zipfile.ZIP_DEFLATED)
        return out.getvalue(), ZIP
    if name.endswith(".gz"):
        return gzip.compress(data, mtime=0), GZIP
    return data, "text/plain" if name.endswith(".txt") else "text/xml"


def attached(data, kind, name):
    """(fields, body) of a part."""
    return fields(Content_Type='%s; name="%s"' % (kind, name), Content_Disposition='attachment; filename="%s"' % name,
                  Content_Transfer_Encoding="base64"), base64.encodebytes(data)


def file_name(submitter, domain, begin=BEGIN, end=None, report_id=None, ending="xml.gz"):
    """RFC 9990 section 3.5.1."""
    return "!".join([submitter, domain, str(begin), str(end or begin + DAY_SECS - 1)] +
                    ([report_id] if report_id else [])) + "." + ending


def aggregate(report_id="r1", rows=None, org="reporter.example", email=None, domain="example.com", begin=BEGIN,
              end=None, author=None, to=None, submitter=None, subject=None, name=None, ending="xml.gz", others=()):
    """A report mail that is right in every respect but for what is said otherwise. others: further reports in it,
    (file name, XML) each."""
    author = author or "noreply-dmarc@reporter.example"
    email = email or "dmarc@" + address_domain(author)
    submitter = submitter or address_domain(author)
    name = name or file_name(submitter, domain, begin, end, ending=ending)
    head = fields(From=author, To=to or "reports@" + domain, Subject=subject or
                  "Report Domain: %s Submitter: %s Report-ID: <%s>" % (domain, submitter, report_id),
                  Date=DATE, Message_ID="<%s@%s>" % (report_id, address_domain(author)), MIME_Version="1.0")
    parts = [attached(*packed(xml, title), title) for title, xml in
             ((name, report_xml(report_id, rows, org, email, domain, begin, end)), *others)]
    if len(parts) == 1:
        return head + parts[0][0] + b"\n" + parts[0][1]
    return multipart(head, "multipart/mixed", parts)


def multipart(head, kind, parts):
    return head + fields(Content_Type='%s; boundary="part"' % kind) + b"\n" + b"".join(
        b"--part\n" + own + b"\n" + body + b"\n" for own, body in parts) + b"--part--\n"


def failure(sample, author="noreply-dmarc@reporter.example", to="ruf@example.com", headers_only=False,
            report_id="f1", **said):
    """A failure report (RFC 9991) about sample. said: fields of the feedback part, _ for "-"; None leaves one out."""
    feedback = {"Feedback_Type": "auth-failure", "User_Agent": "made/1", "Version": "1", "Auth_Failure": "dmarc",
                "Source_IP": "192.0.2.9", "Reported_Domain": "example.com", "Identity_Alignment": "none",
                "Authentication_Results": "reporter.example; dmarc=fail header.from=example.com",
                "Arrival_Date": DATE, **said}
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    sample = sample.partition(b"\n\n")[0] + b"\n" if headers_only else sample
    head = fields(From=author, To=to, Subject="Report Domain: %s" % feedback["Reported_Domain"], Date=DATE,
                  Message_ID="<%s@%s>" % (report_id, address_domain(author)), MIME_Version="1.0")
    return multipart(head, "multipart/report; report-type=feedback-report", [
        (fields(Content_Type="text/plain"), b"A message failed.\n"),
        (fields(Content_Type="message/feedback-report"),
         fields(**{key: value for key, value in feedback.items() if value is not None})),
        (fields(Content_Type=kind), sample)])


def tls(report_id="t1", org="reporter.example", author="noreply-tls@reporter.example", domain="example.com",
        to=None):
    """A TLS report (RFC 8460)."""
    report = {"organization-name": org, "contact-info": "tls@" + address_domain(author), "report-id": report_id,
              "date-range": {"start-datetime": "2026-03-30T00:00:00Z", "end-datetime": "2026-03-30T23:59:59Z"},
              "policies": [{"policy": {"policy-type": "sts", "policy-domain": domain},
                            "summary": {"total-successful-session-count": 5, "total-failure-session-count": 0}}]}
    submitter = address_domain(author)
    head = fields(From=author, To=to or "tls@" + domain, Subject="Report Domain: %s Submitter: %s Report-ID: <%s>" % (
        domain, submitter, report_id), Date=DATE, Message_ID="<%s@%s>" % (report_id, submitter), MIME_Version="1.0",
        TLS_Report_Domain=domain, TLS_Report_Submitter=submitter)
    own, body = attached(gzip.compress(json.dumps(report).encode(), mtime=0), "application/tlsrpt+gzip",
                         file_name(submitter, domain, report_id=report_id, ending="json.gz"))
    return head + own + b"\n" + body


# ---- what happens to mail on its way ----

FOOTER = "\n-- \nlist@lists.example: to leave, write to leave@lists.example\n"


def forwarded(mail, ip="198.51.100.7", helo="lists.example", mail_from="SRS0=x=TT=s.example=a@lists.example",
              tag=None, footer=None):
    """Through a forwarder whose address is not the sender's, with SRS; tag and footer as a mailing list adds them."""
    if tag:
        subject = next(text for name, text in signer.split(mail)[0] if name == "subject").split(b":", 1)[1]
        mail = replaced(mail, "subject", tag + subject.strip().decode())
    return received(mail + (footer or "").encode(), ip, helo, mail_from)


def with_body_changed(mail):
    head, body = mail.split(b"\n\n", 1)
    return head + b"\n\nChanged on the way.\n" + body


def with_header_changed(mail, name="subject", value="Changed on the way"):
    return replaced(mail, name, value)


# ---- who takes part ----

_keys = {}


def key(kind="rsa", number=0):
    """Made once in a run: making one takes longer than a thousand signatures."""
    if (kind, number) not in _keys:
        _keys[kind, number] = signer.Key(kind)
    return _keys[kind, number]


def text(value):
    """A TXT record's data in master-file presentation."""
    pieces = [value[at:at + 255] for at in range(0, len(value), 255)] or [""]
    return " ".join('"%s"' % piece.replace("\\", "\\\\").replace('"', '\\"') for piece in pieces)


class World:
    """Domains with what they publish, and who signs for them."""

    def __init__(self):
        self.records, self.keys = {}, {}  # (owner, type) -> [rdata]; (domain, selector) -> Key

    def publish(self, owner, value, kind="TXT"):
        """Instead of what it was; value None: nothing any more."""
        self.records.pop((owner, kind), None)
        if value is not None:
            self.records[owner, kind] = [value if kind != "TXT" or value.startswith("!") else text(value)]

    def add(self, domain, dmarc="v=DMARC1; p=reject", spf=None, keys=None, number=0):
        """keys: {selector: kind}; number: another's are other keys."""
        self.publish("_dmarc." + domain, dmarc)
        self.publish(domain, spf or "v=spf1 -all")
        for selector, kind in ({"s": "rsa"} if keys is None else keys).items():
            self.keys[domain, selector] = key(kind, number)
            self.publish("%s._domainkey.%s" % (selector, domain), self.keys[domain, selector].record())
        return self

    def sign(self, mail, domain, selector="s", **options):
        return signer.dkim(mail, self.keys[domain, selector], domain, selector, **options)

    def seal(self, mail, domain, selector="s", **options):
        return signer.arc(mail, self.keys[domain, selector], domain, selector, **options)

    def zone(self):
        """Lines of a replay file."""
        return "".join("%s %s %s\n" % (owner, kind, value)
                       for (owner, kind), values in sorted(self.records.items()) for value in values)


def deliver(maildir, mails, first=0):
    """Each to new/, in this order; their names."""
    names = ["%06d.factory" % number for number in range(first, first + len(mails))]
    for name, mail in zip(names, mails):
        with open(os.path.join(maildir, "new", name), "wb") as stream:
            stream.write(mail)
    return names


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: factory.py COUNT MAILDIR ZONE_FILE")
    world = World()
    for number in range(20):
        world.add("reporter%d.example" % number, keys={"s": "rsa" if number % 4 else "ed25519"})
    maildir = sys.argv[2]
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(maildir, name), exist_ok=True)
    for number in range(int(sys.argv[1])):
        domain = "reporter%d.example" % (number % 20)
        mail = aggregate("r%d" % number, [row("192.0.2.%d" % (number % 250 + 1), 3)], org=domain,
                         author="noreply@" + domain, domain="example.com")
        deliver(maildir, [world.sign(mail, domain)], number)
    with open(sys.argv[3], "w", encoding="latin-1") as stream:
        stream.write(world.zone())


if __name__ == "__main__":
    main()
