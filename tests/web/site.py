#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole site to test: samples and hostile reports through the real path, `dmarcd web` over them.

usage: site.py BIN_DIR FILLED COMMAND…
       site.py BIN_DIR FILLED
Runs COMMAND with SITE_URL, SITE_BIN, SITE_CONFIG, SITE_DIR and SITE_MANIFEST in its environment
and exits as it does, over a copy of the folder FILLED; without a COMMAND it makes that folder.
77: what it needs is not here.
"""
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import hostile

START_SECS, STOP_SECS = 60, 20
FIRST_PORT, PORT_TRIES = 24480, 100
CONFIG = """\
organisation: Example <b>KK</b>
state_dir: {dir}/state
http: {{listen: "127.0.0.1:{port}", public_url: "https://dmarc.example.jp/reports/"}}
domains:
  - {{name: example.com}}
"""


def not_run(why):
    print("not run: web: " + why)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


class Site:
    """Made in a folder of its own; everything is gone at the end of the with block."""

    def __init__(self, bin_dir):
        self.bin = os.path.abspath(bin_dir)
        self.dir = tempfile.mkdtemp(prefix="dmarcd-site-")
        os.chmod(self.dir, 0o755)  # as root the database runs as another user
        self.config = os.path.join(self.dir, "dmarcd.yaml")
        self.log = os.path.join(self.dir, "web.log")
        self.server = None
        self.url = None

    def dmarcd(self, *arguments, codes=(0,)):
        done = subprocess.run([os.path.join(self.bin, "dmarcd"), "-c", self.config, *arguments],
                              capture_output=True, text=True, check=False)
        if done.returncode not in codes:
            sys.exit("dmarcd %s: exit %d\n%s" % (arguments[0], done.returncode, done.stderr))
        return done.stdout

    def configure(self):
        """SITE_MORE: further lines of the configuration."""
        with open(self.config, "w", encoding="utf-8") as stream:
            stream.write(CONFIG.format(dir=self.dir, port=FIRST_PORT + os.getpid() % 500 * 50))
            stream.write(os.environ.get("SITE_MORE", ""))

    def fill(self):
        samples = os.path.join(self.dir, "samples")
        subprocess.run([os.path.join(self.bin, "dmarcd-samples"), samples], check=True,
                       stdout=subprocess.DEVNULL)
        bad = os.path.join(self.dir, "hostile")
        hostile.write(bad)
        self.dmarcd("ingest", samples, bad, codes=(0, 65))  # some are broken on purpose

    def start(self):
        with open(self.log, "w", encoding="utf-8") as stream:
            self.server = subprocess.Popen(
                [os.path.join(self.bin, "dmarcd"), "-c", self.config, "web", "--demo", "--port-tries",
                 str(PORT_TRIES)], stderr=stream, stdout=stream)
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline:
            for line in self.log_text().splitlines():
                if "listening" in line and "url=" in line:
                    self.url = line.split("url=", 1)[1].split()[0].strip('"')
                    return
            if self.server.poll() is not None:
                break
            time.sleep(0.02)  # there is nothing to wait on but a growing log
        sys.exit("dmarcd web did not start:\n" + self.log_text())

    def log_text(self):
        with open(self.log, encoding="utf-8") as stream:
            return stream.read()

    def stop(self):
        if self.server is None:
            return 0
        self.server.send_signal(signal.SIGTERM)
        try:
            return self.server.wait(STOP_SECS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
            return -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def make(bin_dir, filled):
    with Site(bin_dir) as site:
        site.configure()
        site.fill()
        shutil.rmtree(filled, ignore_errors=True)
        subprocess.run(["cp", "-a", site.dir, filled], check=True)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: site.py BIN_DIR FILLED [COMMAND…]")
    command = sys.argv[3:]
    if command and shutil.which(command[0]) is None:
        not_run("%s is not installed; apt-get install nodejs npm" % command[0])
    if not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        not_run("PostgreSQL is not installed; apt-get install postgresql")
    if not command:
        make(sys.argv[1], sys.argv[2])
        return
    with Site(sys.argv[1]) as site:
        subprocess.run(["cp", "-a", sys.argv[2] + "/.", site.dir], check=True)
        site.configure()
        site.start()
        environment = dict(os.environ, SITE_URL=site.url, SITE_BIN=site.bin, SITE_CONFIG=site.config,
                           SITE_DIR=site.dir, SITE_PID=str(site.server.pid),
                           SITE_MANIFEST=os.path.join(site.dir, "samples", "manifest.json"))
        status = subprocess.run(command, env=environment, check=False).returncode
        stopped = site.stop()
        if status == 0 and stopped != 0:
            status = 1
            print("dmarcd web ended with %d" % stopped)
        if status not in (0, 77):
            print("what dmarcd web said last:\n" + site.log_text()[-6000:])
        site.server = None
    sys.exit(status)


if __name__ == "__main__":
    main()
