# SPDX-License-Identifier: Apache-2.0
"""Resident memory of a program and its workers while it runs."""
import os
import subprocess
import threading

import flow

EVERY_SECS = 0.05


def resident_mib(pid):
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class Watch:
    """The highest figures of the program that run() starts; also those until `mails` files are in
    `folder`."""

    def __init__(self, folder=None, mails=0):
        self.folder, self.mails = folder, mails
        self.early, self.all = [0, 0], [0, 0]
        self.done = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()

    def look(self, pid):
        while not self.done.wait(EVERY_SECS):
            now = (resident_mib(pid), max([resident_mib(child) for child in flow.descendants(pid)] or [0]))
            early = self.folder and len(os.listdir(self.folder)) <= self.mails
            for kind in (self.early, self.all) if early else (self.all,):
                kind[:] = [max(pair) for pair in zip(kind, now)]

    def run(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        watcher = threading.Thread(target=self.look, args=(process.pid,))
        watcher.start()
        status = process.wait()
        self.done.set()
        watcher.join()
        if status != 0:
            raise subprocess.CalledProcessError(status, command)

    def highest(self, before=False):
        return tuple(self.early if before else self.all)
