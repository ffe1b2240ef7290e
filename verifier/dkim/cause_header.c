// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/cause.h"

#include <string.h>

#define REMOVED_MAX 30 /* fields, that could have been added */
#define FIELDS_MAX 1000
#define HEADER_BYTES_MAX ((size_t)256 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)

/* A message that can be changed; its signature moves with it. */
struct tries {
	struct judge *judge;
	const struct judged_key *key;
	struct arena *arena; /* for the tries only */
	struct message message;
	struct signature signature;
	size_t own; /* the signature's field */
};

static void start(struct tries *tries, const struct signature *signature)
{
	const struct message *message = tries->judge->message;
	tries->message = *message;
	tries->message.fields = ARENA_ARRAY(tries->arena, message->fields_count, struct message_field);
	memcpy(tries->message.fields, message->fields, message->fields_count * sizeof(*message->fields));
	tries->own = (size_t)(signature->field - message->fields);
	tries->signature = *signature;
	tries->signature.field = &tries->message.fields[tries->own];
}

/* RSA tells what was signed, so that nothing has to be computed again. */
static bool fits(struct tries *tries)
{
	struct judge judge = *tries->judge;
	struct sha256 digest;
	judge.message = &tries->message;
	judge.index = field_index_open(tries->arena, &tries->message);
	digest = judge_header(&judge, &tries->signature, NULL);
	if (tries->key->readable)
		return memcmp(&digest, &tries->key->signed_sum, sizeof(digest)) == 0;
	return public_key_ed25519_verify(tries->key->known->key, tries->signature.octets, &digest);
}

static struct message_field *lowest(struct tries *tries, struct str name)
{
	for (size_t i = tries->message.fields_count; i-- > 0;)
		if (str_eq_nocase(tries->message.fields[i].name, name))
			return &tries->message.fields[i];
	return NULL;
}

/* The field with another body, which begins with white space where it shall. */
static void set_body(struct tries *tries, struct message_field *field, struct str body)
{
	size_t colon = field->raw.len - field->body.len;
	char *raw = arena_alloc(tries->arena, colon + body.len + 1);
	memcpy(raw, field->raw.ptr, colon);
	memcpy(raw + colon, body.ptr, body.len);
	field->raw = (struct str){raw, colon + body.len};
	field->name = (struct str){raw, field->name.len};
	field->body = (struct str){raw + colon, body.len};
}

static bool fits_with_body(struct tries *tries, struct message_field *field, struct str body)
{
	struct message_field before = *field;
	set_body(tries, field, body);
	bool fit = fits(tries);
	*field = before;
	return fit;
}

/* "[list] ", "***SPAM*** ", also behind "Re: ". */
static bool fits_without_tag(struct tries *tries)
{
	struct message_field *subject = lowest(tries, STR("Subject"));
	if (!subject)
		return false;
	struct str body = subject->body;
	size_t from = str_find_char(body, '['), end = str_find_char(body, ']');
	if (from == SIZE_MAX || end == SIZE_MAX || end < from) {
		from = str_find(body, STR("***"));
		end = from == SIZE_MAX ? SIZE_MAX : str_find(str_from_offset(body, from + 3), STR("***"));
		if (end == SIZE_MAX)
			return false;
		end += from + 5;
	}
	for (end++; end < body.len && ascii_is_space(body.ptr[end]);)
		end++;
	char *rest = arena_alloc(tries->arena, body.len + 1);
	memcpy(rest, body.ptr, from);
	memcpy(rest + from, body.ptr + end, body.len - end);
	return fits_with_body(tries, subject, (struct str){rest, from + body.len - end});
}

/* From as a list that rewrote it kept it. */
static bool fits_with_kept_from(struct tries *tries)
{
	static const char *const kept[] = {"X-Original-From", "Original-From", "X-MailFrom-Original", "Reply-To"};
	struct message_field *from = lowest(tries, STR("From"));
	for (size_t i = 0; from && i < sizeof(kept) / sizeof(kept[0]); i++) {
		const struct message_field *other = lowest(tries, str_from(kept[i]));
		if (other && fits_with_body(tries, from, other->body))
			return true;
	}
	return false;
}

static bool fits_with_encoding(struct tries *tries)
{
	static const char *const words[] = {" 8bit", " 7bit", " quoted-printable", " base64"};
	struct message_field *field = lowest(tries, STR("Content-Transfer-Encoding"));
	for (size_t i = 0; field && i < sizeof(words) / sizeof(words[0]); i++)
		if (fits_with_body(tries, field, str_from(words[i])))
			return true;
	return false;
}

static bool fits_other_canonicalisation(struct tries *tries)
{
	tries->signature.header_relaxed = !tries->signature.header_relaxed;
	bool fit = fits(tries);
	tries->signature.header_relaxed = !tries->signature.header_relaxed;
	return fit;
}

static void reverse(struct tries *tries)
{
	size_t count = tries->message.fields_count;
	for (size_t i = 0; i < count / 2; i++) {
		struct message_field field = tries->message.fields[i];
		tries->message.fields[i] = tries->message.fields[count - 1 - i];
		tries->message.fields[count - 1 - i] = field;
	}
	tries->own = count - 1 - tries->own;
	tries->signature.field = &tries->message.fields[tries->own];
}

static bool fits_top_down(struct tries *tries)
{
	reverse(tries);
	bool fit = fits(tries);
	reverse(tries);
	return fit;
}

/* The first field that spoils the signature by being there; absent: there is none. */
static struct str added_field(struct tries *tries)
{
	struct str rest = tries->signature.fields, name;
	static const struct str nothing = {"", 0};
	for (size_t i = 0; i < REMOVED_MAX && tag_item(&rest, &name); i++)
		for (size_t k = 0; k < tries->message.fields_count; k++) {
			struct message_field *field = &tries->message.fields[k];
			struct str was = field->name;
			if (k == tries->own || !str_eq_nocase(was, name))
				continue;
			field->name = nothing;
			bool fit = fits(tries);
			field->name = was;
			if (fit)
				return name;
			break; /* the upper one */
		}
	return STR_NONE;
}

static struct str decoded_copy(struct tries *tries, struct str text)
{
	char *out = arena_alloc(tries->arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (tag_is_white(text.ptr[i]))
			continue;
		if (text.ptr[i] == '=' && i + 2 < text.len && ascii_is_hex(text.ptr[i + 1])
			&& ascii_is_hex(text.ptr[i + 2])) {
			out[len++] = (char)(ascii_hex_value(text.ptr[i + 1]) << 4 | ascii_hex_value(text.ptr[i + 2]));
			i += 2;
		} else {
			out[len++] = text.ptr[i];
		}
	}
	return (struct str){out, len};
}

/* White space does not count. */
static bool same_text(struct str a, struct str b)
{
	size_t i = 0, k = 0;
	for (;;) {
		while (i < a.len && tag_is_white(a.ptr[i]))
			i++;
		while (k < b.len && tag_is_white(b.ptr[k]))
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (a.ptr[i++] != b.ptr[k++])
			return false;
	}
}

/* z= has the fields as they were signed (RFC 6376 section 3.5): the first that is another now. */
static struct str differs_from_copy(struct tries *tries)
{
	struct str rest = tag_list_value(&tries->signature.tags, STR("z")), item, name;
	while (rest.ptr && str_split(&rest, '|', &item)) {
		if (!str_split(&item, ':', &name) || !item.ptr)
			continue;
		name = str_trim(name);
		const struct message_field *field = lowest(tries, name);
		if (!field || !same_text(field->body, decoded_copy(tries, item)))
			return name;
	}
	return STR_NONE;
}

static struct str find(struct tries *tries)
{
	static const struct {
		bool (*fits)(struct tries *tries);
		const char *what, *cause;
	} changes[] = {
		{fits_without_tag, "Subject without its tag",
			"a tag was put into Subject on the way, as mailing lists do"},
		{fits_with_kept_from, "From as Reply-To or X-Original-From has it",
			"From was rewritten on the way, as mailing lists do"},
		{fits_with_encoding, "another Content-Transfer-Encoding",
			"Content-Transfer-Encoding was changed on the way: the body was encoded anew"},
		{fits_top_down, "instances of a field from the top down",
			"a further field of a signed name was added on the way, below the signed one; or the signer "
			"takes them from the top down (RFC 6376 section 5.4.2: bottom up)"},
	};
	struct judge *judge = tries->judge;
	if (cause_tried(judge, "the other header canonicalization", fits_other_canonicalisation(tries)))
		return str_from(tries->signature.header_relaxed
			? "as \"simple\" the header fits: the signer hashed another form than c= says"
			: "as \"relaxed\" the header fits: it was folded anew on the way, or the signer hashed another "
			  "form than c= says");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (cause_tried(judge, changes[i].what, changes[i].fits(tries)))
			return str_from(changes[i].cause);
	struct str name = added_field(tries);
	if (cause_tried(judge, "without the upper instance of each signed field", name.ptr != NULL))
		return str_from(arena_printf(tries->arena, "a field %.*s was added on the way",
			STR_FMT(name)));
	name = differs_from_copy(tries);
	if (name.ptr)
		return str_from(arena_printf(tries->arena, "%.*s is not what z= says was signed",
			STR_FMT(str_sub(name, 0, 100))));
	return STR_NONE;
}

struct str cause_of_header(struct judge *judge, const struct signature *signature, const struct judged_key *key)
{
	struct tries tries = {.judge = judge, .key = key};
	const struct message *message = judge->message;
	bool rsa = key->known->record.type == KEY_RSA;
	struct str cause;
	if (rsa && !cause_tried(judge, "what the key recovers from b= is a digest", key->readable))
		return STR("the key in the DNS is not the one that signed, or b= was damaged: the selector's key was "
			"replaced, or the signer uses another than the one published");
	if (message->fields_count > FIELDS_MAX || message->bytes.len - message->body.len > HEADER_BYTES_MAX)
		return STR_NONE;
	tries.arena = arena_open(SCRATCH_BYTES);
	start(&tries, signature);
	cause = verify_text(judge->verify->arena, find(&tries));
	arena_close(&tries.arena);
	if (!cause.ptr)
		cause = rsa ? STR("a signed field was changed on the way: the key did sign, but another header") :
			STR("a signed field was changed on the way, or the key in the DNS is not the one that signed");
	return cause;
}
