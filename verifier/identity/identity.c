// SPDX-License-Identifier: Apache-2.0
#include "verifier/identity.h"

#include "verifier/address.h"
#include "verifier/authres.h"
#include "verifier/identity/received.h"

#define TRAIL_MAX 12 /* names of Received that are told */
#define IDENTITIES_MAX (ADDRESS_MAILBOXES_MAX + 3 + TRAIL_MAX + 2)
#define FIELD_BYTES_MAX 998 /* RFC 5322 section 2.1.1 */
#define TRACE_FIELDS_MAX 100 /* of one name that are looked at; RFC 5321 section 6.3 */
#define NOT_CONFIGURED "no authserv-id is configured, the top-most field is believed"

struct search {
	const struct verify *verify;
	const struct message *message;
	const struct identity_hints *hints;
	struct identity *identity;
	struct verdict *verdict;
};

static void found(struct search *search, const char *kind, struct str value, const char *source)
{
	struct arena *arena = search->verify->arena;
	struct verdict_identity *at = &search->verdict->identities.at[search->verdict->identities.count++];
	*at = (struct verdict_identity){
		.kind = str_from(kind),
		.value = verify_text(arena, value.ptr ? value : STR("")),
		.source = verify_text(arena, str_from(source)),
	};
	trace_add(search->verify, &(struct trace_step){
		.part = verdict_part_word(PART_MESSAGE), .kind = STR("identity"), .name = at->kind,
		.value = at->value, .note = at->source,
	});
}

static bool is_one_of(struct str name, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (name.len > 0 && str_eq_nocase(name, names[i]))
			return true;
	return false;
}

static bool is_own_address(const struct search *search, const struct ip *ip)
{
	struct ip other;
	for (size_t i = 0; i < search->hints->trusted_hops_count; i++)
		if (ip_parse(search->hints->trusted_hops[i], &other) && ip_eq(ip, &other))
			return true;
	return ip_is_private(ip);
}

static bool is_trusted_hop(const struct search *search, struct str name)
{
	return is_one_of(name, search->hints->trusted_hops, search->hints->trusted_hops_count);
}

/* Did one of our own hosts hand the mail on? HELO is the client's word, and does not count. */
static bool is_inside(const struct search *search, const struct received *received)
{
	return received->ip.family == 0 || is_own_address(search, &received->ip) ||
		is_trusted_hop(search, received->rdns);
}

/* The n-th Received; false when there is none, or when it is beyond what is looked at. */
static bool nth_received(const struct search *search, size_t n, struct received *received_r)
{
	const struct message_field *field =
		n < TRACE_FIELDS_MAX ? message_field(search->message, STR("received"), n) : NULL;
	if (field)
		received_parse(message_unfolded(search->verify->arena, field), received_r);
	return field != NULL;
}

/* The field in which our border speaks of the client. Without trusted hops the first with an address in
 * it that is not private; if all are private, the first with any. */
static bool find_border(struct search *search, struct received *border_r, size_t *n_r, const char **source_r)
{
	const struct identity_hints *hints = search->hints;
	struct received received;
	bool any = false;
	for (size_t n = 0; nth_received(search, n, &received); n++) {
		if (hints->trusted_hops_count > 0 && !is_trusted_hop(search, received.by))
			return false;
		bool inside = is_inside(search, &received);
		if (inside && (hints->trusted_hops_count > 0 || any || received.ip.family == 0))
			continue;
		*border_r = received;
		*n_r = n;
		*source_r = arena_printf(search->verify->arena, "Received by %.*s%s",
			STR_FMT(received.by.ptr ? received.by : STR("an unknown host")),
			hints->trusted_hops_count > 0 ? "" : " (no trusted hop is configured)");
		any = true;
		if (!inside)
			break;
	}
	return any;
}

/* Position of the first Received that none of our hosts wrote; a mail that came by none of them has
 * nothing of ours. */
static size_t count_inside(const struct search *search)
{
	const struct message *message = search->message;
	bool ours = search->hints->trusted_hops_count == 0;
	for (size_t i = 0; i < message->fields_count && search->hints->trusted_hops_count > 0; i++) {
		struct received received;
		if (!str_eq_nocase(message->fields[i].name, STR("received")))
			continue;
		received_parse(message_unfolded(search->verify->arena, &message->fields[i]), &received);
		if (!is_trusted_hop(search, received.by))
			return i;
		ours = true;
	}
	return ours ? message->fields_count : 0;
}

/* The n-th field of this name that is inside. */
static const struct message_field *inside_field(const struct search *search, struct str name, size_t n)
{
	const struct message_field *field = message_field(search->message, name, n);
	return field && field < search->message->fields + search->identity->inside_fields ? field : NULL;
}

/* The first SPF result that can be believed of the fields of this name. */
static bool find_result(struct search *search, bool received_spf, struct authres_result *result_r,
	const char **source_r)
{
	const struct identity_hints *hints = search->hints;
	struct str name = received_spf ? STR("received-spf") : STR("authentication-results");
	const struct message_field *field;
	struct authres authres;
	for (size_t n = 0; n < TRACE_FIELDS_MAX && (field = inside_field(search, name, n)); n++) {
		if (received_spf ? !received_spf_parse(search->verify->arena, field->body, &authres) :
			!authres_parse(search->verify->arena, field->body, &authres))
			continue;
		bool known = is_one_of(authres.authserv_id, hints->authserv_ids, hints->authserv_ids_count);
		if (hints->authserv_ids_count > 0 && !known)
			continue;
		*source_r = arena_printf(search->verify->arena, "%s of %.*s%s",
			received_spf ? "Received-SPF" : "Authentication-Results",
			STR_FMT(authres.authserv_id.ptr ? authres.authserv_id : STR("an unnamed host")),
			known ? "" : " (" NOT_CONFIGURED ")");
		for (size_t i = 0; i < authres.results_count; i++)
			if (str_eq(authres.results[i].method, STR("spf"))) {
				*result_r = authres.results[i];
				return true;
			}
		if (hints->authserv_ids_count == 0)
			return false;
	}
	return false;
}

/* smtp.remote-ip, or an address in what is said to people: "domain of x designates 192.0.2.1 as …". */
static bool ip_of_result(const struct authres_result *result, struct ip *ip_r)
{
	struct str value = authres_value(result, "smtp", "remote-ip"), rest = result->comment, word;
	if (value.ptr && received_ip(value, ip_r))
		return true;
	while (str_split(&rest, ' ', &word))
		if (received_ip(word, ip_r))
			return true;
	return false;
}

/* Nothing that a reverse-path has no room for. */
static bool is_path(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool return_path(struct search *search, struct str *path_r)
{
	const struct message_field *field = inside_field(search, STR("return-path"), 0);
	if (!field)
		return false;
	struct str text = message_unfolded(search->verify->arena, field);
	size_t open = str_find_char(text, '<'), close = str_rfind_char(text, '>');
	if (open != SIZE_MAX && close != SIZE_MAX && close > open)
		text = str_trim(str_sub(text, open + 1, close - open - 1));
	else if (open != SIZE_MAX || close != SIZE_MAX || text.len == 0)
		return false;
	*path_r = text;
	return is_path(text);
}

/* Our border's word on the client, if the mail is from it. */
static bool mail_from_of_border(struct search *search, struct str *path_r, const char **source_r)
{
	struct received border;
	size_t n;
	if (!find_border(search, &border, &n, source_r) || !border.mail_from.ptr || !is_path(border.mail_from))
		return false;
	*path_r = border.mail_from;
	return search->hints->ip.family == 0 || ip_eq(&search->hints->ip, &border.ip);
}

static void find_mail_from(struct search *search)
{
	struct identity *identity = search->identity;
	struct authres_result result;
	const char *source = "given";
	struct str path = STR_NONE;
	identity->has_mail_from = true;
	if (search->hints->mail_from.ptr)
		path = search->hints->mail_from;
	else if (return_path(search, &path))
		source = "Return-Path";
	else if (find_result(search, false, &result, &source) && (path = authres_mail_from(&result)).ptr)
		;
	else if (find_result(search, true, &result, &source) && (path = authres_mail_from(&result)).ptr)
		;
	else if (mail_from_of_border(search, &path, &source))
		;
	else
		identity->has_mail_from = false;
	if (!identity->has_mail_from)
		return;
	if (str_starts(path, STR("<")) && str_ends(path, STR(">")))
		path = str_sub(path, 1, path.len - 2);
	identity->mail_from = path;
	found(search, "mail_from", path, source);
}

static void found_ip(struct search *search, const struct ip *ip, const char *source)
{
	char text[IP_TEXT_BYTES];
	search->identity->ip = *ip;
	found(search, "ip", str_from(ip_format(ip, text)), source);
}

static void found_helo(struct search *search, struct str helo, const char *source)
{
	if (search->identity->helo.ptr || helo.len == 0)
		return;
	search->identity->helo = helo;
	found(search, "helo", helo, source);
}

/* What was given, then the fields from the most to the least believed. */
static void find_ip_and_helo(struct search *search)
{
	const struct identity_hints *hints = search->hints;
	struct received border;
	struct authres_result result;
	struct ip ip;
	const char *source;
	size_t n;
	if (hints->ip.family != 0)
		found_ip(search, &hints->ip, "given");
	found_helo(search, hints->helo, "given");
	if (search->identity->ip.family != 0 && search->identity->helo.ptr)
		return;
	if (find_border(search, &border, &n, &source)) {
		/* The HELO of another client than the one that was given is none. */
		bool other = search->identity->ip.family != 0 && !ip_eq(&search->identity->ip, &border.ip);
		if (search->identity->ip.family == 0 && border.ip.family != 0)
			found_ip(search, &border.ip, source);
		if (!other)
			found_helo(search, border.helo, source);
	}
	for (int received_spf = 1; received_spf >= 0; received_spf--) {
		if (!find_result(search, received_spf, &result, &source))
			continue;
		bool has_ip = ip_of_result(&result, &ip);
		if (search->identity->ip.family == 0 && has_ip)
			found_ip(search, &ip, source);
		if (!has_ip || ip_eq(&search->identity->ip, &ip))
			found_helo(search, authres_value(&result, "smtp", "helo"), source);
	}
}

static void find_authors(struct search *search)
{
	struct author author;
	address_author(search->verify->arena, search->message, &author);
	for (size_t i = 0; i < author.mailboxes_count; i++) {
		const struct mailbox *mailbox = &author.mailboxes[i];
		found(search, "header_from", str_from(arena_printf(search->verify->arena, "%.*s@%.*s",
			STR_FMT(mailbox->local_part), STR_FMT(mailbox->domain))), "From");
	}
}

static void found_name(struct search *search, const char *kind, struct str name, size_t *left)
{
	if (name.len == 0 || *left == 0)
		return;
	--*left;
	found(search, kind, name, "Received");
}

/* What the hosts on the way call themselves, for who knows his own: what our border, or our last host, says
 * of who handed the mail over, then the words of those before it, which anybody may have written. */
static void find_trail(struct search *search)
{
	struct received received, border;
	const char *source;
	size_t n = 0, left = TRAIL_MAX;
	bool bordered = find_border(search, &border, &n, &source);
	if (!bordered && search->hints->trusted_hops_count > 0)
		for (; nth_received(search, n, &received) && is_trusted_hop(search, received.by); n++)
			border = received;
	if (bordered || n > 0) {
		found_name(search, "rdns", border.rdns, &left);
		if (!bordered)
			found_name(search, "received", border.helo, &left);
	}
	for (n += bordered; left > 0 && nth_received(search, n, &received); n++)
		found_name(search, "received", received.by, &left);
}

/* The first field of this name, as it stands. */
static void find_field(struct search *search, const char *kind, struct str name)
{
	const struct message_field *field = message_field(search->message, name, 0);
	struct str text = field ? message_unfolded(search->verify->arena, field) : STR_NONE;
	if (text.len > 0)
		found(search, kind, str_sub(text, 0, FIELD_BYTES_MAX), arena_cstr(search->verify->arena, field->name));
}

void identity_find(const struct verify *verify, const struct message *message, const struct identity_hints *hints,
	struct identity *identity_r, struct verdict *verdict)
{
	struct search search = {verify, message, hints, identity_r, verdict};
	*identity_r = (struct identity){.has_mail_from = false};
	verdict->identities.at = ARENA_ARRAY(verify->arena, IDENTITIES_MAX, struct verdict_identity);
	verdict->identities.count = 0;
	identity_r->inside_fields = count_inside(&search);
	find_authors(&search);
	find_mail_from(&search);
	find_ip_and_helo(&search);
	find_trail(&search);
	find_field(&search, "message_id", STR("message-id"));
	find_field(&search, "probe", STR("x-dmarcd-probe"));
}
