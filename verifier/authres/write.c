// SPDX-License-Identifier: Apache-2.0
/* Our own Authentication-Results: RFC 8601 section 2.7, RFC 9989 section 9.1, RFC 8617 section 5.2 and the
 * draft of BIMI. */
#include "verifier/authres.h"

#include "base/utf8.h"

#define FIELD "Authentication-Results:"
#define VALUE_BYTES_MAX 256 /* a line has room for 998 */
#define SIGNATURE_BYTES 8   /* of b=, at least (RFC 6008 section 4) */
#define SIGNATURE_BYTES_MAX 900
#define SIGNATURES_MAX (AUTHRES_RESULTS_MAX - 10) /* so that there is room for all that is no signature */
#define FAILED_MAX (SIGNATURES_MAX - 10)          /* and for each that passes */

struct writer {
	struct authres authres;
	struct authres_result results[AUTHRES_RESULTS_MAX];
	struct authres_property properties[AUTHRES_RESULTS_MAX * 8];
	size_t properties_count;
};

static struct authres_result *add(struct writer *writer, const char *method, const char *result)
{
	struct authres_result *at = &writer->results[writer->authres.results_count];
	if (writer->authres.results_count < AUTHRES_RESULTS_MAX - 1)
		writer->authres.results_count++;
	*at = (struct authres_result){.method = str_from(method), .result = str_from(result),
		.properties = &writer->properties[writer->properties_count]};
	return at;
}

static struct str shortened(struct str text)
{
	return str_sub(text, 0, utf8_cut(text, VALUE_BYTES_MAX));
}

static void say_whole(struct writer *writer, struct authres_result *result, const char *type, const char *name,
	struct str value)
{
	if (value.len == 0 || writer->properties_count == sizeof(writer->properties) / sizeof(writer->properties[0]))
		return;
	writer->properties[writer->properties_count++] = (struct authres_property){str_from(type), str_from(name),
		value};
	result->properties_count++;
}

static void say(struct writer *writer, struct authres_result *result, const char *type, const char *name,
	struct str value)
{
	say_whole(writer, result, type, name, shortened(value));
}

static struct str reason(enum auth_result result, struct str text)
{
	return result != AUTH_PASS && text.len > 0 ? shortened(text) : STR_NONE;
}

static void add_spf(struct writer *writer, const struct verdict_spf *spf)
{
	if (spf->result == AUTH_UNKNOWN)
		return;
	struct authres_result *result = add(writer, "spf", auth_result_text(spf->result));
	bool helo = str_eq(spf->identity, STR("helo"));
	result->reason = reason(spf->result, spf->problem);
	if (helo)
		say(writer, result, "smtp", "helo", spf->helo.len > 0 ? spf->helo : spf->domain);
	else
		say(writer, result, "smtp", "mailfrom", spf->sender.len > 0 ? spf->sender : spf->domain);
}

struct reported {
	const struct verdict_dkim *at[SIGNATURES_MAX];
	size_t count;
};

/* Of a flood the first, and all that pass (no more are tried than there is room for). */
static struct reported to_report(const struct verdict *verdict)
{
	struct reported reported = {.count = 0};
	for (size_t i = 0; i < verdict->dkim.count && reported.count < SIGNATURES_MAX; i++) {
		const struct verdict_dkim *dkim = &verdict->dkim.at[i];
		if (dkim->result == AUTH_PASS || (dkim->result != AUTH_UNKNOWN && reported.count < FAILED_MAX))
			reported.at[reported.count++] = dkim;
	}
	return reported;
}

/* "MUST be long enough to be unique among the results being reported": whoever adds a signature of his own can
 * begin it as another one. */
static struct str told_apart(const struct reported *reported, struct str signature)
{
	size_t bytes = SIGNATURE_BYTES;
	for (size_t i = 0; i < reported->count; i++) {
		struct str other = reported->at[i]->signature;
		size_t same = 0;
		while (same < signature.len && same < other.len && signature.ptr[same] == other.ptr[same])
			same++;
		if ((same < signature.len || same < other.len) && same >= bytes)
			bytes = same + 1;
	}
	return str_sub(signature, 0, bytes < SIGNATURE_BYTES_MAX ? bytes : SIGNATURE_BYTES_MAX);
}

static void add_dkim(struct writer *writer, const struct verdict_dkim *dkim, struct str signature)
{
	struct authres_result *result = add(writer, "dkim", auth_result_text(dkim->result));
	result->reason = reason(dkim->result, dkim->detail.len > 0 ? dkim->detail : dkim->reason);
	if (dkim->result == AUTH_PASS && dkim->partial_body)
		result->comment = STR("only a part of the body is signed");
	say(writer, result, "header", "d", dkim->domain);
	say(writer, result, "header", "i", dkim->auid);
	say(writer, result, "header", "s", dkim->selector);
	say(writer, result, "header", "a", dkim->algorithm);
	say_whole(writer, result, "header", "b", signature);
}

static void add_signatures(struct writer *writer, const struct verdict *verdict)
{
	struct reported reported = to_report(verdict);
	for (size_t i = 0; i < reported.count; i++)
		add_dkim(writer, reported.at[i], told_apart(&reported, reported.at[i]->signature));
	if (verdict->dkim.count == 0 && verdict->dmarc.result != AUTH_UNKNOWN)
		(void)add(writer, "dkim", "none");
}

static void add_arc(struct writer *writer, const struct verdict *verdict, struct str oldest_pass)
{
	const struct verdict_arc *arc = &verdict->arc;
	if (arc->result == AUTH_UNKNOWN)
		return;
	struct authres_result *result = add(writer, "arc", auth_result_text(arc->result));
	result->reason = reason(arc->result, arc->detail.len > 0 ? arc->detail : arc->reason);
	if (arc->result == AUTH_PASS)
		say(writer, result, "header", "oldest-pass", oldest_pass);
}

static void add_dmarc(struct writer *writer, const struct verdict_dmarc *dmarc)
{
	if (dmarc->result == AUTH_UNKNOWN)
		return;
	struct authres_result *result = add(writer, "dmarc", auth_result_text(dmarc->result));
	result->reason = reason(dmarc->result, dmarc->detail);
	/* After t= or pct, which have a say when DMARC fails. */
	say(writer, result, "policy", "dmarc", dmarc->result == AUTH_FAIL ? dmarc->disposition : dmarc->policy);
	say(writer, result, "header", "from", dmarc->author_domain);
}

static void add_bimi(struct writer *writer, const struct verdict_bimi *bimi)
{
	if (bimi->result == AUTH_UNKNOWN)
		return;
	struct authres_result *result = add(writer, "bimi", auth_result_text(bimi->result));
	result->reason = reason(bimi->result, bimi->detail.len > 0 ? bimi->detail : bimi->reason);
	say(writer, result, "header", "d", bimi->domain);
	say(writer, result, "header", "selector", bimi->selector);
	say(writer, result, "policy", "authority", bimi->authority);
	say(writer, result, "policy", "authority-uri", bimi->evidence);
	say(writer, result, "policy", "indicator-uri", bimi->location);
	say(writer, result, "policy", "indicator-hash", bimi->indicator_hash);
	say(writer, result, "policy", "logo-preference", bimi->preference);
}

void authres_write(struct buf *out, struct str authserv_id, const struct verdict *verdict)
{
	struct writer writer = {.authres.authserv_id = STR("localhost")};
	struct buf number;
	if (authserv_id.len > 0)
		writer.authres.authserv_id = shortened(authserv_id);
	writer.authres.results = writer.results;
	buf_init(&number, SIZE_MAX / 2);
	buf_add_u64(&number, verdict->arc.oldest_pass);
	for (size_t i = 0; i < verdict->spf.count; i++)
		add_spf(&writer, &verdict->spf.at[i]);
	add_signatures(&writer, verdict);
	add_arc(&writer, verdict, buf_str(&number));
	add_dmarc(&writer, &verdict->dmarc);
	add_bimi(&writer, &verdict->bimi);
	buf_add_str(out, STR(FIELD));
	authres_print(out, &writer.authres, sizeof(FIELD) - 1);
	buf_add_str(out, STR("\r\n"));
	buf_fini(&number);
}
