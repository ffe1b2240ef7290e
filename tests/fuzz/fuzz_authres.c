// SPDX-License-Identifier: Apache-2.0
/*
 * What was read of an Authentication-Results field and written again is one field,
 * and reads the same; the field we write of any texts is one field that is no
 * liberty; a Received-SPF field ends. The first line feeds the verdict, the whole is
 * the field.
 */
#include "tests/fuzz/fuzz.h"

#include "verifier/authres.h"

#define ARENA_BYTES ((size_t)256 << 20)

static bool same_result(const struct authres_result *a, const struct authres_result *b)
{
	if (!str_eq(a->method, b->method) || !str_eq(a->result, b->result) || !str_eq(a->reason, b->reason) ||
		!str_eq(a->comment, b->comment) || a->properties_count != b->properties_count)
		return false;
	for (size_t i = 0; i < a->properties_count; i++)
		if (!str_eq(a->properties[i].type, b->properties[i].type) ||
			!str_eq(a->properties[i].name, b->properties[i].name) ||
			!str_eq(a->properties[i].value, b->properties[i].value))
			return false;
	return true;
}

static bool same(const struct authres *a, const struct authres *b)
{
	if (!str_eq(a->authserv_id, b->authserv_id) || a->instance != b->instance ||
		a->results_count != b->results_count)
		return false;
	for (size_t i = 0; i < a->results_count; i++)
		if (!same_result(&a->results[i], &b->results[i]))
			return false;
	return true;
}

/* Nothing ends the field but its end. */
static struct str only_field(struct arena *arena, struct str text)
{
	struct message message;
	message_parse(arena, text, &message);
	if (message.fields_count != 1 || message.body.len > 0)
		die("%zu fields: %.*s", message.fields_count, STR_FMT(text));
	return message.fields[0].body;
}

static void check_field(struct arena *arena, struct str body)
{
	struct authres once, again;
	struct buf text;
	if (!authres_parse(arena, body, &once))
		return;
	buf_init(&text, SIZE_MAX / 2);
	buf_add_str(&text, STR("Authentication-Results:"));
	authres_print(&text, &once, text.len);
	buf_add_str(&text, STR("\r\n"));
	if (!authres_parse(arena, only_field(arena, buf_str(&text)), &again) || !same(&once, &again))
		die("not read back: %.*s", STR_FMT(buf_str(&text)));
	buf_fini(&text);
}

static void check_written(struct arena *arena, struct str line)
{
	struct verdict_spf spf = {.result = AUTH_PASS, .identity = STR("mailfrom"), .sender = line, .domain = line};
	struct verdict_dkim dkim = {.result = AUTH_FAIL, .domain = line, .selector = line, .auid = line,
		.algorithm = line, .signature = line, .detail = line};
	struct verdict verdict = {
		.spf = {&spf, 1},
		.dkim = {&dkim, 1},
		.dmarc = {.result = AUTH_FAIL, .author_domain = line, .disposition = line, .detail = line},
	};
	struct authres authres;
	struct buf text;
	buf_init(&text, SIZE_MAX / 2);
	authres_write(&text, line, &verdict);
	if (!authres_parse(arena, only_field(arena, buf_str(&text)), &authres) || authres.lenient ||
		authres.results_count != 3)
		die("written: %.*s", STR_FMT(buf_str(&text)));
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len}, rest = text, line;
	struct authres authres;
	(void)str_split(&rest, '\n', &line);
	check_field(arena, text);
	check_written(arena, line);
	(void)received_spf_parse(arena, text, &authres);
	arena_close(&arena);
	return 0;
}
