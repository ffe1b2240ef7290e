// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/names.h"

#include "base/buf.h"
#include "verifier/dkim/base64.h"
#include "verifier/domain.h"

#define SUBJECT_BYTES_MAX ((size_t)2000)
#define FILE_BYTES_MAX ((size_t)1000)
#define MSECS_FROM ((uint64_t)100000000000) /* a date of this size is in milliseconds */
#define FULLWIDTH_COLON "\xef\xbc\x9a"

/* RFC 2047 section 4.2 */
static void add_q(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool escaped = text.ptr[i] == '=' && i + 2 < text.len && ascii_is_hex(text.ptr[i + 1]) &&
			ascii_is_hex(text.ptr[i + 2]);
		if (escaped) {
			buf_add_char(out, (char)(ascii_hex_value(text.ptr[i + 1]) << 4 |
				ascii_hex_value(text.ptr[i + 2])));
			i += 2;
		} else {
			buf_add_char(out, text.ptr[i] == '_' ? ' ' : text.ptr[i]);
		}
	}
}

/* =?charset?encoding?text?= at the start of *rest. What is looked for is ASCII, in every charset that mail knows. */
static bool add_word(struct arena *arena, struct str *rest, struct buf *out)
{
	struct str text = str_from_offset(*rest, 2), decoded;
	size_t charset = str_find_char(text, '?');
	if (!str_starts(*rest, STR("=?")) || charset == SIZE_MAX || charset + 2 >= text.len ||
		text.ptr[charset + 2] != '?')
		return false;
	char encoding = ascii_lower(text.ptr[charset + 1]);
	text = str_from_offset(text, charset + 3);
	size_t end = str_find(text, STR("?="));
	if (end == SIZE_MAX || (encoding != 'b' && encoding != 'q'))
		return false;
	if (encoding == 'q')
		add_q(out, str_sub(text, 0, end));
	else if (base64_decode(arena, str_sub(text, 0, end), &decoded))
		buf_add_str(out, decoded);
	else
		return false;
	*rest = str_from_offset(text, end + 2);
	return true;
}

static struct str skip_blanks(struct str text)
{
	while (text.len > 0 && ascii_is_space(text.ptr[0]))
		text = str_from_offset(text, 1);
	return text;
}

static struct str decoded_words(struct arena *arena, struct str subject)
{
	struct buf out;
	struct str rest = str_sub(subject, 0, SUBJECT_BYTES_MAX);
	buf_init(&out, 2 * SUBJECT_BYTES_MAX);
	while (rest.len > 0) {
		if (add_word(arena, &rest, &out)) {
			/* Blanks between two of them are none (section 6.2). */
			if (str_starts(skip_blanks(rest), STR("=?")))
				rest = skip_blanks(rest);
			continue;
		}
		if (str_starts(rest, STR(FULLWIDTH_COLON))) {
			buf_add_char(&out, ':');
			rest = str_from_offset(rest, sizeof(FULLWIDTH_COLON) - 1);
			continue;
		}
		buf_add_char(&out, rest.ptr[0]);
		rest = str_from_offset(rest, 1);
	}
	struct str text = arena_str(arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

static bool is_end(char c)
{
	return ascii_is_space(c) || c == ';' || c == ',';
}

static bool is_bracket(char c)
{
	return str_find_char(STR("<>\"'[]{}()"), c) != SIZE_MAX;
}

/* The word behind a colon; *rest stands behind it afterwards. */
static struct str value(struct str *rest)
{
	struct str text = skip_blanks(*rest);
	size_t len = 0;
	while (len < text.len && !is_end(text.ptr[len]))
		len++;
	*rest = str_from_offset(text, len);
	text = str_sub(text, 0, len);
	while (text.len > 0 && is_bracket(text.ptr[0]))
		text = str_from_offset(text, 1);
	while (text.len > 0 && is_bracket(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* Letters of the label, between which anything but letters may stand ("Report-Domain", "Report_ID"). */
static size_t label_bytes(struct str text, const char *label)
{
	size_t at = 0;
	for (; *label; label++) {
		if (*label == ' ') {
			while (at < text.len && (ascii_is_space(text.ptr[at]) || text.ptr[at] == '-' ||
				text.ptr[at] == '_'))
				at++;
			continue;
		}
		if (at == text.len || ascii_lower(text.ptr[at]) != *label)
			return 0;
		at++;
	}
	while (at < text.len && ascii_is_space(text.ptr[at]))
		at++;
	return at < text.len && text.ptr[at] == ':' ? at + 1 : 0;
}

static struct str labelled(struct str text, const char *label)
{
	for (size_t i = 0; i < text.len; i++) {
		struct str rest = str_from_offset(text, i);
		size_t len = label_bytes(rest, label);
		if (len > 0) {
			rest = str_from_offset(rest, len);
			return value(&rest);
		}
	}
	return STR_NONE;
}

/* Three values behind colons, two domains first: the order of the specification in another language. */
static void by_order(struct arena *arena, struct str text, struct report_subject *subject)
{
	struct str values[3], domain, submitter, rest = text;
	for (size_t i = 0; i < 3; i++) {
		size_t colon = str_find_char(rest, ':');
		if (colon == SIZE_MAX)
			return;
		rest = str_from_offset(rest, colon + 1);
		values[i] = value(&rest);
	}
	if (!report_name_is_domain(arena, values[0], &domain) || !report_name_is_domain(arena, values[1], &submitter))
		return;
	*subject = (struct report_subject){domain, submitter, values[2].len > 0 ? values[2] : STR_NONE};
}

void report_subject_parse(struct arena *arena, struct str subject, struct report_subject *subject_r)
{
	struct str text = decoded_words(arena, subject);
	struct str domain = labelled(text, "report domain"), submitter = labelled(text, "submitter");
	struct str report_id = labelled(text, "report id");
	*subject_r = (struct report_subject){.report_id = report_id.len > 0 ? report_id : STR_NONE};
	if (!domain.ptr && !submitter.ptr && !report_id.ptr) {
		by_order(arena, text, subject_r);
		return;
	}
	if (!domain_to_ascii(arena, domain, &subject_r->domain))
		subject_r->domain = STR_NONE;
	if (!report_name_is_domain(arena, submitter, &subject_r->submitter))
		subject_r->submitter = STR_NONE;
}

static int64_t epoch_of(struct str text)
{
	uint64_t value;
	if (!str_to_u64(text, INT64_MAX, &value))
		return 0;
	return (int64_t)(value > MSECS_FROM ? value / 1000 : value);
}

static struct str base_name(struct str name)
{
	size_t slash = str_rfind_char(name, '/'), back = str_rfind_char(name, '\\');
	if (slash != SIZE_MAX)
		return str_from_offset(name, slash + 1);
	return back != SIZE_MAX ? str_from_offset(name, back + 1) : name;
}

bool report_file_parse(struct arena *arena, struct str name, struct report_file *file_r)
{
	struct str rest = str_trim(base_name(str_sub(name, 0, FILE_BYTES_MAX))), pieces[4];
	*file_r = (struct report_file){.receiver = STR_NONE};
	for (size_t i = 0; i < 4; i++)
		if (!str_split(&rest, '!', &pieces[i]))
			return false;
	pieces[3] = str_sub(pieces[3], 0, str_find_char(pieces[3], '.'));
	if (!report_name_is_domain(arena, pieces[0], &file_r->receiver) ||
		!report_name_is_domain(arena, pieces[1], &file_r->policy_domain))
		return false;
	file_r->begin_epoch_secs = epoch_of(pieces[2]);
	file_r->end_epoch_secs = epoch_of(pieces[3]);
	return true;
}

bool report_name_is_domain(struct arena *arena, struct str name, struct str *domain_r)
{
	size_t dot;
	if (!domain_to_ascii(arena, str_trim(name), domain_r))
		return false;
	dot = str_rfind_char(*domain_r, '.');
	if (dot != SIZE_MAX && domain_r->len - dot > 2 && ascii_is_alpha(domain_r->ptr[dot + 1]))
		return true;
	*domain_r = STR_NONE;
	return false;
}
