// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/cause.h"

#include "verifier/dkim/base64.h"

#include <string.h>

#define FIELD_BYTES_MAX 998 /* RFC 5322 section 2.1.1 */
#define LINES_MAX 100                                /* at the end, that could have been added */
#define HASHED_BYTES_MAX ((uint64_t)32 * 1024 * 1024) /* by all tries together */
#define CHANGED_BYTES_MAX (HASHED_BYTES_MAX / 4)      /* of a body that is made anew */

struct tries {
	struct judge *judge;
	const struct signature *signature;
	uint64_t left; /* bytes */
	struct buf changed;
};

static bool fits_as(struct tries *tries, struct str body, bool relaxed, bool whole)
{
	struct signature signature = *tries->signature;
	struct message message = {.body = body};
	struct judge judge = {.message = &message, .keys = tries->judge->keys};
	if (tries->left < body.len)
		return false;
	tries->left -= body.len;
	signature.body_relaxed = relaxed;
	signature.has_length = signature.has_length && !whole;
	return judge_body_matches(judge_body(&judge, &signature), &signature);
}

static bool fits(struct tries *tries, struct str body)
{
	return fits_as(tries, body, tries->signature->body_relaxed, false);
}

/* Lines taken off the end, one more at each try; 0: it was not that. */
static size_t lines_added(struct tries *tries)
{
	struct str body = tries->judge->message->body;
	for (size_t lines = 1; lines <= LINES_MAX && body.len > 0; lines++) {
		size_t lf = str_rfind_char(str_sub(body, 0, body.len - 1), '\n');
		body.len = lf == SIZE_MAX ? 0 : lf + 1;
		if (fits(tries, body))
			return lines;
		if (tries->left < body.len)
			return 0;
	}
	return 0;
}

/* What a line is made into; false: it is as it was. */
typedef void change_line(struct buf *out, struct str line);

static void unquote_from(struct buf *out, struct str line)
{
	size_t marks = 0;
	while (marks < line.len && line.ptr[marks] == '>')
		marks++;
	buf_add_str(out, marks > 0 && str_starts(str_from_offset(line, marks), STR("From ")) ? str_from_offset(line, 1)
											      : line);
}

static void unstuff_dot(struct buf *out, struct str line)
{
	buf_add_str(out, str_starts(line, STR("..")) ? str_from_offset(line, 1) : line);
}

static void stuff_dot(struct buf *out, struct str line)
{
	if (str_starts(line, STR(".")))
		buf_add_char(out, '.');
	buf_add_str(out, line);
}

static void cut_white(struct buf *out, struct str line)
{
	while (line.len > 0 && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
		line.len--;
	buf_add_str(out, line);
}

/* CR that ends no line, doubled by whoever took the first for text. */
static void cut_cr(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] != '\r')
			buf_add_char(out, line.ptr[i]);
}

static void cr_to_line_end(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		buf_add_char(out, line.ptr[i]);
		if (line.ptr[i] == '\r')
			buf_add_char(out, '\n');
	}
}

/* RFC 2045 section 6.7; a soft line break is a line without its end. */
static void decode_printable(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		int high = i + 2 < line.len ? ascii_hex_value(line.ptr[i + 1]) : -1;
		int low = i + 2 < line.len ? ascii_hex_value(line.ptr[i + 2]) : -1;
		if (line.ptr[i] == '=' && high >= 0 && low >= 0) {
			buf_add_char(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_add_char(out, line.ptr[i]);
		}
	}
}

static bool can_be_changed(const struct tries *tries)
{
	size_t bytes = tries->judge->message->body.len;
	return bytes <= CHANGED_BYTES_MAX && bytes <= tries->left;
}

static bool fits_changed(struct tries *tries, change_line *change)
{
	struct str rest = tries->judge->message->body, line;
	struct buf *out = &tries->changed;
	if (!can_be_changed(tries))
		return false;
	buf_reset(out);
	while (str_line(&rest, &line)) {
		change(out, line);
		bool soft = change == decode_printable && str_ends(line, STR("="));
		if (soft)
			out->len--;
		else
			buf_add_str(out, STR("\r\n"));
	}
	return !out->overflow && !str_eq(buf_str(out), tries->judge->message->body) && fits(tries, buf_str(out));
}

static bool encoded_as(const struct tries *tries, const char *word)
{
	const struct message_field *field = message_field(tries->judge->message, STR("Content-Transfer-Encoding"), 0);
	return field && str_eq_nocase(str_trim(field->body), str_from(word));
}

static bool fits_base64(struct tries *tries)
{
	struct str bytes, body = tries->judge->message->body;
	if (!can_be_changed(tries))
		return false;
	struct arena *arena = arena_open(CHANGED_BYTES_MAX);
	bool fit = base64_decode(arena, body, &bytes) && fits(tries, bytes);
	arena_close(&arena);
	return fit;
}

/* As a signer that sees lines end with a bare LF, before SMTP makes CRLF of it. */
static bool fits_with_bare_lf(struct tries *tries)
{
	struct canon canon;
	struct buf copy;
	struct str body = tries->judge->message->body;
	if (tries->signature->has_length || !can_be_changed(tries))
		return false;
	tries->left -= body.len;
	buf_init(&copy, 2 * CHANGED_BYTES_MAX);
	canon_begin(&canon, keys_digest(tries->judge->keys), &copy, UINT64_MAX);
	if (tries->signature->body_relaxed)
		canon_body_relaxed(&canon, body);
	else
		canon_body_simple(&canon, body);
	canon_end(&canon);
	(void)digest_take(canon.digest);
	size_t len = 0;
	for (size_t i = 0; i < copy.len; i++)
		if (copy.ptr[i] != '\r')
			copy.ptr[len++] = copy.ptr[i];
	bool whole = !copy.overflow;
	struct sha256 sum = sha256_of(copy.ptr ? copy.ptr : "", len);
	buf_fini(&copy);
	return whole && str_eq(tries->signature->body_hash, (struct str){(const char *)sum.bytes, SHA256_BYTES});
}

/* Where the delimiters of a multipart stand (RFC 2046 section 5.1.1): the first two, the last that begins a part
 * and the one that ends them. */
struct delimiters {
	struct str first;
	size_t second, last, end;
};

static struct str boundary_of(const struct tries *tries)
{
	const struct message_field *field = message_field(tries->judge->message, STR("Content-Type"), 0);
	struct str type = STR_NONE, boundary;
	if (field && field->body.len <= FIELD_BYTES_MAX)
		type = message_unfolded(tries->judge->verify->arena, field);
	size_t at = str_find_nocase(type, STR("boundary="));
	if (at == SIZE_MAX)
		return STR_NONE;
	boundary = str_from_offset(type, at + sizeof("boundary=") - 1);
	if (str_starts(boundary, STR("\""))) {
		boundary = str_from_offset(boundary, 1);
		return str_sub(boundary, 0, str_find_char(boundary, '"'));
	}
	return str_trim(str_sub(boundary, 0, str_find_char(boundary, ';')));
}

/* False: the body is no multipart, or one without parts. */
static bool find_delimiters(const struct tries *tries, struct delimiters *at_r)
{
	struct str body = tries->judge->message->body, boundary = boundary_of(tries), rest = body, line;
	size_t count = 0;
	*at_r = (struct delimiters){.end = SIZE_MAX};
	while (boundary.len > 0 && at_r->end == SIZE_MAX && str_line(&rest, &line)) {
		size_t at = (size_t)(line.ptr - body.ptr);
		if (!str_starts(line, STR("--")) || !str_starts(str_from_offset(line, 2), boundary))
			continue;
		line = str_trim(str_from_offset(line, 2 + boundary.len));
		if (line.len > 0 && !str_eq(line, STR("--")))
			continue;
		if (count++ == 0)
			at_r->first = rest;
		else if (count == 2)
			at_r->second = at;
		*(line.len > 0 ? &at_r->end : &at_r->last) = at;
	}
	return at_r->end != SIZE_MAX && count > 1;
}

static bool fits_without_last_part(struct tries *tries, const struct delimiters *at)
{
	struct str body = tries->judge->message->body;
	if (at->second == at->end)
		return false;
	buf_reset(&tries->changed);
	buf_add_str(&tries->changed, str_sub(body, 0, at->last));
	buf_add_str(&tries->changed, str_from_offset(body, at->end));
	return !tries->changed.overflow && fits(tries, buf_str(&tries->changed));
}

/* The first part without its header, which the message had as its own. */
static bool fits_as_first_part(struct tries *tries, const struct delimiters *at)
{
	struct str rest = at->first, line;
	while (str_line(&rest, &line) && line.len > 0)
		;
	size_t from = (size_t)(rest.ptr - tries->judge->message->body.ptr);
	return rest.ptr && from <= at->second &&
		fits(tries, str_sub(tries->judge->message->body, from, at->second - from));
}

/* What lists and gateways do where there is more than text. */
static struct str find_in_parts(struct tries *tries)
{
	struct delimiters at;
	if (!can_be_changed(tries) || !find_delimiters(tries, &at))
		return STR_NONE;
	if (cause_tried(tries->judge, "without its last part", fits_without_last_part(tries, &at)))
		return STR("a part was added at the end of the body on the way, as a mailing list's footer or a "
			"disclaimer is");
	if (cause_tried(tries->judge, "the first part alone", fits_as_first_part(tries, &at)))
		return STR("the body was put into a multipart on the way, as mailing lists do to add a footer");
	return STR_NONE;
}

static struct str find(struct tries *tries)
{
	static const struct {
		change_line *change;
		const char *what, *cause;
	} changes[] = {
		{unquote_from, "\">From \" as \"From \"", "lines that begin with \"From \" got a \">\" on the way"},
		{unstuff_dot, "doubled dots as one",
			"dots that begin lines were doubled on the way (SMTP's own, not undone)"},
		{stuff_dot, "dots doubled", "a dot was taken from lines that begin with one"},
		{cut_cr, "stray CR removed", "CRs were added to line ends on the way"},
		{cr_to_line_end, "bare CR as CRLF", "the body was signed with CRLF where it has a bare CR now"},
		{cut_white, "white space at line ends removed", "white space was added to line ends on the way"},
	};
	struct judge *judge = tries->judge;
	const struct signature *signature = tries->signature;
	struct str body = judge->message->body;
	if (signature->has_length
		&& cause_tried(judge, "without l=", fits_as(tries, body, signature->body_relaxed, true)))
		return STR("bh= is of the whole body, not of its first l= octets");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (cause_tried(judge, changes[i].what, fits_changed(tries, changes[i].change)))
			return str_from(changes[i].cause);
	if (cause_tried(judge, "the other body canonicalization",
		fits_as(tries, body, !signature->body_relaxed, false)))
		return str_from(signature->body_relaxed
			? "as \"simple\" the body fits: the signer hashed another form than c= says"
			: "as \"relaxed\" the body fits: white space was changed on the way, or the signer hashed "
			  "another form than c= says");
	if (cause_tried(judge, "line ends as bare LF", fits_with_bare_lf(tries)))
		return STR("the signer hashed lines that end with a bare LF, where they have to end with CRLF "
			"(RFC 6376 section 5.3)");
	if (encoded_as(tries, "quoted-printable")
		&& cause_tried(judge, "quoted-printable decoded", fits_changed(tries, decode_printable)))
		return STR("the body was signed as 8bit and turned into quoted-printable on the way");
	if (encoded_as(tries, "base64") && cause_tried(judge, "base64 decoded", fits_base64(tries)))
		return STR("the body was signed as 8bit and turned into base64 on the way");
	size_t lines = lines_added(tries);
	if (cause_tried(judge, "without its last lines", lines > 0))
		return str_from(arena_printf(judge->verify->arena,
			"%zu line%s added at the end of the body on the way, "
			"as a mailing list's footer or a disclaimer is", lines, lines == 1 ? " was" : "s were"));
	struct str cause = find_in_parts(tries);
	if (cause.ptr)
		return cause;
	return body.len == 0 ? STR("the body is gone") :
		STR("the text itself was changed on the way, by none of the changes that are usual");
}

struct str cause_of_body(struct judge *judge, const struct signature *signature)
{
	struct tries tries = {.judge = judge, .signature = signature, .left = HASHED_BYTES_MAX};
	buf_init(&tries.changed, CHANGED_BYTES_MAX);
	struct str cause = find(&tries);
	buf_fini(&tries.changed);
	return cause;
}
