// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_expat.h"

#include <expat.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

#define DEPTH_MAX 4

struct reading {
	struct fuzz_opinion *opinion;
	XML_Parser parser;
	size_t depth;
	size_t on_path; /* elements of feedback/record/row/count that are open */
	struct buf count;
};

static const char *const path[DEPTH_MAX] = {"feedback", "record", "row", "count"};

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *reading = context;
	for (size_t i = 0; attributes[i]; i += 2)
		if (strncmp(attributes[i], "xmlns", 5) == 0)
			reading->opinion->plain = false;
	if (strchr(name, ':'))
		reading->opinion->plain = false;
	if (reading->on_path == reading->depth && reading->depth < DEPTH_MAX &&
		strcmp(name, path[reading->depth]) == 0) {
		reading->on_path++;
		reading->opinion->records += reading->on_path == 2;
		buf_reset(&reading->count);
	}
	reading->depth++;
}

static void add_count(struct reading *reading)
{
	struct str text = str_trim(buf_str(&reading->count));
	size_t point = str_find_char(text, '.');
	uint64_t value = 0;
	if (point != SIZE_MAX)
		text = str_sub(text, 0, point);
	if (text.len > 0 && !str_to_u64(text, INT64_MAX, &value))
		reading->opinion->plain = false;
	reading->opinion->messages += value;
}

static void on_end(void *context, const XML_Char *name)
{
	struct reading *reading = context;
	(void)name;
	if (reading->depth == DEPTH_MAX && reading->on_path == DEPTH_MAX)
		add_count(reading);
	reading->depth--;
	if (reading->on_path > reading->depth)
		reading->on_path = reading->depth;
}

static void on_text(void *context, const XML_Char *text, int len)
{
	struct reading *reading = context;
	if (reading->on_path == DEPTH_MAX && reading->depth == DEPTH_MAX)
		buf_add(&reading->count, text, (size_t)len);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
	int subset)
{
	struct reading *reading = context;
	(void)name, (void)system_id, (void)public_id, (void)subset;
	reading->opinion->doctype = true;
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

bool fuzz_expat(struct str text, struct fuzz_opinion *opinion_r)
{
	struct reading reading = {.opinion = opinion_r, .parser = XML_ParserCreate(NULL)};
	if (!reading.parser)
		die_out_of_memory();
	*opinion_r = (struct fuzz_opinion){.plain = true};
	buf_init(&reading.count, SIZE_MAX / 4);
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reading.parser, on_doctype);
	opinion_r->well_formed = XML_Parse(reading.parser, text.ptr, (int)text.len, XML_TRUE) == XML_STATUS_OK;
	enum XML_Error error = XML_GetErrorCode(reading.parser);
	buf_fini(&reading.count);
	XML_ParserFree(reading.parser);
	return opinion_r->well_formed ||
		(error != XML_ERROR_UNKNOWN_ENCODING && error != XML_ERROR_INCORRECT_ENCODING);
}
