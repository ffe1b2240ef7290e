#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""After a fault: nothing lost, nothing twice, reason given.

Every mail that was put in is still in new/, or the database knows what became of it as its manifest
allows; its bytes are what they were; the balance is rows and copies, the sums are those of the rows,
quarantined mails have their bytes and their reason. --settled: nothing waits any more, and the totals
are those of the manifests.

usage: check.py BIN_DIR CONFIG [--settled] --manifest FOLDER… --maildir MAILDIR…
A FOLDER is that of `dmarcd-samples` (manifest.json) or of tests/hostile/generate.py (manifest.tsv).
exit status: 0, or 1 with a sentence for each disagreement
"""
import argparse
import collections
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "flow"), os.path.join(HERE, "..", "hostile")]
import account  # noqa: E402
import flow  # noqa: E402


class Manifest:
    """What was put in, and what each may come to. Manifests add up."""

    def __init__(self, mails=(), groups=None, sums=()):
        self.mails, self.groups, self.sums = list(mails), dict(groups or {}), list(sums)

    def __add__(self, other):
        return Manifest(self.mails + other.mails, {**self.groups, **other.groups}, self.sums + other.sums)

    def add(self, data, outcomes, codes="*", totals=None, file="made", stays=True):
        """A mail of one's own; totals as in account.COLUMNS. Returns data."""
        self.mails.append(account.Wanted(file, "made", hashlib.sha256(data).hexdigest(), outcomes.split(","),
                                         codes.split(","), totals, None, False, stays))
        return data

    def names(self):
        return [mail.file for mail in self.mails]

    def counts(self):
        """How often each content was put in."""
        return collections.Counter(mail.sha256 for mail in self.mails)

    def stay(self):
        """... and how often there is a file of it for good."""
        return collections.Counter(mail.sha256 for mail in self.mails if mail.stays)

    def where(self, condition):
        """Of these mails only; sums over all of a folder do not outlive that."""
        return Manifest([mail for mail in self.mails if condition(mail)], self.groups)


def of_samples(folder):
    """Which of several mails with one report comes first is nobody's promise; the totals are."""
    wanted = flow.manifest(folder)
    ids = collections.Counter(name for file in wanted["files"] for name in file["report_ids"])
    mails = []
    for file in wanted["files"]:
        again = any(ids[name] > 1 for name in file["report_ids"])
        mails.append(account.Wanted(os.path.basename(file["file"]), "sample", file["sha256"],
                                    ["stored", "duplicate"] if again else [file["outcome"]],
                                    [file["code"] or "*"], None, None, False))
    totals = (sum(wanted["reports"].values()), wanted["records"], wanted["messages"], wanted["messages_dmarc_pass"])
    return Manifest(mails, sums=[({mail.sha256 for mail in mails}, totals)])


def of_corpus(folder):
    return Manifest(account.manifest(folder), account.groups(folder))


def of_folder(folder):
    return of_samples(folder) if os.path.exists(os.path.join(folder, "manifest.json")) else of_corpus(folder)


class Hashes:
    """What files hold; one is read again only when its inode says that it is another, was changed or renamed."""

    def __init__(self):
        self.known = {}

    def of(self, entry):
        info = entry.stat(follow_symlinks=False)
        key = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
        if key not in self.known:
            with open(entry.path, "rb") as stream:
                self.known[key] = hashlib.sha256(stream.read()).hexdigest()
        return self.known[key]

    def in_folder(self, folder):
        return collections.Counter(self.of(entry) for entry in os.scandir(folder)
                                   if entry.is_file(follow_symlinks=False))


def _place_problems(manifest, maildirs, found, hashes):
    """Nothing has left new/ that is not known, and nothing is known more often than it was seen."""
    new, cur = collections.Counter(), collections.Counter()
    for maildir in maildirs:
        new += hashes.in_folder(os.path.join(maildir, "new"))
        cur += hashes.in_folder(os.path.join(maildir, "cur"))
    there, wanted, stay = new + cur, manifest.counts(), manifest.stay()
    for sha256 in sorted(set(there) | set(wanted)):
        sightings = 1 + found[sha256].copies if sha256 in found else 0
        if not stay[sha256] <= there[sha256] <= wanted[sha256]:
            yield "%s: %d times in new/ and cur/, not %d" % (sha256, there[sha256], wanted[sha256])
        if new[sha256] + sightings < wanted[sha256]:
            yield "%s: lost, seen %d times, %d times in new/, of %d put in" % (
                sha256, sightings, new[sha256], wanted[sha256])
        if not cur[sha256] <= sightings <= wanted[sha256]:
            yield "%s: seen %d times, of %d put in and %d in cur/" % (
                sha256, sightings, wanted[sha256], cur[sha256])
    for sha256 in sorted(set(found) - set(wanted)):
        yield "%s: known, and was never put in" % sha256


def _balance_problems(balance, found):
    outcomes = collections.Counter(mail.outcome for mail in found.values())
    outcomes["duplicate"] += sum(mail.copies for mail in found.values())
    outcomes["mails"] = len(found) + sum(mail.copies for mail in found.values())
    if balance != {key: outcomes[key] for key in flow.BALANCE}:
        yield "the balance is %s, rows and copies are %s" % (balance, dict(outcomes))


def _quarantine_problems(test, found, settled):
    """Bytes of all that is quarantined, and, at the end, of nothing else."""
    kept = {}
    for line in test.dmarcd("quarantine", "list", "--json").stdout.splitlines():
        mail = json.loads(line)
        if mail["kept"] is None:
            yield "%s: its bytes are gone" % mail["sha256"]
            continue
        kept[mail["sha256"]] = mail["kept"]
        with open(mail["kept"], "rb") as stream:
            if hashlib.sha256(stream.read()).hexdigest() != mail["sha256"]:
                yield "%s: other bytes are kept" % mail["kept"]
    wanted = {sha256 for sha256, mail in found.items() if mail.outcome == "quarantined"}
    if set(kept) != wanted:
        yield "quarantine list: %s, rows: %s" % (sorted(kept), sorted(wanted))
    for folder in {os.path.dirname(path) for path in kept.values()} if settled else ():
        for name in set(os.listdir(folder)) - {os.path.basename(path) for path in kept.values()}:
            yield "%s is nobody's in %s" % (name, folder)


def _sum_problems(manifest, found):
    for hashes, wanted in manifest.sums:
        columns = [found[sha256].totals[:len(wanted)] for sha256 in hashes if sha256 in found]
        if tuple(map(sum, zip(*columns))) != wanted:
            yield "sums %s, not %s" % (tuple(map(sum, zip(*columns))), wanted)


def _settled_problems(manifest, found):
    yield from account.problems(manifest.mails, manifest.groups, found)
    yield from _sum_problems(manifest, found)


def _waiting_problems(manifest, found):
    """As far as it has come, every mail is what it may be."""
    for wanted in manifest.mails:
        if wanted.sha256 in found:
            yield from ("%s: %s" % (wanted.file, problem)
                        for problem in account.mail_problems(wanted, found[wanted.sha256]))


def quick_problems(manifest, maildirs, rows, quarantine, hashes):
    """Sentences, from files and the rows of account.MAILS alone: no process of ours is asked."""
    found = account.found(rows)
    kept = hashes.in_folder(quarantine) if os.path.exists(quarantine) else ()
    yield from _place_problems(manifest, maildirs, found, hashes)
    yield from _waiting_problems(manifest, found)
    for sha256, mail in found.items():
        if mail.outcome == "quarantined" and sha256 not in kept:
            yield "%s: its bytes are not in the quarantine" % sha256


def problems(test, manifest, maildirs, settled=False):
    """Sentences. test: a flow.FlowTest with its configuration."""
    found = account.found(test.sql(account.MAILS))
    yield from _place_problems(manifest, maildirs, found, Hashes())
    yield from _balance_problems(test.status()["balance"], found)
    yield from _quarantine_problems(test, found, settled)
    yield from (_settled_problems if settled else _waiting_problems)(manifest, found)
    try:
        test.check_rows()
    except AssertionError as error:
        yield str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin_dir")
    parser.add_argument("config")
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--manifest", action="append", required=True)
    parser.add_argument("--maildir", action="append", required=True)
    options = parser.parse_args()
    test = flow.FlowTest()
    test.config = options.config
    found = list(problems(test, sum(map(of_folder, options.manifest), Manifest()), options.maildir, options.settled))
    print("\n".join(found) or "nothing lost, nothing twice, reasons given")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
