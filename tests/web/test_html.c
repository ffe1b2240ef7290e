// SPDX-License-Identifier: Apache-2.0
/* The HTML writer: whatever goes in as text or value comes out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "web/html.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_BYTES ((size_t)1024 * 1024)

/* What a report may say in any of its fields. */
static const struct hostile {
	const char *name;
	struct str in;
} hostile[] = {
	{"script", STR("<script>alert(1)</script>")},
	{"image", STR("<img src=x onerror=alert(1)>")},
	{"end of an attribute", STR("\" onmouseover=\"alert(1)")},
	{"end of an attribute, single", STR("' onmouseover='alert(1)")},
	{"end of the title", STR("</title><script>alert(1)</script>")},
	{"end of the text area", STR("</textarea></pre></bdi><svg/onload=alert(1)>")},
	{"comment", STR("<!-- --!> <script>")},
	{"CDATA", STR("]]><script>")},
	{"character references", STR("&lt;script&gt; &#60;script&#62; &amp;amp;")},
	{"SQL", STR("'; DROP TABLE dmarcd.report; --")},
	{"template", STR("{{7*7}} ${7*7} <%= 7*7 %>")},
	{"URL", STR("javascript:alert(1)")},
	{"override", STR("gro.elpmaxe\xe2\x80\xae" "live")},
	{"isolate left open", STR("\xe2\x81\xa7open \xe2\x81\xa6")},
	{"new lines", STR("a\r\nSet-Cookie: b\nc")},
	{"terminal", STR("\x1b]0;title\x07 \x9b" "31m")},
	{"NUL", STR("a\0<b>")},
	{"zero width", STR("exam\xe2\x80\x8bple.com\xef\xbb\xbf")},
	{"not UTF-8", STR("\xff\xfe<\xc0\xbc" "script>")},
	{"half a character", STR("caf\xc3")},
	{"surrogate", STR("\xed\xa0\x80")},
	{"empty", STR("")},
};
#define HOSTILE_COUNT (sizeof(hostile) / sizeof(hostile[0]))

static struct buf out;

static struct html begin(void)
{
	struct html html;
	buf_reset(&out);
	html_init(&html, &out);
	return html;
}

static int set_up(void **state)
{
	(void)state;
	buf_init(&out, OUT_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_fini(&out);
	return 0;
}

/* What stands between before and after in the output; fails when they do not. */
static struct str inside(const char *name, const char *before, const char *after)
{
	struct str all = buf_str(&out);
	if (!str_starts(all, str_from(before)) || !str_ends(all, str_from(after)))
		fail_msg("%s: %.*s is not %s…%s", name, STR_FMT(all), before, after);
	return str_sub(all, strlen(before), all.len - strlen(before) - strlen(after));
}

/* No markup of its own, no character reference but the five. */
static void assert_escaped(const char *name, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		struct str rest = str_from_offset(text, i);
		bool reference = str_starts(rest, STR("&amp;")) || str_starts(rest, STR("&lt;")) ||
			str_starts(rest, STR("&gt;")) || str_starts(rest, STR("&quot;")) ||
			str_starts(rest, STR("&#39;"));
		if (c == '<' || c == '>' || c == '"' || c == '\'' || (c == '&' && !reference))
			fail_msg("%s: raw %c in %.*s", name, c, STR_FMT(text));
	}
}

static void test_text_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		struct html html = begin();
		html_open(&html, "p");
		html_text(&html, hostile[i].in);
		html_close(&html);
		assert_escaped(hostile[i].name, inside(hostile[i].name, "<p>", "</p>"));
	}
}

static void test_attribute_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		struct html html = begin();
		html_open(&html, "input");
		html_attr(&html, "value", hostile[i].in);
		html_close(&html);
		assert_escaped(hostile[i].name, inside(hostile[i].name, "<input value=\"", "\">"));
	}
}

static void test_printf_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		struct html html = begin();
		html_open(&html, "p");
		html_printf(&html, "%.*s", STR_FMT(hostile[i].in));
		html_close(&html);
		assert_escaped(hostile[i].name, inside(hostile[i].name, "<p>", "</p>"));
	}
}

/* Strangers' text is UTF-8 whatever it was, its controls can be seen, and its
 * direction ends where it does. */
static void test_hostile_is_an_island(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOSTILE_COUNT; i++) {
		struct html html = begin();
		html_open(&html, "td");
		html_hostile(&html, hostile[i].in);
		html_close(&html);
		struct str text = inside(hostile[i].name, "<td><bdi>", "</bdi></td>");
		assert_escaped(hostile[i].name, text);
		if (!utf8_valid(text))
			fail_msg("%s: not UTF-8: %.*s", hostile[i].name, STR_FMT(text));
		while (text.len > 0) {
			uint32_t code = 0;
			size_t len = utf8_decode(text, &code);
			if (utf8_is_control(code) || code == '\n' || code == '\t')
				fail_msg("%s: U+%04X is not made visible", hostile[i].name, code);
			text = str_from_offset(text, len);
		}
	}
}

static void test_hostile_block_keeps_lines(void **state)
{
	(void)state;
	struct html html = begin();
	html_open(&html, "pre");
	html_hostile_block(&html, STR("a <b>\n\tc\xe2\x80\xae" "d\x1b"));
	html_close(&html);
	struct str text = inside("block", "<pre><bdi>", "</bdi></pre>");
	assert_escaped("block", text);
	assert_true(str_find(text, STR("a &lt;b&gt;\n\tc")) == 0);
	assert_true(str_find(text, STR("\xe2\x80\xae")) == SIZE_MAX);
	assert_true(str_find(text, STR("\x1b")) == SIZE_MAX);
}

static void test_elements(void **state)
{
	(void)state;
	struct html html = begin();
	html_doctype(&html);
	html_open(&html, "p");
	html_attr_cstr(&html, "class", "a");
	html_attr(&html, "title", STR_NONE);
	html_attr_u64(&html, "data-n", UINT64_MAX);
	html_flag(&html, "hidden");
	html_void(&html, "br");
	html_open(&html, "b");
	html_close(&html);
	html_element(&html, "i", "1 < 2");
	html_close(&html);
	assert_string_equal(buf_cstr(&out), "<!doctype html>\n<p class=\"a\" data-n=\"18446744073709551615\" hidden>"
		"<br><b></b><i>1 &lt; 2</i></p>");
}

/* ---- what would break the page's structure dies ---- */

static void close_too_often(struct html *html)
{
	html_close(html);
}

static void attribute_after_text(struct html *html)
{
	html_open(html, "p");
	html_cstr(html, "x");
	html_attr_cstr(html, "class", "a");
}

static void flag_after_text(struct html *html)
{
	html_open(html, "p");
	html_cstr(html, "x");
	html_flag(html, "hidden");
}

static void too_deep(struct html *html)
{
	for (int i = 0; i <= HTML_DEPTH_MAX; i++)
		html_open(html, "b");
}

static bool dies(void (*misuse)(struct html *))
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		struct html html = begin();
		(void)dup2(nowhere, STDERR_FILENO);
		misuse(&html);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void test_misuse_dies(void **state)
{
	static const struct {
		const char *name;
		void (*misuse)(struct html *);
	} cases[] = {
		{"closed too often", close_too_often},
		{"attribute after text", attribute_after_text},
		{"flag after text", flag_after_text},
		{"too deep", too_deep},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!dies(cases[i].misuse))
			fail_msg("%s: lives on", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_escaped),
		cmocka_unit_test(test_attribute_is_escaped),
		cmocka_unit_test(test_printf_is_escaped),
		cmocka_unit_test(test_hostile_is_an_island),
		cmocka_unit_test(test_hostile_block_keeps_lines),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_misuse_dies),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
