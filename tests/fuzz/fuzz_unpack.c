// SPDX-License-Identifier: Apache-2.0
/*
 * A bare archive: the first byte says which kind, the rest follows its magic. Of a
 * stream of zlib or deflate, which has none, the frame is given.
 * It is parsed as an input; and unpacked, the output is the same whatever the
 * size of the pieces read and written, and never beyond the budget.
 */
#include "tests/fuzz/fuzz_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "parser/gunzip.h"
#include "parser/unpack.h"

#define PIECE_BYTES ((size_t)16384)

/* How one reading ended. */
struct outcome {
	struct buf bytes; /* of all members, each behind its name */
	struct reject reject;
	uint64_t total;
};

static bool read_all(struct payload *payload, size_t piece, const struct limits *limits, struct outcome *outcome)
{
	char out[PIECE_BYTES];
	uint64_t member = 0;
	ssize_t got;
	while ((got = payload->read(payload->context, out, piece, &outcome->reject)) > 0) {
		buf_add(&outcome->bytes, out, (size_t)got);
		member += (uint64_t)got;
		outcome->total += (uint64_t)got;
	}
	if (member > limits->report_bytes || outcome->total > limits->unpacked_bytes)
		die("%llu bytes of a member, %llu in all", (unsigned long long)member,
			(unsigned long long)outcome->total);
	return got == 0;
}

static bool read_stream(struct str bytes, enum gunzip_frame frame, size_t piece, struct budget *budget,
	struct issue_list *issues, struct outcome *outcome)
{
	struct fuzz_source source = {bytes, piece};
	struct payload payload = fuzz_payload(&source);
	struct gunzip *gunzip = gunzip_open(&payload, frame, budget, issues);
	bool good = read_all(gunzip_payload(gunzip), piece, budget->limits, outcome);
	gunzip_close(&gunzip);
	return good;
}

static bool read_zip(struct str bytes, size_t piece, struct budget *budget, struct issue_list *issues,
	struct outcome *outcome)
{
	struct unpack *unpack = unpack_zip_open(bytes, -1, 0, budget);
	struct str name;
	bool good = true;
	int found = 0;
	for (uint64_t members = 0; good && (found = unpack_zip_next(unpack, issues, &name, &outcome->reject)) > 0;) {
		if (++members > budget->limits->archive_entries || name.len > budget->limits->archive_name_bytes)
			die("member %llu with a name of %zu bytes", (unsigned long long)members, name.len);
		buf_add_str(&outcome->bytes, name);
		good = read_all(unpack_payload(unpack), piece, budget->limits, outcome);
	}
	unpack_close(&unpack);
	return good && found == 0;
}

enum kind { STREAM_GZIP = GUNZIP_GZIP, STREAM_ZLIB = GUNZIP_ZLIB, STREAM_BARE = GUNZIP_BARE, ZIP };

static bool unpack_all(struct str bytes, enum kind kind, size_t piece, struct outcome *outcome)
{
	struct limits limits = fuzz_limits();
	struct budget budget = {.limits = &limits};
	struct issue_list *issues = malloc(sizeof(*issues));
	if (!issues)
		die_out_of_memory();
	issue_list_init(issues);
	*outcome = (struct outcome){0};
	buf_init(&outcome->bytes, SIZE_MAX / 4);
	bool good = kind == ZIP ? read_zip(bytes, piece, &budget, issues, outcome) :
		read_stream(bytes, (enum gunzip_frame)kind, piece, &budget, issues, outcome);
	if (!good && outcome->reject.reason == REASON_NONE)
		die("refused without a reason");
	free(issues);
	return good;
}

static void check(struct str bytes, enum kind kind)
{
	struct outcome whole, piecewise;
	bool good = unpack_all(bytes, kind, PIECE_BYTES, &whole);
	if (unpack_all(bytes, kind, 1, &piecewise) != good || piecewise.reject.reason != whole.reject.reason)
		die("a byte at a time: \"%s\" instead of \"%s\"", piecewise.reject.detail, whole.reject.detail);
	if (!str_eq(buf_str(&whole.bytes), buf_str(&piecewise.bytes)))
		die("a byte at a time: other bytes");
	buf_fini(&whole.bytes);
	buf_fini(&piecewise.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct {
		enum kind kind;
		struct str magic;
	} kinds[] = {{STREAM_GZIP, {"\x1f\x8b\x08", 3}}, {ZIP, {"PK\x03\x04", 4}}, {STREAM_ZLIB, {"\x78\x9c", 2}},
		{STREAM_BARE, {"", 0}}};
	struct str rest = {(const char *)bytes, len};
	if (len == 0)
		return 0;
	size_t at = str_starts(rest, kinds[0].magic) ? 0 : str_starts(rest, kinds[1].magic) ? 1 :
		str_starts(rest, kinds[2].magic) ? 2 : 4;
	struct buf whole;
	buf_init(&whole, len + 8);
	if (at == 4) {
		at = bytes[0] & 3;
		buf_add_str(&whole, kinds[at].magic);
		rest = str_from_offset(rest, 1);
	}
	buf_add_str(&whole, rest);
	fuzz_parse((const uint8_t *)whole.ptr, whole.len);
	check(buf_str(&whole), kinds[at].kind);
	buf_fini(&whole);
	return 0;
}
