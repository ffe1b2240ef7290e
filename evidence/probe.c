// SPDX-License-Identifier: Apache-2.0
#include "evidence/probe.h"

#include "base/clock.h"

#include <sys/random.h>

#define ID_DIGITS (PROBE_ID_BYTES - 1)
#define NAME_MAX_BYTES 60
#define MESSAGE_ID_START "probe."

void probe_make_id(struct probe *probe)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ID_DIGITS / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		die("no random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		probe->id[2 * i] = digits[bytes[i] >> 4];
		probe->id[2 * i + 1] = digits[bytes[i] & 15];
	}
	probe->id[ID_DIGITS] = '\0';
}

/* RFC 5322 section 3.3. */
static void add_date(struct buf *out, int64_t epoch_secs)
{
	static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
		"Nov", "Dec"};
	const struct day day = day_of_epoch(epoch_secs);
	unsigned secs = (unsigned)(epoch_secs - day_begin_epoch_secs(day));
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	buf_printf(out, "%s, %d %s %d %02u:%02u:%02u +0000", days[(day.number % 7 + 7) % 7], mday,
		months[month - 1], year, secs / 3600, secs / 60 % 60, secs % 60);
}

static void add_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len && i < NAME_MAX_BYTES; i++)
		buf_add_char(out, name.ptr[i] >= ' ' && name.ptr[i] < 0x7f ? name.ptr[i] : '?');
}

void probe_write(struct buf *out, const struct probe *probe)
{
	buf_printf(out, "From: <%.*s>\nTo: <%.*s>\nSubject: dmarcd probe: ", STR_FMT(probe->from), STR_FMT(probe->to));
	add_name(out, probe->mta);
	buf_add_str(out, STR("\nDate: "));
	add_date(out, probe->made_epoch_secs);
	buf_printf(out, "\nMessage-ID: <" MESSAGE_ID_START "%s@%.*s>\nX-Dmarcd-Probe: %s\n", probe->id,
		STR_FMT(probe->domain), probe->id);
	buf_add_str(out, STR("Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n\n"
		"This message was made by dmarcd, to be sent through the mail server\n\n\t"));
	add_name(out, probe->mta);
	buf_printf(out, "\n\nas a user of %.*s. When it arrives where dmarcd reads its samples, its\n"
		"SPF, DKIM and DMARC show whether that server authenticates its mail.\n"
		"Nobody needs to answer it, and it may be deleted.\n\nProbe: %s\n", STR_FMT(probe->domain), probe->id);
}

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_digit(text.ptr[i]) && (text.ptr[i] < 'a' || text.ptr[i] > 'f'))
			return false;
	return text.len == ID_DIGITS;
}

struct str probe_id_of(struct str field, struct str message_id)
{
	field = str_trim(field);
	if (is_id(field))
		return field;
	size_t at = str_find_nocase(message_id, STR("<" MESSAGE_ID_START));
	if (at == SIZE_MAX)
		return STR_NONE;
	struct str rest = str_from_offset(message_id, at + sizeof(MESSAGE_ID_START));
	struct str id = str_sub(rest, 0, ID_DIGITS);
	return is_id(id) && str_starts(str_from_offset(rest, ID_DIGITS), STR("@")) ? id : STR_NONE;
}
