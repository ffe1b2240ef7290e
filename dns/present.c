// SPDX-License-Identifier: Apache-2.0
#include "dns/present.h"

#include "dns/rdata.h"

#define STRING_BYTES_MAX 255

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

enum dns_word dns_present_word(struct str *rest, struct str *word_r)
{
	size_t at = 0;
	while (at < rest->len && is_blank(rest->ptr[at]))
		at++;
	*rest = str_from_offset(*rest, at);
	if (rest->len == 0 || rest->ptr[0] == '#' || rest->ptr[0] == ';')
		return DNS_WORD_NONE;
	bool quoted = rest->ptr[0] == '"';
	for (at = quoted; at < rest->len; at++) {
		char c = rest->ptr[at];
		if (c == '\\' && at + 1 < rest->len)
			at++;
		else if (c == '"' || (!quoted && is_blank(c)))
			break;
	}
	*word_r = str_sub(*rest, quoted, at - quoted);
	if (quoted && at == rest->len)
		return DNS_WORD_BROKEN;
	*rest = str_from_offset(*rest, at + quoted);
	return quoted ? DNS_WORD_QUOTED : DNS_WORD_BARE;
}

/* The byte at the front of *rest, unescaped; *escaped_r tells a dot from \. */
static const char *take_byte(struct str *rest, char *byte_r, bool *escaped_r)
{
	*escaped_r = rest->ptr[0] == '\\';
	if (!*escaped_r) {
		*byte_r = rest->ptr[0];
		*rest = str_from_offset(*rest, 1);
		return NULL;
	}
	if (rest->len < 2)
		return "nothing follows the backslash";
	if (!ascii_is_digit(rest->ptr[1])) {
		*byte_r = rest->ptr[1];
		*rest = str_from_offset(*rest, 2);
		return NULL;
	}
	uint64_t value;
	struct str digits = str_sub(*rest, 1, 3);
	if (digits.len < 3 || !str_to_u64(digits, 255, &value))
		return "\\DDD wants three digits, 000 to 255";
	*byte_r = (char)value;
	*rest = str_from_offset(*rest, 4);
	return NULL;
}

const char *dns_present_string(struct str word, struct buf *out)
{
	const char *wrong = NULL;
	while (!wrong && word.len > 0) {
		char byte;
		bool escaped;
		wrong = take_byte(&word, &byte, &escaped);
		if (!wrong)
			buf_add_char(out, byte);
	}
	return wrong;
}

const char *dns_present_name(struct str word, struct buf *out)
{
	char label[DNS_LABEL_BYTES_MAX];
	size_t len = 0, total = 1;
	if (str_eq(word, STR(".")))
		word = STR("");
	else if (word.len == 0)
		return "a name is missing";
	while (word.len > 0) {
		char byte;
		bool escaped;
		const char *wrong = take_byte(&word, &byte, &escaped);
		if (wrong)
			return wrong;
		bool ends = byte == '.' && !escaped;
		if (ends && len == 0)
			return "a label of the name is empty";
		if (!ends && len == sizeof(label))
			return "a label of the name is longer than 63 bytes";
		if (!ends)
			label[len++] = byte;
		if (!ends && word.len > 0)
			continue;
		total += 1 + len;
		buf_add_char(out, (char)len);
		buf_add(out, label, len);
		len = 0;
	}
	buf_add_char(out, '\0');
	return total > DNS_NAME_WIRE_BYTES_MAX ? "the name is longer than 253 bytes" : NULL;
}

static const char *read_number(struct str *rest, uint64_t max, size_t bytes, struct buf *out)
{
	struct str word;
	uint64_t value;
	if (dns_present_word(rest, &word) != DNS_WORD_BARE || !str_to_u64(word, max, &value))
		return "a number is missing or out of range";
	while (bytes-- > 0)
		buf_add_char(out, (char)(value >> (8 * bytes) & 0xff));
	return NULL;
}

static const char *read_name(struct str *rest, struct buf *out)
{
	struct str word;
	return dns_present_word(rest, &word) == DNS_WORD_BARE ? dns_present_name(word, out) : "a name is missing";
}

static const char *read_ip(struct str *rest, uint8_t family, struct buf *out)
{
	struct str word;
	struct ip ip;
	if (dns_present_word(rest, &word) != DNS_WORD_BARE || !ip_parse(word, &ip) || ip.family != family)
		return family == 4 ? "an IPv4 address is wanted" : "an IPv6 address is wanted";
	buf_add(out, ip.bytes, family == 4 ? 4 : 16);
	return NULL;
}

/* To the end of the line, in as many words as it likes. */
static const char *read_hex(struct str *rest, struct buf *out)
{
	struct str word;
	enum dns_word kind;
	int high = -1;
	while ((kind = dns_present_word(rest, &word)) == DNS_WORD_BARE)
		for (size_t i = 0; i < word.len; i++) {
			int value = ascii_hex_value(word.ptr[i]);
			if (value < 0)
				return "no hexadecimal digit";
			if (high >= 0)
				buf_add_char(out, (char)(high << 4 | value));
			high = high >= 0 ? -1 : value;
		}
	return kind != DNS_WORD_NONE || high >= 0 ? "hexadecimal digits in pairs are wanted" : NULL;
}

static const char *read_generic(struct str *rest, struct buf *out)
{
	struct str word;
	uint64_t len;
	if (dns_present_word(rest, &word) != DNS_WORD_BARE || !str_to_u64(word, DNS_RDATA_BYTES_MAX, &len))
		return "\\# wants a length and hexadecimal digits";
	size_t before = out->len;
	const char *wrong = read_hex(rest, out);
	return wrong ? wrong : out->len - before == len ? NULL : "\\# has another length than it says";
}

/* A string above 255 bytes is cut as often as the wire needs: keys are longer than people count. */
static const char *read_strings(struct str *rest, struct buf *out)
{
	struct buf bytes;
	struct str word;
	enum dns_word kind;
	const char *wrong = NULL;
	size_t strings = 0;
	buf_init(&bytes, DNS_RDATA_BYTES_MAX);
	while (!wrong && (kind = dns_present_word(rest, &word)) != DNS_WORD_NONE) {
		buf_reset(&bytes);
		wrong = kind == DNS_WORD_QUOTED ? dns_present_string(word, &bytes) :
			kind == DNS_WORD_BARE ? "a string stands in double quotes" : "a closing quote is missing";
		struct str left = buf_str(&bytes);
		do {
			struct str piece = str_sub(left, 0, STRING_BYTES_MAX);
			buf_add_char(out, (char)piece.len);
			buf_add_str(out, piece);
			left = str_from_offset(left, piece.len);
		} while (left.len > 0);
		strings++;
	}
	buf_fini(&bytes);
	return wrong ? wrong : strings == 0 ? "a string in double quotes is wanted" : NULL;
}

static const char *read_soa(struct str *rest, struct buf *out)
{
	const char *wrong = read_name(rest, out);
	wrong = wrong ? wrong : read_name(rest, out);
	for (int i = 0; i < 5 && !wrong; i++)
		wrong = read_number(rest, UINT32_MAX, 4, out);
	return wrong;
}

static const char *read_tlsa(struct str *rest, struct buf *out)
{
	const char *wrong = NULL;
	for (int i = 0; i < 3 && !wrong; i++)
		wrong = read_number(rest, UINT8_MAX, 1, out);
	return wrong ? wrong : read_hex(rest, out);
}

static const char *read_typed(enum dns_type type, struct str *rest, struct buf *out)
{
	const char *wrong;
	switch (type) {
	case DNS_A:
		return read_ip(rest, 4, out);
	case DNS_AAAA:
		return read_ip(rest, 6, out);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return read_name(rest, out);
	case DNS_MX:
		wrong = read_number(rest, UINT16_MAX, 2, out);
		return wrong ? wrong : read_name(rest, out);
	case DNS_TXT:
		return read_strings(rest, out);
	case DNS_SOA:
		return read_soa(rest, out);
	case DNS_TLSA:
		return read_tlsa(rest, out);
	}
	return "data of this type is written as \\# LENGTH HEX";
}

const char *dns_present_rdata(enum dns_type type, struct str *rest, struct buf *out)
{
	struct str word, behind = *rest;
	bool generic = dns_present_word(&behind, &word) == DNS_WORD_BARE && str_eq(word, STR("\\#"));
	if (generic)
		*rest = behind;
	const char *wrong = generic ? read_generic(rest, out) : read_typed(type, rest, out);
	if (!wrong && dns_present_word(rest, &word) != DNS_WORD_NONE)
		wrong = "something stands behind the data";
	return wrong ? wrong : out->overflow ? "more than 65,535 bytes of data" : NULL;
}

static void add_escaped(struct buf *out, char c)
{
	unsigned value = (uint8_t)c;
	const char escaped[] = {'\\', (char)('0' + value / 100), (char)('0' + value / 10 % 10),
		(char)('0' + value % 10)};
	buf_add(out, escaped, sizeof(escaped));
}

static void add_label(struct buf *out, struct str label)
{
	for (size_t i = 0; i < label.len; i++) {
		char c = label.ptr[i];
		if (c <= ' ' || c > '~' || str_find_char(STR("\"\\;#()@$!."), c) != SIZE_MAX)
			add_escaped(out, c);
		else
			buf_add_char(out, c);
	}
}

void dns_present_add_name(struct buf *out, struct str name)
{
	struct str rest = name, label;
	if (name.len == 0)
		buf_add_char(out, '.');
	for (bool first = true; name.len > 0 && str_split(&rest, '.', &label); first = false) {
		if (!first)
			buf_add_char(out, '.');
		add_label(out, label);
	}
}

void dns_present_add_string(struct buf *out, struct str bytes)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		if (c < ' ' || c > '~') {
			add_escaped(out, c);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

static void add_hex(struct buf *out, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.len; i++) {
		buf_add_char(out, digits[(uint8_t)bytes.ptr[i] >> 4]);
		buf_add_char(out, digits[(uint8_t)bytes.ptr[i] & 15]);
	}
}

static void add_generic(struct buf *out, struct str rdata)
{
	buf_printf(out, "\\# %zu%s", rdata.len, rdata.len > 0 ? " " : "");
	add_hex(out, rdata);
}

static void add_strings(struct buf *out, struct str strings)
{
	for (size_t at = 0; at < strings.len; at += 1 + (uint8_t)strings.ptr[at]) {
		if (at > 0)
			buf_add_char(out, ' ');
		dns_present_add_string(out, str_sub(strings, at + 1, (uint8_t)strings.ptr[at]));
	}
}

/* A name's labels with their case, which the text of a name has lost. */
static size_t add_wire_name(struct buf *out, struct str wire)
{
	size_t at = 0, len;
	while (at < wire.len && (len = (uint8_t)wire.ptr[at]) > 0 && len <= DNS_LABEL_BYTES_MAX &&
		len < wire.len - at) {
		add_label(out, str_sub(wire, at + 1, len));
		buf_add_char(out, '.');
		at += 1 + len;
	}
	if (at == 0)
		buf_add_char(out, '.');
	return at < wire.len && wire.ptr[at] == '\0' ? at + 1 : 0;
}

static void add_soa(struct buf *out, struct str rdata)
{
	size_t start = out->len, first = add_wire_name(out, rdata);
	buf_add_char(out, ' ');
	size_t second = first ? add_wire_name(out, str_from_offset(rdata, first)) : 0;
	if (second == 0 || first > DNS_NAME_WIRE_BYTES_MAX || second > DNS_NAME_WIRE_BYTES_MAX ||
		rdata.len != first + second + 20) {
		out->len = start;
		add_generic(out, rdata);
		return;
	}
	for (size_t at = first + second; at < rdata.len; at += 4) {
		uint32_t value = 0;
		for (size_t i = 0; i < 4; i++)
			value = value << 8 | (uint8_t)rdata.ptr[at + i];
		buf_add_char(out, ' ');
		buf_add_u64(out, value);
	}
}

static void add_tlsa(struct buf *out, struct str rdata)
{
	if (rdata.len < 3) {
		add_generic(out, rdata);
		return;
	}
	buf_printf(out, "%u %u %u ", (uint8_t)rdata.ptr[0], (uint8_t)rdata.ptr[1], (uint8_t)rdata.ptr[2]);
	add_hex(out, str_from_offset(rdata, 3));
}

void dns_present_add_rdata(struct buf *out, enum dns_type type, const struct dns_record *record)
{
	char ip[IP_TEXT_BYTES];
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		buf_add_str(out, str_from(ip_format(&record->ip, ip)));
		return;
	case DNS_MX:
		buf_printf(out, "%u ", record->preference);
		dns_present_add_name(out, record->text);
		return;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		dns_present_add_name(out, record->text);
		return;
	case DNS_TXT:
		add_strings(out, record->strings);
		return;
	case DNS_SOA:
		add_soa(out, record->strings);
		return;
	case DNS_TLSA:
		add_tlsa(out, record->strings);
		return;
	}
	add_generic(out, record->strings);
}
