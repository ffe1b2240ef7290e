#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What dmarcd costs, as ratios to well-known programs doing a part of the same work on the same
input, side by side in one run. Run by hand; nothing here passes or fails.

usage: bench.py [--bin DIR] [--rounds N] [--mails N] [PART…]
parts: parse, one-report, ingest (the default), million, flat, full-store, reparse, verifier, provenance. DIR: build/release/bin.
verifier needs bench_verify there, which cmake --preset release -DDMARCD_BENCH=ON builds beside libspf2-dev.
Needs xmllint (libxml2-utils) and PostgreSQL; a PostgreSQL of its own, defaults but for the socket.
"""
import argparse
import contextlib
import datetime
import email
import gzip
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))
import flow  # noqa: E402
import grow  # noqa: E402
import mails  # noqa: E402
import memory  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
END_DAY = "2026-03-31"


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_cpu(top):
    """CPU seconds of a process, its descendants, those it has yet to wait for too, and those it has waited for."""
    ticks = 0
    for pid in flow.descendants(top, states_but="") + [top]:
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8") as stream:
                fields = stream.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile: its parent, read last, has its time
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS


class Cost:
    """Wall and CPU seconds of what runs inside `with`; with the server's when one is given."""

    def __init__(self, server=None):
        self.server = server

    def __enter__(self):
        self.cpu = -children_cpu() - (tree_cpu(self.server.process.pid) if self.server else 0)
        self.wall = -time.monotonic()
        return self

    def __exit__(self, *_):
        self.wall += time.monotonic()
        self.cpu += children_cpu() + (tree_cpu(self.server.process.pid) if self.server else 0)


def run(*command, **more):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)


def payloads(path):
    """Attachments of a report mail as they are: (name, bytes)."""
    with open(path, "rb") as stream:
        message = email.message_from_binary_file(stream)
    for part in message.walk():
        if part.get_filename():
            yield part.get_filename(), part.get_payload(decode=True)


def unpack(data):
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    return [gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data]


class Bench:
    def __init__(self, top, options):
        self.top, self.options = top, options
        self.dmarcd = os.path.join(options.bin, "dmarcd")
        self.rows = []

    def path(self, *names):
        return os.path.join(self.top, *names)

    def samples(self, name, mails_count, seed=1):
        folder = self.path(name)
        run(os.path.join(self.options.bin, "dmarcd-samples"), "--profile", "bench", "--mails",
            str(mails_count), "--seed", str(seed), "--end", END_DAY, folder)
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as stream:
            return folder, json.load(stream)

    def add(self, what, ours, theirs, goal):
        self.rows.append((what, ours, theirs, ours / theirs, goal))
        print("%-48s %8.2f s %8.2f s   %5.2f   (goal %.1f)" % self.rows[-1], flush=True)

    def pairs(self, what, ours, theirs, goal):
        """CPU of two commands, in turns; the medians."""
        costs = ([], [])
        for _ in range(self.options.rounds):
            for cost, do in zip(costs, (ours, theirs)):
                with Cost() as seen:
                    do()
                cost.append(seen.cpu)
        self.add(what, statistics.median(costs[0]), statistics.median(costs[1]), goal)

    def parse(self):
        folder, _ = self.samples("parse", 2000)
        xml = self.path("xml")
        os.mkdir(xml)
        files = []
        for name in sorted(os.listdir(os.path.join(folder, "new"))):
            for _, data in payloads(os.path.join(folder, "new", name)):
                for text in unpack(data):
                    files.append(os.path.join(xml, "%05d.xml" % len(files)))
                    with open(files[-1], "wb") as stream:
                        stream.write(text)
        self.pairs("parse, 2,000 mails: CPU to xmllint --stream",
                   lambda: run(self.dmarcd, "parse", "--summary", os.path.join(folder, "new")),
                   lambda: run("xmllint", "--stream", "--noout", *files), 2.0)

    def one_report(self):
        text, _ = mails.report("bench-one", 200000)
        xml, mail = self.path("one.xml"), self.path("one.eml")
        with open(xml, "w", encoding="utf-8") as stream:
            stream.write(text)
        with open(mail, "wb") as stream:
            stream.write(mails.mail(text, "bench-one"))
        config = self.path("large.yaml")
        with open(config, "w", encoding="utf-8") as stream:
            stream.write("limits: {report_bytes: 256MiB, unpacked_bytes: 256MiB}\n")
        self.pairs("parse, one report of 200,000 records: CPU",
                   lambda: run(self.dmarcd, "-c", config, "parse", "--summary", mail),
                   lambda: run("xmllint", "--stream", "--noout", xml), 1.0)

    def ingest(self):
        folder, wanted = self.samples("mails", self.options.mails)
        names = sorted(os.listdir(os.path.join(folder, "new")))
        packed = self.path("packed.gz")
        with open(packed, "wb") as stream:
            for name in names:
                for _, data in payloads(os.path.join(folder, "new", name)):
                    stream.write(data if data[:2] == b"\x1f\x8b" else
                                 gzip.compress(b"".join(unpack(data)), 6))
        with self.server() as server:
            self.ingest_with(server, folder, wanted, packed)

    @contextlib.contextmanager
    def server(self):
        """A PostgreSQL as Debian sets it up."""
        server = flow.Server(self.path("server"), buffers="128MB").start()
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(server.folder)

    def configure(self, server, database, folder, more=""):
        """A database with our schema, and the configuration that names it."""
        config = self.path(database + ".yaml")
        with open(config, "w", encoding="utf-8") as stream:
            stream.write("state_dir: %s\ndatabase: {dsn: '%s'}\nmaildirs:\n  - {path: %s}\n%s" % (
                self.path(database + ".state"), server.create(database), folder, more))
        run(self.dmarcd, "-c", config, "migrate", stderr=subprocess.DEVNULL)
        server.psql(database, "-c", "CHECKPOINT")
        return config

    def ingest_with(self, server, folder, wanted, packed):
        config = self.configure(server, "ours", folder)
        with Cost(server) as ours:
            run(self.dmarcd, "-q", "-c", config, "ingest", "--once")
        told = json.loads(subprocess.run([self.dmarcd, "-c", config, "status", "--json"], check=True,
                                         capture_output=True).stdout)
        for name in ("records", "messages"):
            if told[name] != wanted[name]:
                sys.exit("bench: %s: %d instead of %d" % (name, told[name], wanted[name]))
        tables = server.psql("ours", "-c", "SELECT format('%I.%I', schemaname, relname) FROM "
                             "pg_stat_user_tables WHERE n_live_tup > 0 ORDER BY 1").split()
        out = self.path("rows")
        os.mkdir(out)
        for table in tables:
            server.psql("ours", "-c", "\\copy %s TO '%s/%s'" % (table, out, table))
        server.psql("postgres", "-c", "CREATE DATABASE theirs TEMPLATE ours")
        server.psql("theirs", "-c", "SET session_replication_role = replica",
                    "-c", "TRUNCATE %s CASCADE" % ", ".join(tables))
        server.psql("theirs", "-c", "CHECKPOINT")
        copies = ["-c", "SET session_replication_role = replica"]
        for table in tables:
            copies += ["-c", "\\copy %s FROM '%s/%s'" % (table, out, table)]
        with Cost(server) as theirs:
            server.psql("theirs", *copies)
            with open(packed, "rb") as stream:
                run("gzip", "-dc", stdin=stream)
        count = len(os.listdir(os.path.join(folder, "cur")))
        print("%d mails, %d records: %.0f mails/s, %.0f records/s" % (
            count, wanted["records"], count / ours.wall, wanted["records"] / ours.wall))
        self.add("ingest, %d mails: wall to COPY and gzip -d" % count, ours.wall, theirs.wall, 1.5)
        self.add("ingest, %d mails: CPU with the server's" % count, ours.cpu, theirs.cpu, 2.2)


    # ---- what is large: figures of its own, beside nothing ----

    def say(self, what, figure):
        print("%-48s %s" % (what, figure), flush=True)

    def million(self):
        """One report of 1,000,000 records, and the most memory that any process of ours held."""
        mail = self.path("million.eml")
        with open(mail, "wb") as stream:
            stream.write(mails.mail(mails.report("bench-million", 1000000)[0], "bench-million"))
        limits = ("limits: {report_bytes: 1GiB, unpacked_bytes: 2GiB, records: 1000000, xml_elements: 64000000, "
                  "mail_secs: 120s, cpu_secs: 120s}\n")
        with self.server() as server:
            config = self.configure(server, "million", self.path(), limits)
            with Cost(server) as cost, memory.Watch() as seen:
                seen.run(self.dmarcd, "-q", "-c", config, "ingest", "--once", mail)
            records = server.psql("million", "-c", "SELECT count(*) FROM dmarcd.record")
        self.say("ingest, one report of %s records" % records, "%.1f s" % cost.wall)
        self.say("  resident at most: dmarcd, its workers", "%.0f MiB, %.0f MiB" % seen.highest())

    def flat(self):
        """Resident memory of ingest around mail 1,000 and at its end."""
        folder, _ = self.samples("flat", self.options.mails)
        with self.server() as server:
            config = self.configure(server, "flat", folder)
            with memory.Watch(os.path.join(folder, "cur"), 1000) as seen:
                seen.run(self.dmarcd, "-q", "-c", config, "ingest", "--once")
        self.say("ingest, resident until mail 1,000", "%.1f MiB, worker %.1f MiB" % seen.highest(before=True))
        self.say("ingest, resident until mail %d" % self.options.mails, "%.1f MiB, worker %.1f MiB" % seen.highest())

    def full_store(self):
        """Ingest into a store of 10,000,000 records beside an empty one; a month's end in it."""
        first, _ = self.samples("first", 2000)
        second, wanted = self.samples("second", 2000, seed=2)
        again = self.path("again")
        shutil.copytree(second, again)
        with self.server() as server:
            full = self.configure(server, "full", first)
            run(self.dmarcd, "-q", "-c", full, "ingest", "--once")
            grow.to(server, "full", self.options.records)
            full = full.replace("full", "again")
            with open(full, "w", encoding="utf-8") as stream:
                stream.write("state_dir: %s\ndatabase: {dsn: '%s'}\nmaildirs: [{path: %s}]\n" % (
                    self.path("again.state"), server.dsn("full"), again))
            empty = self.configure(server, "empty", second)
            with Cost(server) as full_cost:
                run(self.dmarcd, "-q", "-c", full, "ingest", "--once")
            with Cost(server) as empty_cost:
                run(self.dmarcd, "-q", "-c", empty, "ingest", "--once")
            count = int(server.psql("full", "-c", "SELECT count(*) FROM dmarcd.record"))
            self.say("records in the full store", "%d, of them %d new" % (count, wanted["records"]))
            self.add("ingest, 2,000 mails: wall, empty to full store", empty_cost.wall, full_cost.wall, 0.8)
            self.add("ingest, 2,000 mails: CPU, empty to full store", empty_cost.cpu, full_cost.cpu, 0.8)
            day = server.psql("full", "-c", "SELECT date_trunc('month', min(day)) + interval '2 months' "
                              "FROM dmarcd.record")[:10]
            keep = (datetime.date.today() - datetime.date.fromisoformat(day)).days
            with open(full, "a", encoding="utf-8") as stream:
                stream.write("retention: {records: %dd}\n" % keep)
            with Cost(server) as cost:
                run(self.dmarcd, "-q", "-c", full, "retention")
            left = int(server.psql("full", "-c", "SELECT count(*) FROM dmarcd.record"))
            self.say("retention: months of %d records" % (count - left), "%.2f s" % cost.wall)

    def reparse(self):
        """Stored originals read again, of one of which the store had five messages too many."""
        folder, _ = self.samples("reparse", 10000)
        with self.server() as server:
            config = self.configure(server, "reparse", folder)
            run(self.dmarcd, "-q", "-c", config, "ingest", "--once")
            server.psql("reparse", "-c", """
                WITH c AS (UPDATE dmarcd.daily_cell SET messages = messages + 5 WHERE ctid = (SELECT min(ctid)
                    FROM dmarcd.daily_cell WHERE NOT estimated AND records > 0) RETURNING *),
                r AS (SELECT r.tableoid, r.ctid FROM dmarcd.record r JOIN c USING (policy_domain, day, header_from,
                    spf_aligned, dkim_aligned, disposition) WHERE r.counted LIMIT 1)
                UPDATE dmarcd.record t SET messages = t.messages + 5 FROM r
                WHERE t.tableoid = r.tableoid AND t.ctid = r.ctid""")
            with Cost(server) as cost:
                said = subprocess.run([self.dmarcd, "-q", "-c", config, "reparse"], check=True,
                                      capture_output=True, text=True).stdout
        self.say("reparse, 10,000 originals", "%.1f s; %s" % (cost.wall, " ".join(
            next(line for line in said.splitlines() if "messages" in line).split())))

    def provenance(self):
        """Stored mails, each signed, that get their verdict, with a resolver that has everything in its cache."""
        count, zone_file, folder = 10000, self.path("zone.txt"), self.path("signed")
        run(sys.executable, os.path.join(HERE, "..", "flow", "factory.py"), str(count), folder, zone_file)
        with self.server() as server, subprocess.Popen(
                [sys.executable, os.path.join(HERE, "..", "flow", "zone.py"), zone_file], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True) as zone:
            port = zone.stdout.readline().strip()
            config = self.configure(server, "provenance", folder, "dns: {servers: ['127.0.0.1@%s']}\n" % port)
            run(self.dmarcd, "-q", "-c", config, "ingest", "--once")
            with Cost(server) as cost:
                said = subprocess.run([self.dmarcd, "-q", "-c", config, "verify", "--once", "--json"], check=True,
                                      capture_output=True, text=True).stdout
            zone.stdin.close()
        found = json.loads(said)
        if found["verified"] != count:
            sys.exit("bench: provenance: " + said)
        self.say("provenance, 10,000 mails", "%.0f mails/s, %.2f ms of CPU each with the server's" % (
            count / cost.wall, cost.cpu / count * 1000))

    def verifier(self):
        """The verifier beside libraries that do the same; bench_verify takes its own medians."""
        said = subprocess.run([os.path.join(self.options.bin, "bench_verify")], check=True,
                              capture_output=True, text=True).stdout
        for line in said.splitlines():
            what, ours, theirs, goal = line.split("\t")
            ours, theirs = float(ours), float(theirs)
            print("%-48s %7.1f us %7.1f us   %5.2f   (goal %s)" % (
                what, ours * 1e6, theirs * 1e6, ours / theirs, goal), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(HERE, "..", "..", "build", "release", "bin"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mails", type=int, default=20000)
    parser.add_argument("--records", type=int, default=10000000, help="of the full store")
    parser.add_argument("parts", nargs="*", metavar="PART")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    top = tempfile.mkdtemp(prefix="dmarcd-bench-", dir=os.environ.get("TMPDIR", "/tmp"))
    os.chmod(top, 0o755)
    print("%-48s %10s %10s   ratio" % ("", "dmarcd", "other"))
    try:
        bench = Bench(top, options)
        for part in options.parts or ("parse", "one-report", "ingest"):
            getattr(bench, part.replace("-", "_"))()
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    main()
