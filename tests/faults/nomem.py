# SPDX-License-Identifier: Apache-2.0
"""What nomem.c is told, and what it tells."""
import os
import shutil
import struct
import subprocess

import fault

MAIN, WORKER, BY_SITE = range(3)
HEAD = struct.Struct("=IIIIIIQ")  # mode, at, step, failed, failures, calls, wanted
SITE = struct.Struct("=QQ")       # hash of the callers, calls
SITES = 16384


class MemoryTest(fault.FaultTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("cc"):
            self.skipTest("not run: faults: no C compiler")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self.path("nomem.so"),
                        os.path.join(fault.HERE, "nomem.c")], check=True)
        self.environment = {"LD_PRELOAD": self.path("nomem.so"), "NOMEM": self.path("state")}

    def begin(self, mode, at=0, step=0, wanted=0):
        with open(self.path("state"), "wb") as stream:
            stream.write(HEAD.pack(mode, at, step, 0, 0, 0, wanted))
            stream.truncate(HEAD.size + SITES * SITE.size)

    def seen(self):
        """Failures and calls."""
        with open(self.path("state"), "rb") as stream:
            return HEAD.unpack(stream.read(HEAD.size))[4:6]

    def sites(self):
        """{hash of the callers: calls}"""
        with open(self.path("state"), "rb") as stream:
            stream.seek(HEAD.size)
            return {site: calls for site, calls in SITE.iter_unpack(stream.read()) if calls}
