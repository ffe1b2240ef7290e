#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong at a first start, or at one after a crash: coped with, or said with what to do.

usage: test_first_run.py BIN_DIR
"""
import json
import os
import shutil
import signal
import socket
import subprocess

import flow

ENDS = (flow.EX_OK, flow.EX_DATAERR)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as stream:
        return stream.read().splitlines()


class FirstRun(flow.FlowTest):
    def setUp(self):
        super().setUp()
        self.state = self.path("state")
        self.config = self.write("own.yaml", "state_dir: %s\n" % self.state)

    def begin(self):
        """A state folder with a mail in it."""
        wanted = flow.samples(self.path("mails"), "--days", "1")
        self.dmarcd("ingest", self.path("mails"), code=ENDS)
        return wanted

    def test_locale_and_zone_do_not_matter(self):
        wanted = flow.samples(self.path("mails"), "--days", "2")
        self.dmarcd("ingest", self.path("mails"), code=ENDS,
                    env={"LC_ALL": "tr_TR.UTF-8", "LANG": "xx", "TZ": "America/St_Johns"})
        self.check_totals(self.status(), wanted)

    def test_folder_with_a_long_name(self):
        """A unix socket's path may have 107 bytes; the state folder's may be longer."""
        self.state = self.path(*["long-name-of-a-folder"] * 8)
        self.config = self.write("own.yaml", "state_dir: %s\n" % self.state)
        self.check_after(self.begin())

    def check_after(self, wanted):
        self.check_totals(self.status(), wanted)

    def test_killed_server_and_stale_lock(self):
        wanted = self.begin()
        web = self.start("web", stderr=subprocess.DEVNULL, env={})
        pid_file = os.path.join(self.state, "pg", "postmaster.pid")
        flow.wait_until(lambda: os.path.exists(pid_file), "the cluster")
        for name in ("dmarcd-keeper", "postgres"):
            for pid in flow.descendants(os.getpid(), name):
                flow.kill(pid)
        web.send_signal(signal.SIGKILL)
        web.wait(flow.END_SECS)
        flow.wait_until(lambda: not flow.descendants(os.getpid()), "all to die")
        flow.reap_orphans()
        self.check_totals(self.status(), wanted)

    def test_killed_before_its_pid(self):
        wanted = self.begin()
        with open(os.path.join(self.state, "pg", "postmaster.pid"), "x", encoding="utf-8"):
            pass
        self.check_totals(self.status(), wanted)

    def test_killed_container(self):
        """Everything at once; the next start has the same pids, and the pid file still says "ready"."""
        inside = ["unshare", "-p", "-f", "--mount-proc", "--kill-child"]
        if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("not run: daemon: a container of one's own needs root")
        wanted = self.begin()
        pid_file = os.path.join(self.state, "pg", "postmaster.pid")
        for _ in range(3):
            outer = subprocess.Popen([*inside, *self.command("psql", "-c", "SELECT pg_sleep(600)")],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            flow.wait_until(lambda: "ready   " in lines_of(pid_file), "the cluster")
            outer.kill()
            outer.wait(flow.END_SECS)
            flow.wait_until(lambda: not flow.descendants(os.getpid()), "all to die")
            flow.reap_orphans()
            done = subprocess.run([*inside, *self.command("status", "--json")], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, flow.EX_OK, done.stderr)
            self.check_totals(json.loads(done.stdout), wanted)

    def test_stale_locks_whose_pid_another_program_has(self):
        wanted = self.begin()
        web = self.start("web", stderr=subprocess.DEVNULL)
        pid_file = os.path.join(self.state, "pg", "postmaster.pid")
        flow.wait_until(lambda: len(lines_of(pid_file)) >= 8, "the cluster")
        left = {pid_file: lines_of(pid_file)}
        lock = os.path.join(left[pid_file][4], ".s.PGSQL.5432.lock")
        left[lock] = lines_of(lock)
        web.send_signal(signal.SIGTERM)
        web.wait(flow.END_SECS)
        flow.wait_until(lambda: not flow.descendants(os.getpid()), "the cluster to end")
        other = subprocess.Popen(["sleep", "600"], cwd="/", **flow.database_user())
        for path, lines in left.items():
            with open(path, "w", encoding="ascii") as stream:
                stream.write("\n".join([str(other.pid), *lines[1:]]) + "\n")
        try:
            self.check_totals(self.status(), wanted)
        finally:
            other.kill()
            other.wait()

    def test_half_made_cluster(self):
        os.makedirs(os.path.join(self.state, "pg.tmp", "base"))
        self.check_after(self.begin())

    def test_other_major_version(self):
        self.begin()
        with open(os.path.join(self.state, "pg", "PG_VERSION"), "w", encoding="ascii") as stream:
            stream.write("9\n")
        done = self.dmarcd("status", code=flow.EX_CONFIG)
        self.assertIn("PostgreSQL 9", done.stderr)
        self.assertIn("hint:", done.stderr)

    def test_port_in_use(self):
        self.begin()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.config = self.write("own.yaml", "state_dir: %s\nhttp: {listen: '127.0.0.1:%d'}\n" % (
                self.state, other.getsockname()[1]))
            done = self.dmarcd("web", code=flow.EX_UNAVAILABLE)
            port = other.getsockname()[1]
        with open("/proc/self/comm", encoding="utf-8") as stream:
            name = stream.read().strip()
        self.assertIn("127.0.0.1:%d is in use by pid %d (%s)" % (port, os.getpid(), name), done.stderr)
        self.assertIn("hint:", done.stderr)

    def test_modes_of_the_database_folder_are_repaired(self):
        wanted = self.begin()
        data = os.path.join(self.state, "pg")
        os.chmod(data, 0o755)
        self.check_totals(self.status(), wanted)
        self.assertEqual(os.stat(data).st_mode & 0o777, 0o700)

    def test_clock_before_the_build(self):
        if not shutil.which("faketime"):
            self.skipTest("not run: daemon: faketime is not installed")
        flow.samples(self.path("mails"), "--days", "1")
        for when, wrong in (("2016-02-03", True), ("+1 day", False)):
            done = subprocess.run(["faketime", when, flow.program("dmarcd"), "-c", self.config, "ingest", "--in-place",
                                   self.path("mails")], capture_output=True, text=True, check=False)
            self.assertEqual("the clock is wrong" in done.stderr, wrong, done.stderr)

    def mounted(self, mount, command, code):
        """dmarcd with something mounted, in a mount namespace of its own."""
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("not run: daemon: mounting needs root")
        done = subprocess.run(["unshare", "-m", "sh", "-c", mount + ' && exec "$@"', "sh", flow.program("dmarcd"),
                               "-c", self.config, *command], capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_little_room(self):
        os.mkdir(self.state)
        done = self.mounted("mount -t tmpfs -o size=50m none '%s'" % self.state, ["ingest", self.top], (74,))
        self.assertRegex(done.stderr, r"only (49|50) MiB free .*needed")
        self.assertIn("hint:", done.stderr)

    def test_little_room_for_a_demo(self):
        """Said before the samples are written."""
        os.mkdir(self.state)
        done = self.mounted("mount -t tmpfs -o size=50m none '%s'" % self.state,
                            ["demo", "--state-dir", self.state], (74,))
        self.assertRegex(done.stderr, r"only (49|50) MiB free .*needed")
        self.assertEqual(done.stdout, "")

    def test_read_only(self):
        os.mkdir(self.state)
        done = self.mounted("mount -t tmpfs -o ro none '%s'" % self.state, ["ingest", self.top], (74,))
        self.assertRegex(done.stderr, "(?i)read-only file system")

    def test_tiny_shared_memory(self):
        wanted = flow.samples(self.path("mails"), "--days", "1")
        self.mounted("mount -t tmpfs -o size=2m none /dev/shm", ["ingest", self.path("mails")], ENDS)
        self.check_totals(self.status(), wanted)

    def test_no_postgresql(self):
        flow.samples(self.path("mails"), "--days", "1")
        done = self.mounted("mount -t tmpfs none /usr/lib/postgresql && export PATH=/usr/sbin:/sbin",
                            ["ingest", self.path("mails")], (flow.EX_UNAVAILABLE,))
        self.assertIn("apt-get install", done.stderr)

    def test_state_dir_is_a_file(self):
        self.write("state", "not a folder")
        done = self.dmarcd("ingest", self.top, code=(flow.EX_NOPERM, flow.EX_CANTCREAT, flow.EX_CONFIG, 74))
        self.assertIn(self.state, done.stderr)

    def test_no_user_entry(self):
        """A uid that the user database does not know, as containers have it."""
        if os.geteuid() != 0:
            self.skipTest("not run: daemon: needs root")
        os.chmod(self.top, 0o777)
        os.mkdir(self.path("bin"), 0o755)
        program = shutil.copy(flow.program("dmarcd"), self.path("bin"))
        shutil.copy(flow.program("dmarcd-worker"), self.path("bin"))
        done = subprocess.run([program, "-c", self.config, "ingest", self.top], user=54321,
                              group=54321, extra_groups=[], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, flow.EX_NOPERM, done.stderr)
        self.assertIn("54321", done.stderr)
        self.assertIn("hint:", done.stderr)

    def test_folder_closed_to_the_database_user(self):
        if os.geteuid() != 0:
            self.skipTest("not run: daemon: needs root")
        os.mkdir(self.path("closed"), 0o700)
        self.config = self.write("own.yaml", "state_dir: %s\n" % self.path("closed", "state"))
        done = self.dmarcd("ingest", self.top, code=flow.EX_NOPERM)
        self.assertIn(self.path("closed"), done.stderr)


if __name__ == "__main__":
    flow.main()
