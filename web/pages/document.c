// SPDX-License-Identifier: Apache-2.0
#include "web/pages/document.h"

#include "base/utf8.h"
#include "model/json.h"

static void write_html(const struct request *request, struct str key, struct str text, bool cut, struct buf *out)
{
	struct html html;
	html_init(&html, out);
	frame_begin(&html, request->web, "Original document", key, "/reports");
	html_open(&html, "p");
	html_attr_cstr(&html, "class", "links");
	html_open(&html, "a");
	html_attr(&html, "href", str_from(arena_printf(request->arena, "/reports/%.*s", STR_FMT(key))));
	html_cstr(&html, "The report");
	html_close(&html);
	html_open(&html, "a");
	html_attr(&html, "href", str_from(arena_printf(request->arena, "/reports/%.*s/original", STR_FMT(key))));
	html_cstr(&html, cut ? "Download all of it" : "Download");
	html_close(&html);
	html_close(&html);
	if (cut) {
		html_open(&html, "p");
		html_attr_cstr(&html, "class", "intro");
		html_printf(&html, "Only the first %zu KiB are shown.", DOCUMENT_BYTES_MAX / 1024);
		html_close(&html);
	}
	html_open(&html, "pre");
	html_attr_cstr(&html, "class", "document");
	html_attr_cstr(&html, "tabindex", "0");
	html_hostile_block(&html, text);
	html_close(&html);
	frame_end(&html);
}

void document_write(const struct request *request, struct str key, struct str bytes, uint64_t total,
	struct buf *out)
{
	struct json json;
	bool cut = total > DOCUMENT_BYTES_MAX;
	struct str text = cut ? str_sub(bytes, 0, utf8_cut(bytes, DOCUMENT_BYTES_MAX)) : bytes;
	if (request->format == FORMAT_HTML) {
		write_html(request, key, text, cut, out);
		return;
	}
	json_init(&json, out);
	json_object(&json);
	json_key_value_str(&json, "report_key", key);
	json_key(&json, "bytes");
	json_u64(&json, total);
	json_key(&json, "cut");
	json_bool(&json, cut);
	json_key_value_str(&json, "document", text);
	json_object_end(&json);
	buf_add_char(out, '\n');
}

const char *document_extension(struct str bytes)
{
	if (str_starts(bytes, STR("\xef\xbb\xbf")))
		bytes = str_from_offset(bytes, 3);
	bytes = str_trim(bytes);
	return str_starts(bytes, STR("<")) ? "xml" : str_starts(bytes, STR("{")) ? "json" : "txt";
}
