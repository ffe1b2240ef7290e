#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No word from inotify: its queue overflows, or there is none to be had (F18).

usage: test_inotify.py BIN_DIR
"""
import os
import signal

import fault
import flow


class Inotify(fault.FaultTest):
    def test_queue_overflows(self):
        self.with_server()
        daemon = self.daemon()
        self.put_good()
        self.wait_for_empty()
        daemon.send_signal(signal.SIGSTOP)
        with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as stream:
            events = min(int(stream.read()), 200000)
        for _ in range(events // 2 + 2):
            with open(self.new(".busy"), "wb"):
                pass
            os.unlink(self.new(".busy"))
        self.put_good()
        daemon.send_signal(signal.SIGCONT)
        self.wait_for_empty()
        self.end(daemon)
        self.check()

    def test_none(self):
        """No instance, or no watch, is to be had: there is a look every 30 s."""
        self.need_strace()
        self.with_server()
        for call, error in (("inotify_init1", "EMFILE"), ("inotify_add_watch", "ENOSPC")):
            with self.subTest(call):
                daemon = self.daemon(*self.traced("-e", "trace=" + call, "-e", "inject=%s:error=%s" % (call, error)))
                self.put_good()
                self.wait_for_empty()
                self.put_good()
                self.wait_for_empty()
                self.end(daemon)
                self.check()
                with open(self.path("trace"), encoding="utf-8") as stream:
                    self.assertIn("(INJECTED)", stream.read())


if __name__ == "__main__":
    flow.main()
