#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every limit of model/limits_list.h at its ceiling and one above, its least and one below; those of the queue and the
quarantine, which no parser test sees, at their value and one above.

usage: test_limits.py BIN_DIR [unittest arguments]
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))
import flow  # noqa: E402
import mails  # noqa: E402

_LIMIT = re.compile(r"^LIMIT(?:_FROM)?\((\w+), LIMIT_(\w+),(?: ([^,]+),(?=[^,]+,[^,]+, \"))? ([^,]+), ([^,]+), \"", re.M)
UNITS = {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "ONE_HOUR": 3600, "ONE_DAY": 86400,
         "INT64_MAX": (1 << 63) - 1}


def number(text):
    product = 1
    for factor in text.split("*"):
        product *= UNITS.get(factor.strip()) or int(factor)
    return product


def table():
    with open(os.path.join(flow.SOURCE, "model", "limits_list.h"), encoding="utf-8") as stream:
        return [(key, unit, number(least or "1"), number(normal), number(ceiling))
                for key, unit, least, normal, ceiling in _LIMIT.findall(stream.read())]


class LimitsTest(flow.FlowTest):
    def check(self, key, unit, value, code):
        path = self.write("limits.yaml", "state_dir: %s\nlimits: {%s: %d%s}\n" % (
            self.path("state"), key, value, "s" if unit == "SECS" else ""))
        return self.dmarcd("config", "check", config=path, code=code)

    def test_ceilings(self):
        limits = table()
        self.assertGreater(len(limits), 40)
        for key, unit, least, normal, ceiling in limits:
            self.assertTrue(least <= normal <= ceiling, key)
            self.check(key, unit, least, flow.EX_OK)
            self.check(key, unit, ceiling, flow.EX_OK)
            done = self.check(key, unit, ceiling + 1, flow.EX_CONFIG)
            self.assertIn("limits.yaml:2:", done.stderr)
            self.assertIn("limits." + key, done.stderr)
            self.assertIn("limits." + key, self.check(key, unit, least - 1, flow.EX_CONFIG).stderr)

    def maildir(self, contents):
        new = os.path.join(flow.make_maildir(self.path("Maildir")), "new")
        for i, content in enumerate(contents):
            with open(os.path.join(new, "%03d" % i), "wb") as stream:
                stream.write(content)
        return self.path("Maildir")

    def test_queue(self):
        """However little may be in hand, everything is taken in."""
        contents = [mails.mail(mails.report("q%d" % i, 2)[0], "q%d" % i) for i in range(20)]
        for name, more in (("names", "queue_names: 1"), ("bytes", "queue_bytes: 1")):
            self.configure(self.maildir(contents), name=name, more="limits: {%s}\n" % more)
            self.dmarcd("ingest", "--once")
            self.assertEqual(self.status()["balance"]["stored"], 20, more)
            os.rename(self.path("Maildir"), self.path("Maildir." + name))

    def test_quarantine_bytes(self):
        broken = mails.broken(1)
        for less, left in ((0, 0), (1, 1)):
            name = "kept%d" % less
            self.configure(self.maildir([broken]), name=name,
                           more="limits: {quarantine_bytes: %d}\n" % (len(broken) - less))
            self.dmarcd("ingest", "--once", code=(flow.EX_OK, flow.EX_DATAERR, flow.EX_TEMPFAIL, 74))
            self.assertEqual(len(os.listdir(self.path("Maildir", "new"))), left)
            self.assertEqual(self.status()["balance"]["quarantined"], 1 - left)
            os.rename(self.path("Maildir"), self.path("Maildir." + name))


if __name__ == "__main__":
    flow.main()
