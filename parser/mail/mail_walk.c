// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/mail_walk.h"

#include "parser/mail/cms.h"
#include "parser/mail/mail.h"
#include "parser/mail/mail_raw.h"
#include "parser/sniff.h"

#include <stdlib.h>

#define TEXT_BYTES ((size_t)4 * 1024 * 1024)
#define NESTING_MAX 6u /* mails inside S/MIME wrappers or encoded attachments */

struct walk {
	struct carrier_job *job;
	struct mail *mail;
	const struct mail_part *parts;
	size_t count;
	unsigned nesting;
	struct mail_scan_facts facts;
	int64_t mail_epoch_secs;
	enum reason *other; /* what kind of mail it is: the first finding stays */
};

static bool walk_bytes(struct walk *outer, struct buf *bytes);

static void call_it(struct walk *walk, enum reason kind)
{
	if (*walk->other == REASON_NOT_MAIL_REPORT)
		*walk->other = kind;
}

static struct issue_list *issues_new(const struct walk *walk)
{
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	if (walk->facts.type_repeated)
		issue_add(issues, ISSUE_MAIL_TYPE_REPEATED, STR_NONE);
	if (walk->facts.type_typo)
		issue_add(issues, ISSUE_MAIL_CONTENT_TYPE_TYPO, STR_NONE);
	return issues;
}

/* ---- a part's content, with its repairs noted at its end ---- */

struct part_reader {
	struct payload payload;
	struct mail_content *content;
	struct issue_list *issues;
};

static ssize_t read_part(void *context, char *out, size_t cap, struct reject *reject)
{
	struct part_reader *part = context;
	struct payload *source = mail_content_payload(part->content);
	ssize_t got = source->read(source->context, out, cap, reject);
	if (got == 0 && mail_content_repaired(part->content) &&
	    part->issues->items[ISSUE_MAIL_BASE64_REPAIRED].count == 0)
		issue_add(part->issues, ISSUE_MAIL_BASE64_REPAIRED, STR_NONE);
	return got;
}

static void part_open(struct walk *walk, size_t at, struct issue_list *issues,
	struct part_reader *part)
{
	part->content = mail_content_open(walk->mail, at);
	part->issues = issues;
	part->payload = (struct payload){read_part, part, walk->parts[at].name};
}

/* The decoded bytes of a leaf, or the message inside a message part; at most max_bytes of them. */
static bool part_bytes(struct walk *walk, size_t at, size_t max_bytes, struct buf *out)
{
	if (walk->parts[at].node == MAIL_MESSAGE) {
		mail_message_bytes(walk->mail, at, out);
		return true;
	}
	struct mail_content *content = mail_content_open(walk->mail, at);
	struct payload *payload = mail_content_payload(content);
	ssize_t got = 1;
	while (got > 0 && out->len < max_bytes) {
		char *room = buf_room(out, SNIFF_BYTES);
		if (room == NULL)
			break;
		got = payload->read(payload->context, room, SNIFF_BYTES, &walk->job->hard);
		if (got > 0)
			buf_took(out, (size_t)got);
	}
	mail_content_close(&content);
	return got >= 0;
}

/* ---- failure reports ---- */

static bool is_feedback_type(struct str type)
{
	return str_eq(type, STR("message/feedback-report")) || str_eq(type, STR("text/feedback-report"));
}

/* By its type, or by its content where a careless sender could have put one. */
static enum failure_kind feedback_kind(struct walk *walk, size_t at, size_t *offset_r)
{
	const struct mail_part *part = &walk->parts[at];
	*offset_r = 0;
	bool unparted = part->node == MAIL_MULTIPART && part->end == at + 1; /* of a wrong boundary */
	bool likely = str_eq(part->type, STR("text/plain")) || str_starts(part->type, STR("message/")) ||
		str_eq(part->type, STR("application/octet-stream")) || unparted;
	bool typed = is_feedback_type(part->type);
	if ((part->node != MAIL_LEAF && !unparted) || (!likely && !typed))
		return FAILURE_NONE;
	struct buf head;
	buf_init(&head, SNIFF_BYTES * 2);
	enum failure_kind kind = FAILURE_NONE;
	if (part_bytes(walk, at, SNIFF_BYTES, &head))
		kind = failure_sniff(buf_str(&head), offset_r);
	buf_fini(&head);
	return kind == FAILURE_NONE && typed ? FAILURE_AUTH : kind;
}

static int sample_rank(const struct mail_part *part)
{
	if (part->node == MAIL_MESSAGE)
		return 3;
	if (str_ends(part->type, STR("/rfc822-headers")))
		return 3;
	return str_starts(part->type, STR("message/")) ? 2 : part->node == MAIL_LEAF ? 1 : 0;
}

/* The best candidate behind the fields, else before them; at itself when there is none. */
static size_t find_sample(const struct walk *walk, size_t container, size_t at)
{
	size_t best = at;
	int best_rank = 0;
	for (size_t i = container + 1; i < walk->parts[container].end; i = walk->parts[i].end) {
		int rank = i == at ? 0 : sample_rank(&walk->parts[i]);
		if (i < at && rank < 2)
			rank = 0;
		if (rank > best_rank) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

static bool is_feedback_container(const struct walk *walk, size_t container)
{
	return str_eq(walk->parts[container].type, STR("multipart/report")) &&
		str_eq_nocase(mail_parameter(walk->mail, container, "report-type"),
			STR("feedback-report"));
}

/* Fields and headers in one text: what stands behind the fields' blank line. */
static struct str behind_fields(struct str text)
{
	size_t at = str_find(text, STR("\n\n")), crlf = str_find(text, STR("\r\n\r\n"));
	if (crlf < at)
		at = crlf;
	struct str rest = at != SIZE_MAX ? str_from_offset(text, at) : STR_NONE;
	while (rest.len > 0 && (rest.ptr[0] == '\r' || rest.ptr[0] == '\n' || rest.ptr[0] == '-'))
		rest = str_from_offset(rest, 1);
	return sniff_mail(str_sub(rest, 0, SNIFF_BYTES)) ? rest : STR_NONE;
}

static bool feedback_is_repeated(const struct walk *walk, size_t container, size_t at)
{
	for (size_t i = container + 1; i < walk->parts[container].end; i = walk->parts[i].end)
		if (i != at && is_feedback_type(walk->parts[i].type))
			return true;
	return false;
}

static bool read_failure(struct walk *walk, size_t container, size_t at, size_t offset)
{
	const struct limits *limits = walk->job->input->limits;
	const struct mail_part *part = &walk->parts[at];
	struct issue_list *issues = issues_new(walk);
	struct buf fields, sample;
	buf_init(&fields, TEXT_BYTES + SNIFF_BYTES);
	buf_init(&sample, (size_t)limits->mail_bytes * 2);
	bool good = part_bytes(walk, at, TEXT_BYTES, &fields);
	struct failure_source source = {.fields = str_from_offset(buf_str(&fields), offset),
		.fields_alone = is_feedback_type(part->type),
		.mail_epoch_secs = walk->mail_epoch_secs,
		.now_epoch_secs = walk->job->input->now_epoch_secs};
	size_t sample_at = container != at ? find_sample(walk, container, at) : at;
	if (good && sample_at != at) {
		good = part_bytes(walk, sample_at, (size_t)limits->mail_bytes, &sample);
		source.sample = sample.len > 0 ? buf_str(&sample) : STR("");
		source.sample_type = walk->parts[sample_at].type;
	} else if (good) {
		source.sample = behind_fields(source.fields);
	}
	struct str before = str_trim(str_sub(buf_str(&fields), 0, offset));
	if (source.fields_alone && before.len > 0)
		issue_add(issues, ISSUE_FAILURE_FIELD_FORM, before);
	if (fields.len >= TEXT_BYTES)
		issue_add(issues, ISSUE_TEXT_CUT, part->type);
	if (part->encoded)
		issue_add(issues, ISSUE_FAILURE_FEEDBACK_ENCODED, STR_NONE);
	if (feedback_is_repeated(walk, container, at))
		issue_add(issues, ISSUE_FAILURE_FEEDBACK_REPEATED, STR_NONE);
	if (container == at || !is_feedback_container(walk, container))
		issue_add(issues, ISSUE_FAILURE_OUTER_TYPE, walk->parts[container].type);
	else if (!str_eq(part->type, STR("message/feedback-report")))
		issue_add(issues, ISSUE_FAILURE_OUTER_TYPE, part->type);
	good = good && carrier_failure(walk->job, &source, issues);
	buf_fini(&fields);
	buf_fini(&sample);
	free(issues);
	return good;
}

static bool is_text(const struct mail_part *part)
{
	return str_starts(part->type, STR("text/")) && !str_eq(part->type, STR("text/html"));
}

/* sample_at: the part that holds the message, or at itself when the text does. */
static bool read_failure_text(struct walk *walk, size_t at, size_t sample_at, bool *found_r)
{
	size_t max_bytes = (size_t)walk->job->input->limits->mail_bytes;
	struct buf text, sample;
	buf_init(&text, TEXT_BYTES + SNIFF_BYTES);
	buf_init(&sample, max_bytes * 2);
	struct failure_source source;
	bool good = part_bytes(walk, at, TEXT_BYTES, &text);
	*found_r = good && failure_from_text(buf_str(&text), walk->job->arena, &source);
	if (*found_r && sample_at != at) {
		good = part_bytes(walk, sample_at, max_bytes, &sample);
		source.sample = sample.len > 0 ? buf_str(&sample) : STR("");
		source.sample_type = walk->parts[sample_at].type;
	}
	if (*found_r && good) {
		struct issue_list *issues = issues_new(walk);
		issue_add(issues, ISSUE_FAILURE_NO_FEEDBACK_PART, STR_NONE);
		source.mail_epoch_secs = walk->mail_epoch_secs;
		source.now_epoch_secs = walk->job->input->now_epoch_secs;
		good = carrier_failure(walk->job, &source, issues);
		free(issues);
	}
	buf_fini(&text);
	buf_fini(&sample);
	return good;
}

/* A text form with the message or its headers in a part of their own. *found_r: the parts are used up. */
static bool read_failure_parts(struct walk *walk, size_t container, bool *found_r)
{
	size_t end = walk->parts[container].end;
	bool good = true;
	*found_r = false;
	for (size_t i = container + 1; good && !*found_r && i < end; i = walk->parts[i].end) {
		size_t sample_at = find_sample(walk, container, i);
		if (walk->parts[i].node != MAIL_LEAF || !is_text(&walk->parts[i]) || sample_at == i ||
		    sample_rank(&walk->parts[sample_at]) < 2)
			continue;
		struct buf head;
		buf_init(&head, SNIFF_BYTES * 2);
		good = part_bytes(walk, i, SNIFF_BYTES, &head);
		if (good && failure_text_sniff(buf_str(&head)))
			good = read_failure_text(walk, i, sample_at, found_r);
		buf_fini(&head);
	}
	return good;
}

/* ---- wrappers ---- */

static bool is_cms_type(struct str type)
{
	return str_eq(type, STR("application/pkcs7-mime")) || str_eq(type, STR("application/x-pkcs7-mime"));
}

/* A signature of something else is CMS too, and hollow: odd only where the type says otherwise. */
static bool read_cms(struct walk *walk, size_t at)
{
	struct carrier_job *job = walk->job;
	const struct limits *limits = job->input->limits;
	struct buf wrapped, content;
	buf_init(&wrapped, (size_t)limits->mail_bytes * 2);
	buf_init(&content, (size_t)limits->mail_bytes * 2);
	bool good = part_bytes(walk, at, (size_t)limits->mail_bytes, &wrapped);
	if (good) {
		switch (cms_unwrap(buf_str(&wrapped), &content)) {
		case CMS_SIGNED:
			buf_fini(&wrapped);
			good = walk_bytes(walk, &content);
			break;
		case CMS_ENCRYPTED:
			carrier_lost(job, REASON_MAIL_ENCRYPTED, walk->parts[at].name);
			break;
		case CMS_HOLLOW:
			if (!is_cms_type(walk->parts[at].type))
				break;
			carrier_lost(job, REASON_MAIL_SMIME, walk->parts[at].name);
			break;
		case CMS_UNREADABLE:
			carrier_lost(job, REASON_MAIL_SMIME, walk->parts[at].name);
			break;
		}
	}
	buf_fini(&wrapped);
	buf_fini(&content);
	return good;
}

static bool read_attached_mail(struct walk *walk, size_t at)
{
	struct buf bytes;
	buf_init(&bytes, (size_t)walk->job->input->limits->mail_bytes * 2);
	bool good = part_bytes(walk, at, (size_t)walk->job->input->limits->mail_bytes, &bytes) &&
		walk_bytes(walk, &bytes);
	buf_fini(&bytes);
	return good;
}

static bool holds_mail(const struct mail_part *part, struct str head)
{
	bool likely = str_starts(part->type, STR("message/")) || str_ends_nocase(part->name, STR(".eml")) ||
		str_eq(part->type, STR("application/octet-stream"));
	return likely && sniff_bytes(head) == SNIFF_TEXT && sniff_mail(head);
}

/* ---- leaves ---- */

/* RFC 7489 section 7.2.2: the report was too large to be sent. */
static bool is_error_report(struct str head)
{
	return str_find_nocase(head, STR("Submitting-URI:")) != SIZE_MAX &&
		str_find_nocase(head, STR("Report-Size:")) != SIZE_MAX &&
		str_find_nocase(head, STR("Report-Domain:")) != SIZE_MAX;
}

/* What the first bytes of a leaf say before it is read as a document. *taken_r: it is done. */
static bool read_special(struct walk *walk, size_t at, struct str head, bool *taken_r)
{
	const struct mail_part *part = &walk->parts[at];
	*taken_r = true;
	if (is_cms_type(part->type) || (cms_sniff(head) && !str_ends(part->type, STR("-signature"))))
		return read_cms(walk, at);
	if (str_eq(part->type, STR("application/pgp-encrypted")) ||
	    str_starts(head, STR("-----BEGIN PGP MESSAGE-----"))) {
		carrier_lost(walk->job, REASON_MAIL_ENCRYPTED, STR("PGP"));
		return true;
	}
	if (holds_mail(part, head))
		return read_attached_mail(walk, at);
	if (is_text(part) && failure_text_sniff(head)) {
		bool good = read_failure_text(walk, at, at, taken_r);
		if (!good || *taken_r)
			return good;
	}
	*taken_r = false;
	if (is_text(part) && is_error_report(head))
		call_it(walk, REASON_NOT_ERROR_REPORT);
	return true;
}

static bool read_leaf(struct walk *walk, size_t at)
{
	const struct mail_part *part = &walk->parts[at];
	struct issue_list *issues = issues_new(walk);
	struct part_reader reader;
	part_open(walk, at, issues, &reader);
	struct carrier_peek peek;
	bool good = carrier_peek_open(&peek, &reader.payload, &walk->job->hard);
	bool taken = true;
	if (good) {
		good = read_special(walk, at, carrier_peek_head(&peek), &taken);
		/* The special readers read the part by themselves; start again. */
		carrier_peek_close(&peek);
	}
	mail_content_close(&reader.content);
	if (good && !taken) {
		part_open(walk, at, issues, &reader);
		struct carrier carrier = {.payload = &reader.payload, .place = CARRIER_PART,
			.type = part->type, .name = part->name, .issues = issues,
			.text = !str_eq(part->type, STR("text/html")),
			.body = str_eq(part->type, STR("text/plain")) && part->name.len == 0};
		good = carrier_read(walk->job, &carrier);
		mail_content_close(&reader.content);
	}
	free(issues);
	return good;
}

/* ---- the tree ---- */

static bool is_notice(struct str type)
{
	return str_eq(type, STR("message/delivery-status")) ||
		str_eq(type, STR("message/global-delivery-status")) ||
		str_eq(type, STR("message/disposition-notification"));
}

static bool is_bounce(const struct walk *walk, size_t container)
{
	struct str kind = mail_parameter(walk->mail, container, "report-type");
	if (str_eq_nocase(kind, STR("delivery-status")) ||
	    str_eq_nocase(kind, STR("disposition-notification")))
		return true;
	for (size_t i = container + 1; i < walk->parts[container].end; i = walk->parts[i].end)
		if (is_notice(walk->parts[i].type))
			return true;
	return false;
}

/* A failure report of any form, or a complaint. *found_r: the container is used up. */
static bool read_feedback(struct walk *walk, size_t container, bool *found_r)
{
	size_t end = walk->parts[container].end, offset;
	*found_r = true;
	for (size_t i = end > container + 1 ? container + 1 : container; i < end; i = walk->parts[i].end) {
		switch (feedback_kind(walk, i, &offset)) {
		case FAILURE_NONE:
			continue;
		case FAILURE_AUTH:
			return read_failure(walk, container, i, offset);
		case FAILURE_ABUSE:
			call_it(walk, REASON_NOT_ABUSE);
			return true;
		}
	}
	return read_failure_parts(walk, container, found_r);
}

/* *next_r: where to go on. */
static bool read_multipart(struct walk *walk, size_t at, size_t *next_r)
{
	const struct mail_part *part = &walk->parts[at];
	*next_r = part->end;
	if (str_eq(part->type, STR("multipart/encrypted"))) {
		carrier_lost(walk->job, REASON_MAIL_ENCRYPTED, STR_NONE);
		return true;
	}
	bool found;
	bool good = read_feedback(walk, at, &found);
	if (!good || found)
		return good;
	if (is_bounce(walk, at)) {
		call_it(walk, REASON_NOT_BOUNCE);
		return true;
	}
	uint32_t before = walk->job->reports;
	*next_r = at + 1;
	good = part->end > at + 1 || read_leaf(walk, at);
	if (walk->job->reports == before && is_feedback_container(walk, at))
		carrier_soft(walk->job, REASON_FAILURE_MALFORMED, STR("no message/feedback-report part"));
	return good;
}

static bool read_single(struct walk *walk, size_t at)
{
	size_t offset;
	bool alone = at == walk->parts[at].parent || walk->parts[walk->parts[at].parent].node == MAIL_MESSAGE;
	if (is_notice(walk->parts[at].type)) {
		call_it(walk, REASON_NOT_BOUNCE);
		return true;
	}
	switch (alone ? feedback_kind(walk, at, &offset) : FAILURE_NONE) {
	case FAILURE_NONE:
		break;
	case FAILURE_AUTH:
		return read_failure(walk, at, at, offset);
	case FAILURE_ABUSE:
		call_it(walk, REASON_NOT_ABUSE);
		return true;
	}
	return read_leaf(walk, at);
}

static bool walk_parts(struct walk *walk)
{
	size_t at = 0;
	walk->parts = mail_parts(walk->mail, &walk->count);
	while (at < walk->count && !walk->job->done) {
		size_t next = at + 1;
		bool good = true;
		switch (walk->parts[at].node) {
		case MAIL_MULTIPART:
			good = read_multipart(walk, at, &next);
			break;
		case MAIL_MESSAGE:
			break;
		case MAIL_LEAF:
			good = read_single(walk, at);
			break;
		}
		if (!good)
			return false;
		at = next;
	}
	return true;
}

/* RFC 3834 section 5; daemons that bounce without RFC 3464. */
static void judge_headers(struct walk *walk)
{
	struct arena *arena = walk->job->arena;
	struct str from = mail_decode_text(arena, mail_header(walk->mail, "From"), SNIFF_BYTES);
	if (str_find_nocase(from, STR("mailer-daemon@")) != SIZE_MAX ||
	    str_starts_nocase(from, STR("mailer-daemon")) ||
	    mail_header(walk->mail, "X-Failed-Recipients").ptr != NULL)
		call_it(walk, REASON_NOT_BOUNCE);
	struct str automatic = str_trim(mail_header(walk->mail, "Auto-Submitted"));
	if ((automatic.len > 0 && !str_starts_nocase(automatic, STR("no"))) ||
	    mail_header(walk->mail, "X-Autoreply").ptr != NULL ||
	    mail_header(walk->mail, "X-Autorespond").ptr != NULL)
		call_it(walk, REASON_NOT_AUTO_REPLY);
}

/* RFC 7489 section 7.2.1.1: "Report Domain: " domain "Submitter: " domain "Report-ID: " id. Not a reply to it. */
static bool is_report_subject(struct str subject)
{
	static const struct str words[] = {{"Report Domain:", 14}, {"Submitter:", 10}, {"Report-ID:", 10}};
	struct str rest = str_trim(subject);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t at = str_find_nocase(rest, words[i]);
		if (at == SIZE_MAX || (at == 0) != (i == 0))
			return false;
		rest = str_trim(str_from_offset(rest, at + words[i].len));
	}
	return rest.len > 0;
}

static bool walk_mail(struct walk *walk)
{
	struct carrier_job *job = walk->job;
	struct mail_head head = mail_head(walk->mail, job->arena);
	walk->mail_epoch_secs = head.date_epoch_secs;
	if (walk->nesting == 0)
		job->mail_epoch_secs = head.date_epoch_secs;
	if (walk->nesting == 0 && !job->extract)
		wire_write_mail_head(job->writer, &head);
	bool good = walk_parts(walk);
	if (good && walk->nesting == 0)
		judge_headers(walk);
	if (good && walk->nesting == 0 && *walk->other == REASON_NOT_MAIL_REPORT && is_report_subject(head.subject))
		carrier_soft(job, REASON_ARCHIVE_NO_REPORT, STR("none in the mail, though its subject promises one"));
	mail_close(&walk->mail);
	return good;
}

static bool walk_bytes(struct walk *outer, struct buf *bytes)
{
	struct carrier_job *job = outer->job;
	const struct limits *limits = job->input->limits;
	struct walk walk = {.job = job, .nesting = outer->nesting + 1, .other = outer->other};
	if (walk.nesting > NESTING_MAX) {
		reject_set(&job->hard, REASON_MAIL_PARTS, "mails inside mails above %u", NESTING_MAX);
		return false;
	}
	if (!mail_raw_check_bytes(bytes, limits, &walk.facts, &job->hard))
		return false;
	walk.mail = mail_open_bytes(buf_str(bytes), limits, &job->hard);
	return walk.mail != NULL && walk_mail(&walk);
}

bool mail_walk(struct carrier_job *job, uint64_t from, enum reason *other_r)
{
	const struct parse_input *input = job->input;
	struct walk walk = {.job = job, .other = other_r};
	struct buf repaired;
	*other_r = REASON_NOT_MAIL_REPORT;
	buf_init(&repaired, (size_t)input->limits->mail_bytes * 2 + SNIFF_BYTES);
	bool good = mail_raw_check_fd(input, from, &repaired, &walk.facts, &job->hard);
	if (good) {
		walk.mail = repaired.len > 0
			? mail_open_bytes(buf_str(&repaired), input->limits, &job->hard)
			: mail_open_fd(input->fd, from, input->bytes, input->limits, &job->hard);
		good = walk.mail != NULL && walk_mail(&walk);
	}
	buf_fini(&repaired);
	return good;
}
