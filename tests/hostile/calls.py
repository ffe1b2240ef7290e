# SPDX-License-Identifier: Apache-2.0
"""The system calls of dmarcd-worker once it has confined itself, out of what strace -f wrote."""
import re

_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")
_END = re.compile(r"^(\d+) +\+\+\+ (.*) \+\+\+$")
READY = "sendmsg"  # what a template sends when it is confined and its self-test is over
FORKS = {"clone", "clone3", "fork", "vfork"}
# Nothing of this may be asked for, not even in vain.
FORBIDDEN = re.compile(r"^(open.*|creat|socket.*|connect|bind|listen|accept.*|sendto|execve.*|unlink.*|rename.*|mkdir.*|"
                       r"link.*|symlink.*|mount|ptrace|process_vm.*|memfd_create|kill|clone3|fork|vfork)$")


def lines(stream):
    """(pid, call, the rest) in the order they ended, or took their process with them.

    Who is killed from outside on the way into a call never made it, and strace may give it the killer's name.
    """
    begun = {}
    for line in stream:
        found = _LINE.match(line)
        if found:
            pid, call, rest = int(found.group(1)), found.group(2), found.group(3)
            begun[pid] = (pid, call, begun[pid][2] + rest if pid in begun else rest)
            if not rest.endswith("<unfinished ...>"):
                yield begun.pop(pid)
            continue
        found = _END.match(line)
        last = begun.pop(int(found.group(1)), None) if found else None
        if last and "SIGKILL" not in found.group(2):
            yield last


def of_worker(stream):
    """(calls of templates, calls of the processes for mails), each name -> number, after READY."""
    templates, ready, children = set(), set(), set()
    of_template, of_children = {}, {}
    for pid, call, rest in lines(stream):
        if call == "execve" and "dmarcd-worker" in rest and "--template" in rest:
            templates.add(pid)
            continue
        if pid in templates and pid not in ready:
            if call == READY:
                ready.add(pid)
            continue
        if pid in ready:
            of_template[call] = of_template.get(call, 0) + 1
            child = re.search(r"= (\d+)$", rest)
            if call in FORKS and child:
                children.add(int(child.group(1)))
        elif pid in children:
            of_children[call] = of_children.get(call, 0) + 1
    return of_template, of_children


def problems(of_template, of_children):
    for call in sorted(of_template):
        if FORBIDDEN.match(call) or (call in FORKS and call != "clone"):
            yield "the template calls %s" % call
    for call in sorted(of_children):
        if FORBIDDEN.match(call) or call in FORKS:
            yield "a mail's process calls %s" % call
