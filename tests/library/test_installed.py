#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library as it is installed: found by pkg-config, linked shared and static by the documented example,
exporting its public names and nothing else, and needing nothing that it promises not to need.

usage: test_installed.py SOURCE_TREE BUILD_DIR COMPILER
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, COMPILER = sys.argv[1:4]
VERSION_NODE = "DMARCVERIFY_0.1"
# What a library without sockets, clock, files, log and environment never calls.
NEVER = set("""socket connect bind listen accept accept4 send sendto sendmsg recv recvfrom recvmsg poll ppoll select
    getaddrinfo gethostbyname res_query res_search open open64 openat fopen fopen64 creat popen opendir
    time clock_gettime clock gettimeofday getenv secure_getenv syslog openlog vsyslog printf puts putchar
    fprintf vfprintf fputs fwrite fork execve system write stderr stdout setlocale""".split())
NEEDED = {"libcrypto", "libidn2", "libpsl", "libxml2", "libz", "libc", "ld-linux-x86-64"}
MESSAGE = "From: a <a@example.com>\r\nSubject: s\r\n\r\nhello\r\n"
ANSWERS = ('example.com TXT "v=spf1 ip4:192.0.2.1 -all"\n'
           '_dmarc.example.com TXT "v=DMARC1; p=reject"\n')
# Names of our rooms that a host may well have too.
HOST = "".join("int %s(void);\nint %s(void)\n{\n\treturn 1;\n}\n" % (name, name) for name in (
    "die", "arena_open", "buf_init", "str_eq", "utf8_valid", "spf_check", "check_message", "verify_text",
    "base64_decode", "domain_to_ascii", "json_init"))


def run(*command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C", **(env or {})})
    if done.returncode != 0:
        raise AssertionError("%s: exit %d\n%s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done.stdout


def symbols(*arguments):
    """Names of nm's output."""
    return {line.split()[-1] for line in run("nm", *arguments).split("\n")
            if line and not line.endswith(":")}


class LibraryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="dmarcverify-")
        run("cmake", "--install", BUILD, "--prefix", cls.root)
        cls.lib = os.path.dirname(os.path.dirname(cls.find("dmarcverify.pc")))
        cls.env = {"PKG_CONFIG_PATH": os.path.join(cls.lib, "pkgconfig"), "LD_LIBRARY_PATH": cls.lib}
        cls.shared = os.path.join(cls.lib, "libdmarcverify.so")
        cls.static = os.path.join(cls.lib, "libdmarcverify.a")
        for name, text in (("m.eml", MESSAGE), ("answers", ANSWERS), ("host.c", HOST)):
            with open(os.path.join(cls.root, name), "w", encoding="utf-8", newline="") as stream:
                stream.write(text)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    @classmethod
    def find(cls, name):
        for where, _, names in os.walk(cls.root):
            if name in names:
                return os.path.join(where, name)
        raise AssertionError("%s is not installed" % name)

    def pkg_config(self, *arguments):
        return run("pkg-config", *arguments, "dmarcverify", env=self.env).split()

    def built(self, name, libraries, *more):
        program = os.path.join(self.root, name)
        run(COMPILER, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program,
            os.path.join(SOURCE, "doc/examples/verify.c"), *more, *self.pkg_config("--cflags"), *libraries)
        return program

    def verdict(self, program, ip):
        return run(program, os.path.join(self.root, "m.eml"), os.path.join(self.root, "answers"), ip,
                   "b@example.com", env=self.env)

    def check_program(self, program):
        self.assertEqual(self.verdict(program, "192.0.2.1"), "spf=pass dmarc=pass\n")
        self.assertEqual(self.verdict(program, "192.0.2.2"), "spf=fail dmarc=fail\n")

    def test_shared(self):
        program = self.built("shared", self.pkg_config("--libs"))
        self.assertIn("libdmarcverify.so.0", run("readelf", "-dW", program))
        self.check_program(program)

    def test_static(self):
        # The library alone static, what it needs shared: as dmarcverify(3) says.
        libraries = [word.replace("-ldmarcverify", "-l:libdmarcverify.a")
                     for word in self.pkg_config("--libs", "--static")]
        # A host whose names are ours.
        program = self.built("static", libraries, os.path.join(self.root, "host.c"))
        self.assertNotIn("libdmarcverify", run("readelf", "-dW", program))
        self.check_program(program)

    def declared(self):
        with open(self.find("dmarcverify.h"), encoding="utf-8") as stream:
            return set(re.findall(r"DMARCVERIFY_API [^;]*?\b(dmarcverify_\w+)\(", stream.read()))

    def test_exported(self):
        self.assertGreater(len(self.declared()), 15)
        exported = symbols("-D", "--defined-only", self.shared)
        exported = {name for name in exported if not name.startswith(VERSION_NODE)}  # the node itself
        self.assertEqual(exported, {"%s@@%s" % (name, VERSION_NODE) for name in self.declared()})
        self.assertEqual(symbols("-g", "--defined-only", self.static), self.declared())

    def test_needs(self):
        dynamic = run("readelf", "-dW", self.shared)
        needed = {re.sub(r"\.so.*", "", name) for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic)}
        self.assertLessEqual(needed, NEEDED)
        self.assertIn("SONAME", dynamic)
        self.assertIn("[libdmarcverify.so.0]", dynamic)
        for arguments in (("-D", "-u", self.shared), ("-u", self.static)):
            called = {name.split("@")[0] for name in symbols(*arguments)}
            self.assertIn("abort", called)
            self.assertIn("xmlInitParser", called)  # without it libxml2 is no place for two threads
            self.assertEqual(called & NEVER, set())

    def test_example_is_short(self):
        with open(os.path.join(SOURCE, "doc/examples/verify.c"), encoding="utf-8") as stream:
            code = re.sub(r"/\*.*?\*/", "", stream.read(), flags=re.DOTALL)
        self.assertLessEqual(len([line for line in code.split("\n") if line.strip() and line[0] != "#"]), 30)

    def test_header_in_cxx(self):
        compiler = shutil.which("g++")
        if not compiler:
            self.skipTest("no C++ compiler")
        run(compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++",
            "-include", self.find("dmarcverify.h"), "/dev/null")


if __name__ == "__main__":
    del sys.argv[1:]
    unittest.main()
