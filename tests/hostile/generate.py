#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the hostile corpus as a Maildir, its manifest and its groups:

manifest.tsv  file, kind, sha256, allowed outcomes, allowed codes (shell patterns, for those that are
              refused), totals when stored (reports, records, messages, passing messages, successful
              and failed TLS sessions), group, "heavy" where a sanitized worker is too slow
groups.tsv    group, and the totals that its mails may add together (one set a line)
The same arguments give the same bytes.
"""
import argparse
import collections
import hashlib
import os

from corpus import (duplicates, encoding, good, gzip_kind, injection, maildir_names, mime, not_a_report, ruf,
                    semantics, structure, tlsrpt, truncated, wrong_magic, xml_entities, zip_bomb, zip_structure)
from corpus.kit import CANARY_TEXT, WORDS, Corpus

KINDS = (good, zip_bomb, gzip_kind, wrong_magic, zip_structure, truncated, xml_entities, encoding, structure, semantics,
         injection, duplicates, mime, not_a_report, ruf, tlsrpt, maildir_names)


def make(canary_file, canary_port):
    corpus = Corpus(canary_file, canary_port)
    for kind in KINDS:
        kind.make(corpus)
    repeated = [name for name, n in collections.Counter(mail.file for mail in corpus.mails).items() if n > 1]
    assert not repeated, repeated
    return corpus


def totals_text(totals):
    return "-" if totals is None else ",".join(str(n) for n in (
        totals.reports, totals.records, totals.messages, totals.passed, totals.success, totals.failure))


def write_mail(new, mail):
    path = os.path.join(new, mail.file)
    with open(path, "xb") as stream:
        stream.write(mail.data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--canary-file", default="/tmp/hostile-canary")
    parser.add_argument("--canary-port", type=int, default=9)
    parser.add_argument("folder")
    options = parser.parse_args()
    corpus = make(options.canary_file, options.canary_port)
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(options.folder, "Maildir", name))
    with open(os.path.join(options.folder, "manifest.tsv"), "w", encoding="utf-8", errors="surrogateescape") as out:
        for mail in corpus.mails:
            write_mail(os.path.join(options.folder, "Maildir", "new"), mail)
            out.write("\t".join((mail.file.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n"), mail.kind, hashlib.sha256(mail.data).hexdigest(),
                                 ",".join(WORDS[letter] for letter in mail.outcomes), mail.codes, totals_text(mail.totals),
                                 mail.group or "-", "heavy" if mail.heavy else "-")) + "\n")
    with open(os.path.join(options.folder, "groups.tsv"), "w", encoding="utf-8") as out:
        for name, sets in corpus.groups.items():
            for totals in sets:
                out.write("%s\t%s\n" % (name, totals_text(totals)))
    print("%d mails, %d of them good; canary %s" % (len(corpus.mails), sum(mail.kind == "good" for mail in corpus.mails), CANARY_TEXT))


if __name__ == "__main__":
    main()
