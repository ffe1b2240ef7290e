// SPDX-License-Identifier: Apache-2.0
#include "verifier/dmarc/walk.h"

#include "verifier/domain.h"

void dmarc_trace(const struct verify *verify, unsigned depth, const char *kind, struct str name, struct str value,
	const char *result, const char *note_fmt, ...)
{
	va_list args;
	struct buf note;
	if (!verify->trace)
		return;
	va_start(args, note_fmt);
	buf_init(&note, SIZE_MAX / 2);
	buf_vprintf(&note, note_fmt, args);
	va_end(args);
	trace_add(verify, &(struct trace_step){
		.part = verdict_part_word(PART_DMARC),
		.depth = depth,
		.kind = str_from(kind),
		.name = name,
		.value = value,
		.result = str_from(result),
		.note = note.len > 0 ? buf_str(&note) : STR_NONE,
	});
	buf_fini(&note);
}

enum dmarc_lookup dmarc_lookup(const struct verify *verify, unsigned depth, struct str name,
	struct dmarc_record *record_r)
{
	struct str asked = str_from(arena_printf(verify->arena, "_dmarc.%.*s", STR_FMT(name)));
	const struct dns_answer *answer = verify_query(verify, PART_DMARC, depth, "DMARC record", asked, DNS_TXT);
	struct dmarc_record record;
	size_t found = 0;
	*record_r = (struct dmarc_record){.psd = 'u'};
	if (dns_failed(answer))
		return DMARC_LOOKUP_FAILED;
	for (size_t i = 0; i < answer->count; i++) {
		if (dmarc_record_parse(verify->arena, answer->records[i].text, &record)) {
			*record_r = record;
			found++;
		} else if (dmarc_record_meant(answer->records[i].text)) {
			dmarc_trace(verify, depth, "record", asked, answer->records[i].text, "ignored",
				"a record begins with v=DMARC1, in these letters (RFC 9989 section 4.7)");
		}
	}
	if (found == 1 && verify->trace)
		for (size_t i = 0; i < record_r->problems_count; i++)
			dmarc_trace(verify, depth, "record", asked, STR_NONE, "problem", "%.*s",
				STR_FMT(record_r->problems[i]));
	return found == 0 ? DMARC_LOOKUP_NONE : found == 1 ? DMARC_LOOKUP_ONE : DMARC_LOOKUP_SEVERAL;
}

/* Asks one name; false when the walk ends there. */
static bool walk_step(const struct verify *verify, unsigned depth, struct dmarc_walk *walk, struct str name)
{
	struct dmarc_name *at = &walk->names[walk->count++];
	at->name = name;
	switch (dmarc_lookup(verify, depth, name, &at->record)) {
	case DMARC_LOOKUP_FAILED:
		walk->failed = true;
		dmarc_trace(verify, depth, "walk", name, STR_NONE, "temperror", "the walk cannot go on");
		return false;
	case DMARC_LOOKUP_SEVERAL:
		dmarc_trace(verify, depth, "walk", name, STR_NONE, "several records",
			"all are dropped, the walk goes on (RFC 9989 section 4.10)");
		return true;
	case DMARC_LOOKUP_NONE:
		dmarc_trace(verify, depth, "walk", name, STR_NONE, "no record", "%s", "");
		return true;
	case DMARC_LOOKUP_ONE:
		break;
	}
	at->has_record = true;
	bool ends = at->record.psd != 'u';
	dmarc_trace(verify, depth, "walk", name, at->record.text, "record", "psd=%c%s", at->record.psd,
		ends ? ": the walk ends here" : "");
	return !ends;
}

void dmarc_walk(const struct verify *verify, unsigned depth, struct str start, struct dmarc_walk *walk_r)
{
	size_t labels = domain_labels(start), limit = verify->limits.dmarc_walk;
	*walk_r = (struct dmarc_walk){.start = start};
	if (!walk_step(verify, depth, walk_r, start))
		return;
	/* Section 4.10 step 4: from eight labels on the walk jumps to the last seven. */
	limit = limit < DMARC_WALK_MAX ? limit : DMARC_WALK_MAX;
	labels = labels < limit ? labels : limit;
	for (; labels-- > 1;)
		if (!walk_step(verify, depth, walk_r, domain_last_labels(start, labels)))
			return;
}

struct str dmarc_walk_org(const struct dmarc_walk *walk, const char **why_r)
{
	const struct dmarc_name *shortest = NULL;
	*why_r = "a temporary error of DNS";
	if (walk->failed)
		return STR_NONE;
	for (size_t i = 0; i < walk->count; i++) {
		const struct dmarc_name *at = &walk->names[i];
		if (!at->has_record)
			continue;
		if (at->record.psd == 'n') {
			*why_r = "its record says psd=n";
			return at->name;
		}
		if (at->record.psd == 'y' && i > 0) {
			/* Of the start's own labels: the name may not have been asked. */
			*why_r = "it is one label below a record with psd=y";
			return domain_last_labels(walk->start, domain_labels(at->name) + 1);
		}
		shortest = at;
	}
	*why_r = shortest ? "of the names with a record it has the fewest labels" :
		"there is no record on the way: the name stands for itself";
	return shortest ? shortest->name : walk->start;
}

const struct dmarc_record *dmarc_walk_record(const struct dmarc_walk *walk, struct str name)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->names[i].has_record && str_eq(walk->names[i].name, name))
			return &walk->names[i].record;
	return NULL;
}
