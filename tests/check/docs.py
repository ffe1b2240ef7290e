#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man pages name every subcommand, option and configuration key, and mandoc has nothing against them.

usage: docs.py SOURCE_TREE DMARCD
"""
import glob
import os
import re
import shutil
import subprocess
import sys

import house

_KEY = re.compile(r"(?:^|[{,\s-])([a-z][a-z_]+):(?=\s|$)", re.MULTILINE)


def plain(page):
    """mdoc or man source without what hides words: font changes and escaped hyphens."""
    return re.sub(r"\\f[BIRP]|\\&", "", page).replace("\\-", "-")


def missing(page, words):
    text = plain(page)
    return [word for word in words
            if not re.search(r"(?<![\w.])%s(?![\w])" % re.escape(word), text)]


def keys(example):
    """Keys of a YAML example, its comments left out."""
    lines = [line.split(" #")[0] for line in example.split("\n") if not line.startswith("#")]
    return sorted(set(_KEY.findall("\n".join(lines))))


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def subcommands(dmarcd):
    """First words of the indented lines of `dmarcd --help`."""
    found = re.findall(r"^ {1,4}([a-z]+)(?=[ \n\[])", output([dmarcd, "--help"]), re.MULTILINE)
    return sorted(set(found))


def options(dmarcd, command):
    """What `dmarcd COMMAND --help` explains, as mdoc writes it."""
    found = re.findall(r"^ +--([a-z-]+)", output([dmarcd, command, "--help"]), re.MULTILINE)
    return ["Fl -" + name for name in found]


def man_page(root, name):
    found = glob.glob(os.path.join(root, "doc/man", name))
    if not found:
        return None
    with open(found[0], encoding="utf-8") as stream:
        return stream.read()


def problems(root, dmarcd):
    found = []
    wanted = {
        "dmarcd.8": subcommands(dmarcd) + sum((options(dmarcd, name) for name in subcommands(dmarcd)), []),
        "dmarcd.conf.5": keys(output([dmarcd, "config", "example"])) + known_keys(root) + limit_keys(root),
        "dmarcverify.3": library_names(root) + verdict_fields(root) + signature_reasons(root),
        "dmarcd-worker.8": ["seccomp", "Landlock"],
    }
    for name, words in wanted.items():
        page = man_page(root, name)
        if page is None:
            found.append("doc/man/%s: there is no such page" % name)
            continue
        if not words:
            found.append("doc/man/%s: nothing to look for: does %s run?" % (name, dmarcd))
        found += ["doc/man/%s: does not mention %s" % (name, word)
                  for word in missing(page, words)]
        found += lint(os.path.join(root, "doc/man", name))
    return found


def library_names(root):
    """Functions and options of the library; a page may leave out the prefix of an option in a list."""
    header = house.read(root, "verifier/dmarcverify.h")
    return sorted(set(re.findall(r"\bdmarcverify_\w+(?=\()", header)) |
                  set(re.findall(r"^\t(DMARCVERIFY_(?!DNS_)\w+)", header, re.MULTILINE)))


# Parts that are no business of the library's.
_OTHERS = {"PROVENANCE", "RECHECK", "ALIGNMENT"}


def verdict_fields(root):
    """What dmarcverify_get() may be asked for."""
    lists = re.findall(r"^#define VERDICT_([A-Z_]+)_FIELDS\([^\n]*\n((?:.*\\\n)*.*)",
                       house.read(root, "model/verdict_list.h"), re.MULTILINE)
    return sorted({name for part, text in lists if part not in _OTHERS
                   for name in re.findall(r"[A-Z]\((\w+)\)", text)})


def signature_reasons(root):
    """Reasons of DKIM and ARC, behind a result or an instance in the sources."""
    paths = glob.glob(os.path.join(root, "verifier/dkim/*.c")) + glob.glob(os.path.join(root, "verifier/arc/*.c"))
    text = "".join(house.read(root, os.path.relpath(path, root)) for path in paths)
    return sorted(set(re.findall(r'(?:\bAUTH_[A-Z]+|sets->highest|instance|, 0), "([a-z0-9_]+)"', text)))


def known_keys(root):
    return re.findall(r'\{"(\w+)", &', house.read(root, "daemon/config/config_shape.c"))


def limit_keys(root):
    text = house.read(root, "model/limits_list.h")
    return re.findall(r"^LIMIT(?:_FROM)?\((\w+)", text, re.MULTILINE)


def lint(path):
    if not shutil.which("mandoc"):
        return []
    done = subprocess.run(["mandoc", "-T", "lint", path], capture_output=True, text=True, check=False)
    # Our own pages are not installed where they are tested.
    return [line for line in done.stdout.split("\n") if line and "referenced manual not found" not in line]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    house.report(problems(sys.argv[1], sys.argv[2]))
