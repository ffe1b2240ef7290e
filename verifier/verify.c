// SPDX-License-Identifier: Apache-2.0
#include "verifier/verify.h"

#include "base/utf8.h"
#include "verifier/bimi/vmc.h"

#include <string.h>

#define STEPS_MAX 5000
#define FIRST_STEPS 64
#define VALUE_BYTES_MAX ((size_t)8 * 1024)

struct trace {
	struct trace_step *steps;
	size_t count, room;
};

struct verify_limits verify_limits_default(void)
{
	return (struct verify_limits){
		.dkim_signatures = 10,
		.arc_sets = 50,
		.spf_lookups = 10,
		.spf_void_lookups = 2,
		.spf_names = 10,
		.dmarc_walk = 8,
		.rsa_bits_min = 1024,
		.rsa_bits_max = 4096,
		.bimi_svg_bytes = SVG_BYTES,
		.bimi_evidence_bytes = VMC_BYTES,
	};
}

struct trace *trace_open(struct arena *arena)
{
	return ARENA_NEW(arena, struct trace);
}

const struct trace_step *trace_steps(const struct trace *trace, size_t *count_r)
{
	*count_r = trace->count;
	return trace->steps;
}

void trace_keep(const struct verify *verify, struct verdict *verdict)
{
	if (!verify->trace)
		return;
	verdict->trace.at = verify->trace->steps;
	verdict->trace.count = verify->trace->count;
}

/* What needs no change, as most texts. */
static bool is_plain(struct str bytes)
{
	unsigned odd = 0;
	for (size_t i = 0; i < bytes.len; i++)
		odd |= (unsigned)((uint8_t)bytes.ptr[i] - 0x20) >= 0x7f - 0x20;
	return !odd;
}

struct str verify_text(struct arena *arena, struct str bytes)
{
	struct buf buf;
	if (!bytes.ptr)
		return STR_NONE;
	if (is_plain(bytes))
		return arena_str(arena, bytes);
	buf_init(&buf, SIZE_MAX / 2);
	utf8_add_visible(&buf, bytes, true);
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text.ptr ? text : STR("");
}

static struct str short_text(struct arena *arena, struct str bytes)
{
	return verify_text(arena, str_sub(bytes, 0, utf8_cut(bytes, VALUE_BYTES_MAX)));
}

void trace_add(const struct verify *verify, const struct trace_step *step)
{
	struct trace *trace = verify->trace;
	if (!trace || trace->count == STEPS_MAX)
		return;
	if (trace->count == trace->room) {
		size_t room = trace->room ? trace->room * 2 : FIRST_STEPS;
		struct trace_step *more = ARENA_ARRAY(verify->arena, room, struct trace_step);
		if (trace->count > 0)
			memcpy(more, trace->steps, trace->count * sizeof(*more));
		trace->steps = more;
		trace->room = room;
	}
	trace->steps[trace->count++] = (struct trace_step){
		.part = short_text(verify->arena, step->part),
		.depth = step->depth,
		.kind = short_text(verify->arena, step->kind),
		.name = short_text(verify->arena, step->name),
		.value = short_text(verify->arena, step->value),
		.result = short_text(verify->arena, step->result),
		.note = short_text(verify->arena, step->note),
	};
}

/* "192.0.2.1", "10 mx.example.com", "v=spf1 …": several of them with a comma between. */
static struct str answer_text(struct arena *arena, const struct dns_answer *answer)
{
	const struct str quote = answer->type == DNS_TXT ? STR("\"") : STR("");
	char ip[IP_TEXT_BYTES];
	struct buf buf;
	buf_init(&buf, VALUE_BYTES_MAX);
	for (size_t i = 0; i < answer->count && !buf.overflow; i++) {
		const struct dns_record *record = &answer->records[i];
		if (i > 0)
			buf_add_str(&buf, STR(", "));
		if (answer->type == DNS_A || answer->type == DNS_AAAA)
			buf_add_str(&buf, str_from(ip_format(&record->ip, ip)));
		if (answer->type == DNS_MX)
			buf_printf(&buf, "%u %s", record->preference, record->text.len > 0 ? "" : ".");
		buf_add_str(&buf, quote);
		buf_add_str(&buf, record->text);
		buf_add_str(&buf, quote);
	}
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

const struct dns_answer *verify_query(const struct verify *verify, enum verdict_part part, unsigned depth,
	const char *what, struct str name, enum dns_type type)
{
	const struct dns_answer *answer = dns_query(verify->dns, verify->arena, name, type);
	char word[DNS_TYPE_TEXT_BYTES];
	if (!verify->trace)
		return answer;
	const struct str shown = verify_text(verify->arena, answer->name);
	struct trace_step step = {
		.part = verdict_part_word(part),
		.depth = depth,
		.kind = STR("dns"),
		.name = str_from(arena_printf(verify->arena, "%.*s %s", STR_FMT(shown),
			dns_type_word(type, word))),
		.value = answer->count > 0 ? answer_text(verify->arena, answer) : STR_NONE,
		.result = str_from(dns_status_word(answer->status)),
		.note = str_from(what),
	};
	if (answer->note.len > 0)
		step.note = str_from(arena_printf(verify->arena, "%s; %.*s", what, STR_FMT(answer->note)));
	trace_add(verify, &step);
	return answer;
}
