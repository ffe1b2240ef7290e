#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each check finds what it is for: a small good tree passes, and one fault at a time is found."""
import os
import shutil
import subprocess
import tempfile
import unittest

import banned
import binaries
import codes
import docs
import headers
import hygiene
import layers
import sizes
import unit

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
PURPOSE = "/*\n * Adds numbers, for those who like them added; keeps nothing and owns nothing.\n */\n"
LIST = "/* what tolerant reading found, as data: an X-macro list */\n"
GOOD = {
    "base/sum.h": SPDX + PURPOSE + "#pragma once\n\n/* a + b */\nint sum_of(int a, int b);\n",
    "base/sum.c": SPDX + '#include "base/sum.h"\n\nint sum_of(int a, int b)\n{\n\treturn a + b;\n}\n',
    "model/noun.h": SPDX + PURPOSE + '#pragma once\n\n#include "base/sum.h"\n\nstruct noun {\n\tint n;\n};\n',
    "model/issue_list.h": SPDX + LIST + 'ISSUE(BOM, "xml.bom", false, "a mark")\n',
    "model/reason_list.h": SPDX + LIST + 'REASON(NONE, "", "")\nREASON(EMPTY, "file.empty", "empty")\n',
    "store/db.c": SPDX + '#include <libpq-fe.h>\n\nvoid db_begin(PGconn *pg)\n{\n'
                  '\tPQexec(pg, "BEGIN");\n}\n',
    "model/coherence_list.h": SPDX + LIST + 'COHERENCE(ZERO, "count.zero", RECORD, "of no message")\n',
    "doc/coherence.md": "| `count.zero` | of no message | think |\n",
    "doc/issues.md": "# Issues\n\n| code | meaning | what to do |\n|---|---|---|\n"
                     "| `xml.bom` | a mark | nothing |\n| `file.empty` | empty | send it |\n",
}


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="dmarcd-check-")
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in GOOD.items():
            self.write(path, text)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as stream:
            stream.write(text)

    def add(self, path, text):
        with open(os.path.join(self.root, path), "a", encoding="utf-8") as stream:
            stream.write(text)

    def expect(self, found, *words):
        """One problem, and each of these words is in it."""
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])


class GoodTreeTest(CheckTest):
    def test_good_tree_passes(self):
        for check in (layers, sizes, banned, hygiene, codes):
            self.assertEqual(check.problems(self.root), [], check.__name__)
        self.assertEqual(headers.problems(self.root, "cc"), [])


class LayersTest(CheckTest):
    def test_upward_include(self):
        self.add("base/sum.c", '#include "model/noun.h"\n')
        self.expect(layers.problems(self.root), "base/sum.c:8", "base may not include model/noun.h")

    def test_ingest_never_sees_parser(self):
        self.write("parser/parse.h", SPDX + "#pragma once\n")
        self.write("ingest/pump.c", SPDX + '#include "parser/parse.h"\n')
        self.expect(layers.problems(self.root), "ingest/pump.c:2", "parser/parse.h")

    def test_store_sees_only_the_spool_of_pool(self):
        self.write("pool/pool.h", SPDX + "#pragma once\n")
        self.write("store/put.c", SPDX + '#include "pool/pool.h"\n')
        self.expect(layers.problems(self.root), "store may include pool/spool.h only")

    def test_web_does_not_write(self):
        self.write("store/put.h", SPDX + "#pragma once\n")
        self.write("web/page.c", SPDX + '#include "store/put.h"\n')
        self.expect(layers.problems(self.root), "web may not include store/put.h")

    def test_room_is_spelled(self):
        self.add("base/sum.c", '#include "sum.h"\n')
        self.expect(layers.problems(self.root), 'spells its room: "base/sum.h"')

    def test_missing_header(self):
        self.add("base/sum.c", '#include "base/none.h"\n')
        self.expect(layers.problems(self.root), "there is no base/none.h")

    def test_circle(self):
        self.write("base/other.h", SPDX + '#pragma once\n#include "base/sum.h"\n')
        self.add("base/sum.h", '#include "base/other.h"\n')
        self.expect(layers.problems(self.root), "circle", "base/other.h -> base/sum.h")

    def test_foreign_library_in_wrong_room(self):
        self.write("web/db.c", SPDX + "#include <libpq-fe.h>\n")
        self.expect(layers.problems(self.root), "web/db.c", "web may not know libpq")

    def test_foreign_library_in_two_files(self):
        self.write("store/two.c", SPDX + "#include <libpq-fe.h>\n")
        self.expect(layers.problems(self.root), "more than one file of store")

    def test_comment_is_no_include(self):
        self.add("base/sum.c", '/*\n#include "web/web.h"\n*/\n')
        self.assertEqual(layers.problems(self.root), [])


class SizesTest(CheckTest):
    def function(self, lines):
        return "\nint long_one(int n)\n{\n" + "\tn++;\n" * (lines - 4) + "\treturn n;\n}\n"

    def test_function_of_80_lines_passes(self):
        self.add("base/sum.c", self.function(80))
        self.assertEqual(sizes.problems(self.root), [])

    def test_function_of_81_lines(self):
        self.add("base/sum.c", self.function(81))
        self.expect(sizes.problems(self.root), "base/sum.c:9", "81 lines", "long_one")

    def test_signature_over_lines_counts(self):
        self.add("base/sum.c", "\nint long_one(int n,\n\tint m)\n{\n" + "\tn++;\n" * 76 + "\treturn n;\n}\n")
        self.expect(sizes.problems(self.root), "81 lines")

    def test_file(self):
        self.add("base/sum.c", "\n" * 900)
        self.expect(sizes.problems(self.root), "907 lines, more than 900")

    def test_room(self):
        for i in range(6):
            self.write("base/part%d.c" % i, SPDX + "extern int x;\n" * 700)
        self.expect(sizes.problems(self.root), "base: ", "split it")

    def test_sub_room_counts_alone(self):
        for i in range(6):
            self.write("base/%s/part%d.c" % ("ab"[i % 2], i), SPDX + "extern int x;\n" * 700)
        self.assertEqual(sizes.problems(self.root), [])

    def test_wide_line(self):
        self.add("base/sum.c", "//" + "x" * 120 + "\n")
        self.expect(sizes.problems(self.root), "wider than 120")


class BannedTest(CheckTest):
    def test_calls(self):
        for call in ("strcpy(a, b)", "sprintf (a, b)", "system(a)", "atoi(a)", "localtime(&t)",
                     "strtod(a, b)", "alloca(9)"):
            with self.subTest(call=call):
                self.write("base/bad.c", SPDX + "void bad(void)\n{\n\t%s;\n}\n" % call)
                self.expect(banned.problems(self.root), "base/bad.c:4", call.split("(")[0].strip())

    def test_own_functions_pass(self):
        self.write("base/fine.c", SPDX + "void f(void)\n{\n\tmy_strcpy(a);\n\tx->system(1);\n"
                   '\tsnprintf(a, n, "strcpy(a)"); // gets(a)\n}\n')
        self.assertEqual(banned.problems(self.root), [])

    def test_sql_that_is_put_together(self):
        self.write("store/bad.c", SPDX + "void f(void)\n{\n\tPQexec(pg, text);\n}\n")
        self.expect(banned.problems(self.root), "store/bad.c:4", "not a constant")

    def test_sql_constant_passes(self):
        self.write("store/fine.c", SPDX + 'void f(void)\n{\n\tPQexec(pg, SQL_BEGIN);\n'
                   '\tif (PQexec(db->pg, "SELECT 1"\n\t\t" AS one")) return;\n}\n')
        self.assertEqual(banned.problems(self.root), [])


class HygieneTest(CheckTest):
    def test_no_licence(self):
        self.write("base/bad.c", "int x;\n")
        self.expect(hygiene.problems(self.root), "base/bad.c:1", "SPDX")

    def test_no_licence_in_program(self):
        self.write("demo", "#!/bin/sh\n")
        self.expect(hygiene.problems(self.root), "demo:1", "SPDX")

    def test_undone(self):
        self.add("base/sum.c", "/* TO" "DO later */\n")
        self.expect(hygiene.problems(self.root), "base/sum.c:8", "left to do")

    def test_machine_path(self):
        self.add("doc/issues.md", "see /home/" "somebody/notes\n")
        self.expect(hygiene.problems(self.root), "doc/issues.md:7", "one machine")

    def test_header_without_purpose(self):
        self.write("base/bad.h", SPDX + "#pragma once\n")
        self.expect(hygiene.problems(self.root), "base/bad.h:1", "what it is for")

    def test_function_without_comment(self):
        self.add("base/sum.h", "\nint sum_less(int a);\n")
        self.expect(hygiene.problems(self.root), "base/sum.h:10", "sum_less")

    def test_third_party_folders_are_left_out(self):
        self.write("tests/browser/node_modules/x.js", "TO" "DO")
        self.assertEqual(hygiene.problems(self.root), [])


class HeadersTest(CheckTest):
    def test_header_that_needs_another(self):
        self.write("base/bad.h", SPDX + PURPOSE + "#pragma once\nsize_t bad(void);\n")
        self.expect(headers.problems(self.root, "cc"), "base/bad.h", "size_t")

    def test_no_guard(self):
        self.write("base/bad.h", SPDX + "struct x { int y; };\n")
        self.expect(headers.problems(self.root, "cc"), "base/bad.h", "#pragma once")


class CodesTest(CheckTest):
    def test_not_explained(self):
        self.add("model/issue_list.h", 'ISSUE(NEW, "xml.new", true, "new")\n')
        self.expect(codes.problems(self.root), "model/issue_list.h:4", "xml.new")

    def test_explained_and_gone(self):
        self.add("doc/issues.md", "| `xml.gone` | x | y |\n")
        self.expect(codes.problems(self.root), "doc/issues.md:7", "no code xml.gone")

    def test_twice(self):
        self.add("doc/issues.md", "| `xml.bom` | x | y |\n")
        self.expect(codes.problems(self.root), "twice")

    def test_code_used_twice(self):
        self.add("model/reason_list.h", 'REASON(AGAIN, "xml.bom", "again")\n')
        self.expect(codes.problems(self.root), "model/reason_list.h:5", "used twice")

    def test_empty_cell(self):
        self.write("doc/issues.md", GOOD["doc/issues.md"].replace("| send it |", "|  |"))
        self.expect(codes.problems(self.root), "file.empty", "empty cell")

    def test_verdict_words(self):
        self.write("doc/sql.md", "| `key.gone` | x |\n")
        self.write("verifier/provenance/reasons.c", 'reasons_add(reasons, "key.gone");\nreturn "key.new";\n')
        self.assertEqual([line.split(":")[1] for line in codes.problems(self.root)], ["2"])


class BinariesTest(CheckTest):
    HARD = ["-O2", "-fPIE", "-fstack-protector-all", "-fcf-protection=full", "-D_FORTIFY_SOURCE=2",
            "-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,ibt", "-Wl,-z,shstk"]
    SOURCE = ('#include <stdio.h>\nint main(int c, char **v)\n{\n\tchar a[40];\n'
              '\tsnprintf(a, (size_t)c + 9, "%s", v[0]);\n\tputs(a);\n\treturn 0;\n}\n')

    def compile(self, flags, extra=()):
        self.write("x.c", self.SOURCE)
        program = os.path.join(self.root, "program")
        subprocess.run(["cc", *flags, "-o", program, os.path.join(self.root, "x.c"), *extra],
                       check=True)
        return program

    def without(self, *flags):
        return [flag for flag in self.HARD if flag not in flags]

    def expect_hardening(self, flags, word):
        found = binaries.hardening_problems(self.compile(flags), True)
        self.assertTrue(any(word in problem for problem in found), found)

    def test_hard_program_passes(self):
        program = self.compile(self.HARD)
        found = [p for p in binaries.hardening_problems(program, True) if "endbr64" not in p]
        self.assertEqual(found, [])

    def test_soft_programs(self):
        self.expect_hardening(self.without("-fPIE", "-pie") + ["-no-pie"], "PIE")
        self.expect_hardening(self.without("-Wl,-z,now") + ["-Wl,-z,lazy"], "BIND_NOW")
        self.expect_hardening(self.without("-Wl,-z,relro") + ["-Wl,-z,norelro"], "RELRO")
        self.expect_hardening(self.without("-fstack-protector-all") + ["-fno-stack-protector"],
                              "stack protector")
        self.expect_hardening(self.without("-D_FORTIFY_SOURCE=2") + ["-U_FORTIFY_SOURCE"],
                              "FORTIFY")
        self.expect_hardening(self.HARD + ["-Wl,-z,execstack"], "executable")
        self.expect_hardening(self.HARD + ["-Wl,-rpath,/opt/lib"], "RPATH")
        if os.uname().machine == "x86_64":
            self.expect_hardening(self.without("-Wl,-z,shstk"), "CET")

    def test_link_cut(self):
        program = self.compile(["-Wl,--no-as-needed"], ["-lz"])
        self.expect(binaries.link_problems(program, ["libz"]), "linked with libz.so")
        self.assertEqual(binaries.link_problems(program, ["libpq"]), [])


@unittest.skipUnless(shutil.which("systemd-analyze"), "not run: unit: systemd-analyze is not installed")
class UnitTest(unittest.TestCase):
    def test_open_unit(self):
        found = unit.problems("[Service]\nExecStart=/bin/true\n")
        self.assertEqual(len(found), 1, found)
        self.assertIn("exposure 9", found[0])


class DocsTest(unittest.TestCase):
    def test_word_that_is_missing(self):
        page = ".SS run\n\\fBrun\\fR the daemon\n.It Ic parse Ar FILE\n\\-\\-json\nstate_dir\n"
        self.assertEqual(docs.missing(page, ["run", "parse", "--json", "state_dir"]), [])
        self.assertEqual(docs.missing(page, ["ingest"]), ["ingest"])

    def test_keys_of_an_example(self):
        text = ("# comment: no key\norganisation: Example\nmaildirs:\n  - {path: /x, done: keep}\n"
                "database: {}\n#dsn: x\n")
        self.assertEqual(docs.keys(text), ["database", "done", "maildirs", "organisation", "path"])


if __name__ == "__main__":
    unittest.main()
