#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coverage.sh: prints the line coverage of parser/ by its unit tests and the replayed fuzz inputs.
# With -v the lines that nothing reaches are named.
set -eu
verbose=${1-}
root=$(unset CDPATH; cd -- "$(dirname -- "$0")/../.." && pwd -P)
build=$root/build/coverage
cd "$root"
cmake --preset dev -B "$build" -DCMAKE_C_FLAGS=--coverage >/dev/null
cmake --build "$build" >/dev/null
find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" -R '^(parser|fuzz)\.' >"$build/ctest.log" 2>&1 ||
	{ tail -n 20 "$build/ctest.log"; exit 1; }
mkdir -p "$build/gcov"
cd "$build/gcov"
rm -f ./*.gcov
find "$build/parser" -name '*.gcda' -exec gcov -p {} + >gcov.out 2>/dev/null
awk -F: -v verbose="$verbose" '
	FNR == 1 { wanted = 0 }
	$2 + 0 == 0 { if ($3 == "Source") { name = $4; wanted = name ~ /\/parser\/.*\.c$/; sub(/.*\/parser\//, "parser/", name) } next }
	!wanted { next }
	{ gsub(/ /, "", $1) }
	$1 == "-" { next }
	{ lines[name]++ }
	$1 ~ /^[0-9]/ { hit[name]++; next }
	verbose == "-v" { printf "%s:%d:%s\n", name, $2, substr($0, index($0, $3)) }
	END {
		for (name in lines) { printf "%6.1f %%  %4d of %4d  %s\n", 100 * hit[name] / lines[name], hit[name], lines[name], name | "sort"
			all += lines[name]; covered += hit[name] }
		close("sort")
		printf "%6.1f %%  %4d of %4d  parser/ in all\n", 100 * covered / all, covered, all
	}' ./*parser*.c.gcov
