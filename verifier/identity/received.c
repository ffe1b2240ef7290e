// SPDX-License-Identifier: Apache-2.0
#include "verifier/identity/received.h"

/* A word or a comment (without its parentheses) at the top level. */
struct piece {
	struct str text;
	bool comment;
};

static bool ends_word(char c)
{
	return ascii_is_space(c) || c == ';' || c == '(' || c == ')';
}

static bool next_piece(struct str *rest, struct piece *piece_r)
{
	size_t at = 0, depth = 0;
	while (at < rest->len && (ascii_is_space(rest->ptr[at]) || rest->ptr[at] == ')'))
		at++;
	*rest = str_from_offset(*rest, at);
	if (rest->len == 0 || rest->ptr[0] == ';') /* the date follows */
		return false;
	piece_r->comment = rest->ptr[0] == '(';
	for (at = 0; at < rest->len; at++) {
		char c = rest->ptr[at];
		if (!piece_r->comment && ends_word(c))
			break;
		depth += c == '(';
		if (piece_r->comment && c == ')' && --depth == 0)
			break;
	}
	piece_r->text = piece_r->comment ? str_sub(*rest, 1, at - 1) : str_sub(*rest, 0, at);
	*rest = str_from_offset(*rest, at);
	return true;
}

bool received_ip(struct str text, struct ip *ip_r)
{
	if (str_starts(text, STR("["))) {
		size_t end = str_find_char(text, ']');
		text = end == SIZE_MAX ? STR_NONE : str_sub(text, 1, end - 1);
	}
	if (str_starts_nocase(text, STR("ipv6:")))
		text = str_from_offset(text, 5);
	if (!ip_parse(text, ip_r))
		return false;
	ip_unmap(ip_r);
	return true;
}

static struct str without_final_dot(struct str name)
{
	return str_sub(name, 0, name.len - str_ends(name, STR(".")));
}

/* "unknown" and the like are no name. */
static bool is_name(struct str word)
{
	struct ip ip;
	return word.len > 0 && !received_ip(word, &ip) && word.ptr[0] != '[' && !str_eq_nocase(word, STR("unknown")) &&
		str_find_char(word, '=') == SIZE_MAX && str_find_char(word, '@') == SIZE_MAX &&
		str_find_char(word, '.') != SIZE_MAX;
}

struct comment {
	struct str helo; /* "helo=name", "HELO name" */
	struct str rdns;
	struct ip ip;
	bool helo_next;
};

static void read_word(struct comment *comment, struct str word)
{
	struct ip ip;
	size_t at = str_rfind_char(word, '@');
	if (comment->helo_next || str_starts_nocase(word, STR("helo=")) || str_starts_nocase(word, STR("ehlo="))) {
		comment->helo = comment->helo_next ? word : str_from_offset(word, 5);
		comment->helo_next = false;
	} else if (str_eq_nocase(word, STR("helo")) || str_eq_nocase(word, STR("ehlo"))) {
		comment->helo_next = true;
	} else if (received_ip(at == SIZE_MAX ? word : str_from_offset(word, at + 1), &ip)) {
		if (comment->ip.family == 0)
			comment->ip = ip;
	} else if (!comment->rdns.ptr && comment->ip.family == 0) {
		/* Before the address: "rdns [ip]", "IDENT:user@rdns [ip]". */
		struct str name = at == SIZE_MAX ? word : str_from_offset(word, at + 1);
		if (is_name(name))
			comment->rdns = without_final_dot(name);
	}
}

/* "rdns [ip]", "[ip]:port helo=name", "ip", "HELO name"; comments inside of it are only words too. */
static void read_comment(struct received *received, struct str text, bool *named)
{
	struct comment comment = {.helo = STR_NONE};
	size_t from = 0;
	for (size_t at = 0; at <= text.len; at++) {
		if (at < text.len && !ends_word(text.ptr[at]) && text.ptr[at] != ',')
			continue;
		if (at > from)
			read_word(&comment, str_sub(text, from, at - from));
		from = at + 1;
	}
	if (comment.helo.ptr) {
		received->helo = comment.helo;
		*named = true;
	}
	if (comment.ip.family != 0) {
		received->ip = comment.ip;
		received->rdns = comment.rdns;
	}
}

/* Without an address in a comment the one of "from [ip]" is it; where HELO is said beside, "from" is what
 * DNS says (Exim). */
static void settle(struct received *received, bool named)
{
	if (received->ip.family == 0 && received->from.ptr)
		(void)received_ip(received->from, &received->ip);
	if (named && !received->rdns.ptr && is_name(received->from))
		received->rdns = without_final_dot(received->from);
}

/* sendmail and Exim say it in a comment, Haraka in the open. */
static struct str find_mail_from(struct str rest)
{
	const struct str word = STR("envelope-from");
	struct piece piece;
	while (next_piece(&rest, &piece)) {
		if (!str_starts_nocase(piece.text, word))
			continue;
		struct str path = str_trim(str_from_offset(piece.text, word.len));
		if (path.len == 0 && (piece.comment || !next_piece(&rest, &piece) || piece.comment))
			return STR_NONE;
		return path.len > 0 ? path : piece.text;
	}
	return STR_NONE;
}

void received_parse(struct str text, struct received *received_r)
{
	struct str rest = text;
	struct piece piece;
	bool named = false;
	enum { BEFORE, FROM, BY } where = BEFORE;
	*received_r = (struct received){.from = STR_NONE};
	while (where != BY && next_piece(&rest, &piece)) {
		if (!piece.comment && str_eq_nocase(piece.text, STR("by")))
			where = BY;
		else if (!piece.comment && where == BEFORE && str_eq_nocase(piece.text, STR("from")))
			where = FROM;
		else if (where == FROM && piece.comment)
			read_comment(received_r, piece.text, &named);
		else if (where == FROM && !received_r->from.ptr)
			received_r->from = received_r->helo = piece.text;
	}
	if (where == BY && next_piece(&rest, &piece) && !piece.comment)
		received_r->by = without_final_dot(piece.text);
	if (where == BY)
		received_r->mail_from = find_mail_from(rest);
	settle(received_r, named);
}
