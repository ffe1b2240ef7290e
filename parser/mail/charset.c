// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/charset.h"

#include "base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>

static const char *const charsets[] = {
	"UTF-8", "US-ASCII", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252", "CP1252", "ISO-2022-JP",
	"SHIFT_JIS", "SHIFT-JIS", "EUC-JP", "GB18030", "GB2312", "GBK", "KOI8-R", "UTF-16", "UTF-16LE", "UTF-16BE",
};

#define CHARSETS_COUNT (sizeof(charsets) / sizeof(charsets[0]))

bool charset_is_loaded(struct str name)
{
	size_t star = str_find_char(name, '*');
	if (star != SIZE_MAX)
		name.len = star;
	for (size_t i = 0; i < CHARSETS_COUNT; i++)
		if (str_eq_nocase(name, str_from(charsets[i])))
			return true;
	return false;
}

__attribute__((visibility("default"))) iconv_t iconv_open(const char *to, const char *from)
{
	iconv_t (*open)(const char *, const char *);
	void *place = dlsym(RTLD_NEXT, "iconv_open");
	if (place == NULL)
		die("no iconv_open");
	memcpy(&open, &place, sizeof(open));
	if (charset_is_loaded(str_from(to)) && charset_is_loaded(str_from(from)))
		return open(to, from);
	errno = EINVAL;
	return (iconv_t)-1;
}

/* A converter's module stays loaded as long as one handle of it is open: these are never closed. */
void charset_init(void)
{
	static iconv_t kept[CHARSETS_COUNT * 2];
	if (kept[0] != NULL)
		return;
	for (size_t i = 0; i < CHARSETS_COUNT; i++) {
		kept[i * 2] = iconv_open("UTF-8", charsets[i]);
		kept[i * 2 + 1] = iconv_open(charsets[i], "UTF-8");
	}
}
