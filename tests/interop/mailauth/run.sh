#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libdmarcverify beside npm's mailauth on the same messages and DNS answers: see doc/interop.md.
set -eu
usage() {
	cat <<'EOF'
usage: tests/interop/mailauth/run.sh [-n CASES] [-v]
Installs mailauth into a temporary folder (needs node, npm and its registry), makes CASES (default 2000)
mutations of the corpus for each of SPF, DKIM, ARC, DMARC and BIMI, and prints where the two differ.
Environment: DMARCD_CORPUS (default ../shared/corpus beside the source tree), DMARCD_BUILD (default
build/dev), MAILAUTH (a folder that has it in node_modules already).
EOF
}
count=2000 verbose=
while getopts n:vh option; do
	case $option in
	n) count=$OPTARG ;;
	v) verbose=-v ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 64 ;;
	esac
done
here=$(unset CDPATH; cd -- "$(dirname -- "$0")" && pwd -P)
root=$(cd "$here/../../.." && pwd -P)
build=${DMARCD_BUILD:-$root/build/dev}
corpus=${DMARCD_CORPUS:-$root/../shared/corpus}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=${MAILAUTH:-$work}
if [ ! -d "$modules/node_modules/mailauth" ]; then
	npm install --prefix "$work" --no-audit --no-fund --ignore-scripts --loglevel=error mailauth@4.13.3 >"$work/npm.log" 2>&1 || {
		cat "$work/npm.log" >&2
		echo "not run: needs node, npm and mailauth" >&2
		exit 69
	}
	modules=$work
fi
cmake --build "$build" --target dmarcverify >/dev/null
${CC:-cc} -o "$work/verify" "$here/verify.c" -I"$root/verifier" -L"$build/lib" -ldmarcverify -Wl,-rpath,"$build/lib"
python3 "$here/cases.py" "$corpus" "$work/cases" "$count"
"$work/verify" "$(date +%s)" <"$work/cases/cases.tsv" >"$work/ours.tsv"
node "$here/compare.mjs" "$modules" "$work/cases/cases.tsv" "$work/ours.tsv" $verbose
