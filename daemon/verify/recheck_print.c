// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/recheck_print.h"

#include "daemon/cli.h"
#include "model/json.h"

#define OUT_BYTES ((size_t)16 * 1024 * 1024)

static void words(struct json *json, const char *key, const struct repeated *repeated)
{
	json_key(json, key);
	json_object(json);
	json_key_value_str(json, "spf", repeated->row.spf);
	json_key_value_str(json, "dkim", repeated->row.dkim);
	json_key_value_str(json, "dmarc", repeated->row.dmarc);
	json_key_value_str(json, "arc", repeated->row.arc);
	if (repeated->row.part == 0) {
		json_key(json, "provenance");
		json_array(json);
		for (size_t i = 0; i < repeated->findings_count; i++)
			json_str(json, repeated->findings[i].state);
		json_array_end(json);
	}
	json_object_end(json);
}

static void difference_json(struct json *json, const struct difference *difference)
{
	json_object(json);
	json_key_value_str(json, "what", difference->what);
	json_key_value_str(json, "name", difference->name);
	json_key_value_str(json, "type", difference->type);
	json_key_value_str(json, "change", difference->change);
	json_key_value_str(json, "before", difference->before);
	json_key_value_str(json, "after", difference->after);
	json_object_end(json);
}

static void write_json(struct buf *out, const struct recheck_result *result, bool otherwise)
{
	struct json json;
	const struct stored_verdict *stored = result->stored;
	char hex[SHA256_HEX_BYTES];
	bool repeated = result->why.code == ERR_OK;
	json_init(&json, out);
	json_object(&json);
	json_key_value_cstr(&json, "mail", sha256_hex(&stored->row.sha256, hex));
	json_key_value_u64(&json, "part", stored->row.part);
	json_key_value_cstr(&json, "kind", judged_kind_text(stored->row.kind));
	json_key_value_bool(&json, "repeated", repeated);
	if (repeated) {
		json_key_value_bool(&json, "identical", otherwise ? result->differences_count == 0 : result->identical);
		words(&json, "before", &result->before);
		words(&json, "after", &result->after);
		json_key(&json, "differences");
		json_array(&json);
		for (size_t i = 0; i < result->differences_count; i++)
			difference_json(&json, &result->differences[i]);
		json_array_end(&json);
	} else {
		json_key_value_cstr(&json, "reason", result->why.text);
	}
	json_object_end(&json);
	buf_add_char(out, '\n');
}

static void difference_text(struct buf *out, const struct difference *difference)
{
	buf_printf(out, "    %.*s", STR_FMT(difference->what));
	if (difference->name.len > 0)
		buf_printf(out, " %.*s %.*s", STR_FMT(difference->name), STR_FMT(difference->type));
	buf_printf(out, " %.*s: %.*s -> %.*s\n", STR_FMT(difference->change), STR_FMT(difference->before),
		STR_FMT(difference->after));
}

static void write_text(struct buf *out, const struct recheck_result *result, bool otherwise)
{
	const struct stored_verdict *stored = result->stored;
	char hex[SHA256_HEX_BYTES];
	buf_printf(out, "%s", sha256_hex(&stored->row.sha256, hex));
	if (stored->row.part > 0)
		buf_printf(out, " sample %llu", (unsigned long long)stored->row.part);
	if (result->why.code)
		buf_printf(out, "  cannot be repeated: %s\n", result->why.text);
	else if (!otherwise)
		buf_printf(out, "  %s\n", result->identical ? "identical" :
			"differs: another version of the program gave it");
	else if (result->differences_count == 0)
		buf_printf(out, "  nothing differs\n");
	else
		buf_printf(out, "  differs\n");
	for (size_t i = 0; i < result->differences_count; i++)
		difference_text(out, &result->differences[i]);
}

void recheck_print(const struct recheck_result *result, bool otherwise, bool json)
{
	struct buf out;
	buf_init(&out, OUT_BYTES);
	if (json) {
		write_json(&out, result, otherwise);
		cli_flush(&out);
	} else {
		write_text(&out, result, otherwise);
		cli_print(buf_str(&out));
	}
	buf_fini(&out);
}
