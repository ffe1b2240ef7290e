// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/verdict_text.h"

/* Nobody reads records of the type SPF (99): to look for them is for advice. */
static bool is_question(const struct trace_step *step)
{
	return str_eq(step->kind, STR("dns")) && !str_ends(step->name, STR(" TYPE99"));
}

static bool asked_before(const struct verdict *verdict, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_question(&verdict->trace.at[j]) && str_eq(verdict->trace.at[j].name, verdict->trace.at[i].name))
			return true;
	return false;
}

/* The byte that the trace writes as \xHH, as dig takes it; false: there is none. */
static bool add_byte(struct buf *out, struct str text)
{
	if (text.len < 4 || !str_starts(text, STR("\\x")) || !ascii_is_hex(text.ptr[2]) || !ascii_is_hex(text.ptr[3]))
		return false;
	buf_printf(out, "\\%03d", ascii_hex_value(text.ptr[2]) << 4 | ascii_hex_value(text.ptr[3]));
	return true;
}

/* For a shell, and for dig, to which "@x" is a server and "+x" an option; names of the DNS may hold any byte. */
static void add_quoted(struct buf *out, struct str name)
{
	bool plain = name.len > 0 && name.ptr[0] != '-';
	for (size_t i = 0; i < name.len; i++)
		plain &= ascii_is_alnum(name.ptr[i]) || name.ptr[i] == '.' || name.ptr[i] == '-' || name.ptr[i] == '_';
	if (plain) {
		buf_add_str(out, name);
		return;
	}
	buf_add_str(out, STR("-q '"));
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '\'')
			buf_add_str(out, STR("'\\''"));
		else if (add_byte(out, str_from_offset(name, i)))
			i += 3;
		else
			buf_add_char(out, name.ptr[i]);
	buf_add_char(out, '\'');
}

/* "spf: SPF record; dmarc: …": everything this question was asked for. */
static void add_purposes(struct buf *out, const struct verdict *verdict, size_t first)
{
	const char *between = "";
	for (size_t i = first; i < verdict->trace.count; i++) {
		const struct trace_step *step = &verdict->trace.at[i];
		if (!is_question(step) || !str_eq(step->name, verdict->trace.at[first].name))
			continue;
		struct str note = str_sub(step->note, 0, str_find_char(step->note, ';'));
		struct buf purpose;
		buf_init(&purpose, 4096);
		buf_printf(&purpose, "%.*s: %.*s", STR_FMT(step->part), STR_FMT(note));
		if (i == first || str_find(buf_str(out), buf_str(&purpose)) == SIZE_MAX) {
			buf_printf(out, "%s%.*s", between, STR_FMT(buf_str(&purpose)));
			between = "; ";
		}
		buf_fini(&purpose);
	}
}

static void add_server(struct buf *out, const char *resolver)
{
	struct str address = str_from(resolver), port = STR_NONE;
	size_t at = str_find_char(address, '@');
	if (!resolver)
		return;
	if (at != SIZE_MAX)
		port = str_from_offset(address, at + 1);
	buf_printf(out, "@%.*s ", STR_FMT(str_sub(address, 0, at)));
	if (port.len > 0)
		buf_printf(out, "-p %.*s ", STR_FMT(port));
}

void verdict_dig(struct buf *out, const struct verdict *verdict, const char *resolver)
{
	for (size_t i = 0; i < verdict->trace.count; i++) {
		const struct trace_step *step = &verdict->trace.at[i];
		size_t blank = str_rfind_char(step->name, ' ');
		struct buf purposes;
		if (!is_question(step) || blank == SIZE_MAX || asked_before(verdict, i))
			continue;
		buf_add_str(out, STR("dig "));
		add_server(out, resolver);
		buf_printf(out, "+short %.*s ", STR_FMT(str_from_offset(step->name, blank + 1)));
		add_quoted(out, str_sub(step->name, 0, blank));
		buf_init(&purposes, 64 * 1024);
		add_purposes(&purposes, verdict, i);
		buf_printf(out, "  # %.*s\n", STR_FMT(buf_str(&purposes)));
		buf_fini(&purposes);
	}
}
