#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./demo and ./check before there is anything to build with: what they say and how they end when
packages, rights, network or room are missing. apt-get and dpkg-query are stand-ins here: no test
may change the machine it runs on.

usage: test_scripts.py SOURCE_DIR
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

EX_OK, EX_USAGE, EX_UNAVAILABLE, EX_IOERR, EX_NOPERM = 0, 64, 69, 74, 77
NOBODY = 65534


class Scripts(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="dmarcd-scripts-")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        self.root = os.path.join(self.top, "tree")
        self.bin = os.path.join(self.top, "bin")
        os.makedirs(os.path.join(self.root, "tools"))
        os.makedirs(self.bin)
        for name in ("demo", "check", "tools/setup.sh"):
            shutil.copy(os.path.join(SOURCE, name), os.path.join(self.root, name))
        self.installed = os.path.join(self.top, "installed")
        os.mkdir(self.installed)
        os.chmod(self.installed, 0o777)
        # Everything is there but what a test takes away.
        self.stub("dpkg-query", 'for p; do :; done\n[ -e "%s/no-$p" ] || printf installed' % self.installed)
        self.stub("apt-get", "exit 99")
        self.stub("cmake", "exit 1")
        self.stub("npm", "exit 0")

    def stub(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="ascii") as stream:
            stream.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    def missing(self, *packages):
        for package in packages:
            with open(os.path.join(self.installed, "no-" + package), "w", encoding="ascii"):
                pass

    def run_script(self, name, *arguments, code, user=None, before=None, env=None):
        command = [os.path.join(self.root, name), *arguments]
        if before:
            command = ["unshare", "-m", "sh", "-c", before + ' && exec "$@"', "sh", *command]
        as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/",
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, "PATH": self.bin + ":/usr/bin:/bin", **(env or {})}, **as_user)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def need_root(self):
        if os.geteuid() != 0:
            self.skipTest("not run: scripts: needs root")

    def need_mounts(self):
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("not run: scripts: mounting needs root")

    def test_help(self):
        for name in ("demo", "check"):
            for option in ("-h", "--help"):
                self.assertIn("usage: ./" + name, self.run_script(name, option, code=EX_OK).stdout)

    def test_unknown_option(self):
        self.assertIn("usage: ./check", self.run_script("check", "--nonsense", code=EX_USAGE).stderr)

    def test_nothing_to_install(self):
        for name in ("demo", "check"):
            for _ in range(2):
                self.run_script(name, "--deps-only", code=EX_OK)

    def test_installs_what_is_missing(self):
        self.need_root()
        self.missing("brotli", "libcyaml-dev")
        self.stub("apt-get", 'case "$*" in *install*) echo "$*" >%s/asked; rm -f %s/no-*;; esac' % (
            self.top, self.installed))
        done = self.run_script("demo", "--deps-only", code=EX_OK, env={"LC_ALL": "tr_TR.UTF-8", "TZ": "xx"})
        self.assertIn("Installing 2 packages", done.stdout)
        self.assertIn("libcyaml-dev brotli", done.stdout)
        with open(os.path.join(self.top, "asked"), encoding="ascii") as stream:
            self.assertIn("install -y --no-install-recommends libcyaml-dev brotli\n", stream.read())
        self.assertNotIn("Installing", self.run_script("demo", "--deps-only", code=EX_OK).stdout)

    def test_no_network(self):
        self.need_root()
        self.missing("brotli")
        self.stub("apt-get", "echo \"Temporary failure resolving 'deb.example'\" >&2; exit 100")
        done = self.run_script("demo", "--deps-only", code=EX_UNAVAILABLE)
        self.assertIn("no network: need these 1 packages: brotli", done.stderr)
        self.assertIn("apt-get install -y --no-install-recommends brotli", done.stderr)

    def test_apt_that_fails(self):
        self.need_root()
        self.missing("brotli")
        self.stub("apt-get", "echo 'E: dpkg was interrupted' >&2; exit 100")
        done = self.run_script("demo", "--deps-only", code=EX_UNAVAILABLE)
        self.assertIn("dpkg was interrupted", done.stderr)
        self.assertIn("brotli", done.stderr)

    def test_user_without_sudo(self):
        self.need_root()
        self.missing("brotli")
        self.stub("sudo", "exit 1")
        done = self.run_script("demo", code=EX_UNAVAILABLE, user=NOBODY)
        self.assertIn("apt-get install -y --no-install-recommends brotli", done.stderr)

    def test_user_with_sudo(self):
        self.need_root()
        self.missing("brotli")
        self.stub("sudo", '[ "$1" != -n ] || shift\nexec env SUDO=yes "$@"')
        self.stub("apt-get", 'case "$SUDO$*" in yes*install*) rm -f %s/no-*;; esac' % self.installed)
        done = self.run_script("demo", "--deps-only", code=EX_OK, user=NOBODY)
        self.assertIn("Installing 1 packages for building and running dmarcd (with sudo)", done.stdout)

    def test_other_system(self):
        self.stub("uname", '[ "$1" = -m ] && echo riscv64 || echo Linux')
        self.assertIn("Warning: tested on Debian 12", self.run_script("demo", "--deps-only", code=EX_OK).stdout)
        self.stub("uname", "echo Plan9")
        self.assertIn("Linux only", self.run_script("demo", "--deps-only", code=EX_UNAVAILABLE).stderr)

    def test_tree_of_another_user(self):
        self.need_root()
        self.assertIn("cannot write", self.run_script("demo", code=EX_NOPERM, user=NOBODY).stderr)

    def test_built_tree_of_another_user(self):
        self.need_root()
        program = os.path.join(self.root, "build", "release", "bin", "dmarcd")
        os.makedirs(os.path.dirname(program))
        with open(program, "w", encoding="ascii") as stream:
            stream.write('#!/bin/sh\necho "started with $*"\n')
        os.chmod(program, 0o755)
        done = self.run_script("demo", "--reset", code=EX_OK, user=NOBODY)
        self.assertIn("Cannot write to", done.stdout)
        self.assertIn("started with demo --reset", done.stdout)

    def test_programs_may_not_run(self):
        self.need_mounts()
        build = os.path.join(self.root, "build")
        os.mkdir(build)
        done = self.run_script("demo", code=EX_NOPERM,
                               before="mount -t tmpfs -o noexec,size=600m none '%s'" % build)
        self.assertIn("noexec", done.stderr)

    def test_little_room(self):
        self.need_mounts()
        build = os.path.join(self.root, "build")
        os.mkdir(build)
        done = self.run_script("demo", code=EX_IOERR, before="mount -t tmpfs -o size=20m none '%s'" % build)
        self.assertIn("only 20 MB free", done.stderr)

    def test_read_only_tree(self):
        self.need_mounts()
        build = os.path.join(self.root, "build")
        os.mkdir(build)
        done = self.run_script("demo", code=EX_NOPERM, before="mount -t tmpfs -o ro none '%s'" % build)
        self.assertIn("cannot write to", done.stderr)

    def test_build_that_cannot_be_configured(self):
        self.stub("cmake", "echo 'CMake Error: no such thing' >&2; exit 1")
        done = self.run_script("demo", code=EX_UNAVAILABLE)
        self.assertIn("no such thing", done.stderr)
        self.assertIn("libxml2-dev", done.stderr)

    def test_corpus_goes_into_every_build(self):
        self.stub("cmake", 'echo "$*" >>%s/asked; case $* in *--build*) ;; *) mkdir -p build/dev; esac' % self.top)
        self.stub("ctest", "echo '100% tests passed'")
        os.mkdir(os.path.join(self.top, "some reports"))
        self.run_script("check", "--quick", code=EX_OK,
                        env={"CI": "", "DMARCD_CORPUS": os.path.join(self.top, "nowhere", "..", "some reports")})
        with open(os.path.join(self.top, "asked"), encoding="ascii") as stream:
            self.assertIn("-DDMARCD_CORPUS=%s/some reports\n" % self.top, stream.read())

    def test_corpus(self):
        """A build machine must have one."""
        self.stub("npm", "exit 0")
        done = self.run_script("check", code=66, env={"CI": "true", "DMARCD_CORPUS": os.path.join(self.top, "none")})
        self.assertIn("no corpus", done.stderr)


if __name__ == "__main__":
    SOURCE = os.path.abspath(sys.argv.pop(1))
    unittest.main()
