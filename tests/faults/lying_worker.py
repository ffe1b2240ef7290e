# SPDX-License-Identifier: Apache-2.0
"""Stands in for dmarcd-worker (test_worker.py puts it beside a copy of dmarcd) and hands each mail to the
real one, `real-worker` in its folder. A mail that has a line "X-Lie: NAME" gets another answer."""
import array
import os
import re
import signal
import socket
import struct
import subprocess
import time

MESSAGE = struct.Struct("=IIIi")  # model/job.h: version, kind, steps, status
READY, ENDED = 1, 2
OTHER_VERSION = 99
spoken = []  # the version that the real one speaks
HEADER = struct.Struct("<IB")     # model/wire.h
RECORD = 4


def receive(control):
    """One packet and its descriptors; no bytes at the other's end."""
    data, ancillary, _, _ = control.recvmsg(65536, socket.CMSG_SPACE(8))
    fds = array.array("i")
    for _, _, piece in ancillary:
        fds.frombytes(piece)
    return data, list(fds)


def send(control, data, fds=()):
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    control.sendmsg([data], ancillary)


def say(control, kind=ENDED, version=None, status=0):
    send(control, MESSAGE.pack(version or spoken[0], kind, 0, status))


class Real:
    """The template that reads mail as it should."""

    def __init__(self):
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "real-worker")

        def hand_over():
            os.dup2(theirs.fileno(), 3)
        subprocess.Popen([path, "--template"], close_fds=False, preexec_fn=hand_over)
        theirs.close()
        self.ready = receive(self.control)[0]

    def answer(self, request, mail, output):
        send(self.control, request, (mail, output))
        os.close(output)
        return receive(self.control)[0]

    def frames(self, request, mail):
        """The bytes of an honest answer."""
        reading, output = os.pipe()
        send(self.control, request, (mail, output))
        os.close(output)
        with open(reading, "rb") as stream:
            found = stream.read()
        receive(self.control)
        assert found
        return found


def write(output, data):
    """False once nobody reads any more."""
    try:
        while data:
            data = data[os.write(output, data):]
        return True
    except BrokenPipeError:
        return False


def split(frames):
    """Whole frames."""
    while frames:
        end = HEADER.size + HEADER.unpack_from(frames)[0]
        yield frames[:end]
        frames = frames[end:]


def up_to_record(frames):
    found = []
    for frame in split(frames):
        found.append(frame)
        if frame[4] == RECORD:
            break
    return found


def garbage(output, frames):
    write(output, bytes(range(256)) * 1024)


def nothing(output, frames):
    pass


def too_long(output, frames):
    """One frame that claims to be nearly all memory."""
    write(output, HEADER.pack(0xfffffff0, RECORD) + bytes(65536))


def endless(output, frames):
    """A report without an end."""
    found = up_to_record(frames)
    write(output, b"".join(found))
    while write(output, found[-1] * 1000):
        pass


def twice(output, frames):
    write(output, frames + frames)


def half(output, frames):
    write(output, frames[:len(frames) // 2])


def other_sums(output, frames):
    """A row more than the closing frame tells of."""
    found = up_to_record(frames)
    write(output, b"".join(found) + found[-1] + frames[len(b"".join(found)):])


def slow(output, frames):
    """The truth, late."""
    time.sleep(1)
    write(output, frames)


STREAMS = {lie.__name__: lie for lie in (garbage, nothing, too_long, endless, twice, half, other_sums, slow)}
# What the template says instead of "ended", once.
WORDS = {
    "ready_again": lambda control: say(control, READY),
    "other_version": lambda control: say(control, version=OTHER_VERSION),
    "no_message": lambda control: send(control, b"x"),
    "gone": lambda control: os._exit(1),
    "crashed": lambda control: say(control, status=signal.SIGSEGV),
    "silent": lambda control: signal.pause(),
}


def main():
    control = socket.socket(fileno=3)
    real = Real()
    spoken.append(MESSAGE.unpack(real.ready)[0])
    send(control, real.ready)
    while True:
        request, fds = receive(control)
        if not request:
            return
        mail, output = fds
        found = re.search(rb"^X-Lie: (\w+)", os.pread(mail, 4096, 0), re.MULTILINE)
        lie = found[1].decode() if found else ""
        if lie in STREAMS:
            STREAMS[lie](output, real.frames(request, mail))
            os.close(output)
            say(control)
        elif lie in WORDS:
            real.answer(request, mail, output)
            WORDS[lie](control)
        else:
            send(control, real.answer(request, mail, output))
        os.close(mail)


main()
