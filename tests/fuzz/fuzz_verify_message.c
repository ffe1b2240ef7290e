// SPDX-License-Identifier: Apache-2.0
/*
 * A signed message under DKIM and ARC. Every question for a key is answered,
 * by the name asked for: one of the known keys, odd records, no answer. The
 * canonical forms are those of a reader that sees a byte at a time, and their
 * own canonical forms; no more is hashed than l= or the body has; a message
 * has the same verdict with LF and with CRLF, with a trace and without; the
 * texts of a verdict are clean.
 */
#include "tests/fuzz/fuzz_text.h"

#include <string.h>

#include "verifier/arc.h"
#include "verifier/dkim.h"
#include "verifier/dkim/canon.h"

#define ARENA_BYTES ((size_t)256 << 20)

/* Of RFC 6376 appendix C and RFC 8463 appendix A. */
#define EXAMPLE_P "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" \
	"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0" \
	"fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
#define FOOTBALL_P "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd" \
	"OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4h" \
	"stT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"

static const char *const records[] = {
	"v=DKIM1; p=" EXAMPLE_P,
	"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
	"k=rsa; p=" FOOTBALL_P,
	"v=DKIM1; p=",
	"v=DKIM1; t=y:s; k=ed25519; p=sPs07Vu29FpHT/80UXUcYHFOHifD4o2ZlP2+XUh9g6E=",
	"v=spf1 \xff\x1b[",
	"",
};

#define RECORDS (sizeof(records) / sizeof(records[0]))

static const struct {
	const char *name;
	size_t record;
} known[] = {
	{"brisbane._domainkey.example.com", 0}, {"brisbane._domainkey.football.example.com", 1},
	{"test._domainkey.football.example.com", 2}, {"dummy._domainkey.example.org", 2}, {"sed._domainkey.test.ex", 4},
};

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	size_t record = name.len % (RECORDS + 2);
	(void)dns;
	if (type != DNS_TXT || !dns_name_valid(name))
		die("an odd question");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(name, str_from(known[i].name)))
			record = known[i].record;
	answer_r->status = record == RECORDS ? DNS_NXDOMAIN : record > RECORDS ? DNS_TIMEOUT : DNS_OK;
	if (answer_r->status != DNS_OK)
		return;
	answer_r->count = 2;
	answer_r->records = ARENA_ARRAY(arena, 2, struct dns_record);
	answer_r->records[0].text = str_from(records[record]);
	answer_r->records[1].text = str_from(records[(record + 3) % RECORDS]);
}

/* The canonical body, one byte after the other (RFC 6376 sections 3.4.3 and 3.4.4): line ends and white space wait
 * until it is known what follows them. */
static void add_waiting(struct buf *out, bool relaxed, size_t *ends, struct buf *white)
{
	for (; *ends > 0; --*ends)
		buf_add_str(out, STR("\r\n"));
	if (white->len > 0)
		buf_add_str(out, relaxed ? STR(" ") : buf_str(white));
	buf_reset(white);
}

static void naive_body(struct buf *out, struct str body, bool relaxed)
{
	size_t ends = 0;
	struct buf white;
	buf_init(&white, SIZE_MAX / 2);
	for (size_t i = 0; i < body.len; i++) {
		char c = body.ptr[i];
		bool line_end = c == '\n' || (c == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n');
		if (line_end) {
			if (!relaxed && white.len > 0)
				add_waiting(out, relaxed, &ends, &white);
			buf_reset(&white);
			ends++;
			i += c == '\r';
		} else if (c == ' ' || c == '\t') {
			buf_add_char(&white, c);
		} else {
			add_waiting(out, relaxed, &ends, &white);
			buf_add_char(out, c);
		}
	}
	if (!relaxed && white.len > 0)
		add_waiting(out, relaxed, &ends, &white);
	if (!relaxed || out->len > 0)
		buf_add_str(out, STR("\r\n"));
	buf_fini(&white);
}

static void naive_field(struct buf *out, const struct message_field *field)
{
	bool white = false, begun = false;
	for (size_t i = 0; i < field->name.len; i++)
		buf_add_char(out, ascii_lower(field->name.ptr[i]));
	buf_add_char(out, ':');
	for (size_t i = 0; i < field->body.len; i++) {
		char c = field->body.ptr[i];
		if (c == '\n' || (c == '\r' && i + 1 < field->body.len && field->body.ptr[i + 1] == '\n'))
			continue;
		if (c == ' ' || c == '\t') {
			white = true;
			continue;
		}
		if (white && begun)
			buf_add_char(out, ' ');
		white = false;
		begun = true;
		buf_add_char(out, c);
	}
}

static struct str body_of(struct digest *digest, struct buf *out, struct str body, bool relaxed, uint64_t limit)
{
	struct canon canon;
	buf_reset(out);
	canon_begin(&canon, digest, out, limit);
	if (relaxed)
		canon_body_relaxed(&canon, body);
	else
		canon_body_simple(&canon, body);
	canon_end(&canon);
	struct sha256 sum = digest_take(digest), naive = sha256_of(out->ptr,
		limit < out->len ? (size_t)limit : out->len);
	if (canon.octets != out->len || memcmp(&sum, &naive, sizeof(sum)) != 0)
		die("more or less was hashed than is there");
	return buf_str(out);
}

static void prove_forms(const struct message *message)
{
	struct digest *digest = digest_open();
	struct buf fast, slow, again;
	struct canon canon;
	buf_init(&fast, SIZE_MAX / 2);
	buf_init(&slow, SIZE_MAX / 2);
	buf_init(&again, SIZE_MAX / 2);
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		buf_reset(&slow);
		naive_body(&slow, message->body, relaxed);
		struct str form = body_of(digest, &fast, message->body, relaxed, message->body.len / 2);
		if (!str_eq(form, buf_str(&slow)))
			die("another canonical body than a byte at a time has");
		if (!str_eq(body_of(digest, &again, form, relaxed, UINT64_MAX), form))
			die("the canonical form of a body has another one");
	}
	for (size_t i = 0; i < message->fields_count; i++) {
		buf_reset(&fast);
		buf_reset(&slow);
		canon_begin(&canon, digest, &fast, UINT64_MAX);
		canon_field_relaxed(&canon, message->fields[i].name, message->fields[i].body);
		canon_end(&canon);
		naive_field(&slow, &message->fields[i]);
		if (!str_eq(buf_str(&fast), buf_str(&slow)))
			die("another canonical field than a byte at a time has");
	}
	buf_fini(&fast);
	buf_fini(&slow);
	buf_fini(&again);
	digest_close(&digest);
}

static void prove_verdict(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		const struct verdict_dkim *dkim = &verdict->dkim.at[i];
		if (dkim->result < AUTH_NONE || (dkim->result != AUTH_PASS) != (dkim->reason.ptr != NULL))
			die("a result without a reason");
		if (dkim->result == AUTH_PASS && (dkim->body_hash_matches != MAYBE_YES
			|| dkim->signature_matches != MAYBE_YES || dkim->key_bits < 256))
			die("a pass without its grounds");
		if (dkim->body_signed > dkim->body_bytes)
			die("l= reaches past the body");
		const struct str texts[] = {dkim->domain, dkim->selector, dkim->auid, dkim->algorithm,
			dkim->canonicalization, dkim->detail, dkim->cause, dkim->signature, dkim->signed_fields,
			dkim->key_record, dkim->created, dkim->expires};
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			prove_text(texts[k]);
	}
	if (verdict->arc.result != AUTH_NONE && verdict->arc.result != AUTH_PASS && verdict->arc.result != AUTH_FAIL)
		die("no result of ARC");
	if (verdict->arc.result == AUTH_PASS && (verdict->arc.sets == 0 || verdict->arc.sets > 50
		|| verdict->arc_sets.count != verdict->arc.sets))
		die("a chain of odd length");
	prove_text(verdict->arc.detail);
	for (size_t i = 0; i < verdict->arc_sets.count; i++)
		prove_text(verdict->arc_sets.at[i].authentication_results);
}

static void check(struct arena *arena, struct str bytes, bool traced, struct verdict *verdict_r)
{
	struct dns dns = {query};
	struct verify verify = {.arena = arena, .dns = &dns, .now_epoch_secs = FUZZ_NOW,
		.limits = verify_limits_default()};
	struct message message;
	verify.trace = traced ? trace_open(arena) : NULL;
	*verdict_r = (struct verdict){0};
	message_parse(arena, bytes, &message);
	dkim_check(&verify, &message, NULL, STR("football.example.com"), verdict_r);
	arc_check(&verify, &message, NULL, NULL, 0, verdict_r);
	prove_verdict(verdict_r);
	if (!traced)
		prove_forms(&message);
}

static void prove_same(const struct verdict *a, const struct verdict *b)
{
	if (a->dkim.count != b->dkim.count || a->arc.result != b->arc.result)
		die("not the same verdict");
	for (size_t i = 0; i < a->dkim.count; i++)
		if (a->dkim.at[i].result != b->dkim.at[i].result
			|| !str_eq(a->dkim.at[i].reason, b->dkim.at[i].reason)
			|| !str_eq(a->dkim.at[i].body_hash, b->dkim.at[i].body_hash)
			|| !str_eq(a->dkim.at[i].header_hash, b->dkim.at[i].header_hash))
			die("not the same verdict on a signature");
}

static struct str as_crlf(struct arena *arena, struct str bytes)
{
	char *text = arena_alloc(arena, bytes.len * 2 + 1);
	size_t len = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] == '\n' && (i == 0 || bytes.ptr[i - 1] != '\r'))
			text[len++] = '\r';
		text[len++] = bytes.ptr[i];
	}
	return (struct str){text, len};
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len};
	struct verdict plain, traced, crlf;
	check(arena, text, false, &plain);
	check(arena, text, true, &traced);
	check(arena, as_crlf(arena, text), false, &crlf);
	prove_same(&plain, &traced);
	prove_same(&plain, &crlf);
	arena_close(&arena);
	return 0;
}
