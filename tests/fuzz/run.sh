#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets and runs them: see doc/fuzzing.md.
set -eu
usage() {
	cat <<'EOF'
usage: tests/fuzz/run.sh [-m MINUTES] [TARGET…]
Builds the libFuzzer targets with clang and runs each, or those named, for MINUTES
(default 30), one after the other. What is learnt stays in build/fuzz/corpus/TARGET,
findings in build/fuzz/findings; a line a target says executions and findings.
Environment: DMARCD_CORPUS (default ../shared/corpus beside the source tree).
EOF
}
minutes=30
while getopts m:h option; do
	case $option in
	m) minutes=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 64 ;;
	esac
done
shift $((OPTIND - 1))
here=$(unset CDPATH; cd -- "$(dirname -- "$0")" && pwd -P)
root=$here/../..
build=$root/build/fuzz
corpus=${DMARCD_CORPUS:-$root/../shared/corpus}
[ $# -gt 0 ] || set -- address aggregate authres bimi_record check config dkim_key dmarc_record dns_relay dns_replay failure fields mail output prescan provenance spf svg tags tlsrpt unpack verdict verify_message vmc wire

(cd "$root" && cmake --preset fuzz >/dev/null && cmake --build --preset fuzz >/dev/null)
"$here/made.sh" "$build/bin" "$build/made" >/dev/null
rm -rf "$build/hostile"
python3 "$root/tests/hostile/generate.py" "$build/hostile" >/dev/null
mkdir -p "$build/findings"

# target TARGET: its dictionary, greatest length and folders of seeds (RELIABILITY.md section 9 in short).
target() {
	dict=$1 max=65536 seeds=
	case $1 in
	aggregate) dict=xml max=262144 seeds=$corpus/aggregate ;;
	prescan) dict=xml seeds=$corpus/aggregate ;;
	address) max=2048 ;;
	authres) max=4096 ;;
	bimi_record) max=4096 ;;
	config) max=16384 seeds=$root/doc ;;
	dmarc_record) max=4096 ;;
	dns_relay) max=4096 ;;
	dns_replay) max=8192 ;;
	failure) seeds=$corpus/failure ;;
	fields) max=1024 ;;
	mail) max=65536 seeds="$corpus/failure $corpus/tlsrpt $build/made/mails/new $build/hostile/Maildir/new" ;;
	output) max=4096 ;;
	provenance) max=8192 ;;
	spf) max=8192 ;;
	svg) max=40000 seeds=$corpus/bimi ;;
	tags) dict=dkim max=8192 ;;
	dkim_key) dict=dkim max=4200 ;;
	verify_message) dict=dkim seeds=$corpus/dkim ;;
	tlsrpt) seeds=$corpus/tlsrpt ;;
	verdict) dict=wire ;;
	unpack) seeds=$corpus/aggregate ;;
	vmc) max=40000 seeds=$corpus/bimi ;;
	wire) seeds=$build/made/streams ;;
	*) usage >&2; exit 64 ;;
	esac
}

status=0
for name; do
	target "$name"
	mkdir -p "$build/corpus/$name"
	for folder in $seeds; do
		[ -d "$folder" ] || seeds=$(echo " $seeds" | sed "s| $folder||")
	done
	log=$build/findings/$name.log
	# shellcheck disable=SC2086  # several folders; the memory is to be ours, not the sanitizer's
	ASAN_OPTIONS=quarantine_size_mb=32 "$build/bin/fuzz_$name" -max_total_time=$((minutes * 60)) -max_len=$max -timeout=10 -rss_limit_mb=512 \
		-malloc_limit_mb=64 -dict="$here/$dict.dict" -artifact_prefix="$build/findings/$name-" \
		-print_final_stats=1 "$build/corpus/$name" "$here/seeds/$name" $seeds >"$log" 2>&1 || status=1
	printf '%-10s %s executions, %s findings kept\n' "$name" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		"$(find "$build/findings" -name "$name-*" | wc -l)"
done
exit $status
