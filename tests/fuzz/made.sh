#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# made.sh BIN DIR: seeds of the project's own making: report mails in DIR/mails, and in DIR/streams
# what a worker writes for them.
set -eu
bin=$1
dir=$2
rm -rf "$dir"
mkdir -p "$dir/streams"
"$bin/dmarcd-samples" --end 2026-03-31 --days 10 --mails 60 "$dir/mails"
FUZZ_STREAMS=$dir/streams "$bin/fuzz_streams" "$dir/mails/new"
