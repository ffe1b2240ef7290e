// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance.h"

#include "base/buf.h"
#include "verifier/address.h"
#include "verifier/domain.h"
#include "verifier/provenance/destination.h"
#include "verifier/provenance/known.h"
#include "verifier/provenance/names.h"
#include "verifier/provenance/reasons.h"
#include "verifier/provenance/structure.h"

#define PERIOD_SLACK_SECS (24 * 60 * 60)
#define TOKEN_BYTES_MIN 4
#define AUTHOR_MAILBOX "author.mailbox"

/* What the mail says beside its reports. */
struct report_mail {
	const struct verify *verify;
	const struct verify_claims *claims;
	struct verdict *verdict;
	struct orgs orgs;
	struct destinations destinations;
	struct report_subject subject;
	struct str message_id;
	struct str author; /* the domain that passes; absent: none does */
	struct str author_org;
	const char *doubt, *failure_doubt; /* that a report is the mail's own; NULL: none */
	bool subject_domain_fits, subject_id_fits; /* one of the reports */
};

/* One report. */
struct judged_claim {
	const struct verify_claim *claim;
	struct verdict_provenance *item;
	struct buf reasons, detail;
	bool match, doubt, contradicted, unknown;
	bool foreign; /* what authenticates the mail does not speak for it */
};

static void reason(struct judged_claim *judged, const char *code)
{
	reasons_add(&judged->reasons, code);
}

static void say(struct judged_claim *judged, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct judged_claim *judged, const char *fmt, ...)
{
	va_list args;
	if (judged->detail.len > 0)
		buf_add_str(&judged->detail, STR("; "));
	va_start(args, fmt);
	buf_vprintf(&judged->detail, fmt, args);
	va_end(args);
}

/* ---- who ---- */

static enum maybe is_author(struct report_mail *mail, struct str domain)
{
	return orgs_same(&mail->orgs, mail->author, domain);
}

/* A name that is not the author's: is it one that the author is known to report for? */
static void judge_other_name(struct report_mail *mail, struct judged_claim *judged, const char *what,
	struct str name)
{
	struct str named = orgs_org(&mail->orgs, name);
	switch (known_reporter(mail->author_org, named)) {
	case KNOWN_OWN:
		return;
	case KNOWN_CUSTOMER:
		judged->doubt = true;
		return;
	case KNOWN_NOT:
		break;
	}
	if (known_same_label(mail->author_org, named)) {
		judged->doubt = true;
		return;
	}
	judged->contradicted = true;
	say(judged, "%s names %.*s, and the mail is authenticated by %.*s", what, STR_FMT(name),
		STR_FMT(mail->author));
}

static bool email_domain(struct arena *arena, struct str email, struct str *domain_r)
{
	struct mailbox *mailboxes;
	size_t count;
	if (address_list(arena, email, &mailboxes, &count) && count > 0 && mailboxes[0].ascii.ptr) {
		*domain_r = mailboxes[0].ascii;
		return true;
	}
	size_t at = str_rfind_char(email, '@');
	return at != SIZE_MAX && domain_to_ascii(arena, str_trim(str_from_offset(email, at + 1)), domain_r);
}

static void judge_email(struct report_mail *mail, struct judged_claim *judged, struct str *domain_r)
{
	*domain_r = STR_NONE;
	if (!email_domain(mail->verify->arena, judged->claim->email, domain_r))
		return;
	enum maybe same = is_author(mail, *domain_r);
	judged->match = judged->match || same == MAYBE_YES;
	judged->unknown = judged->unknown || same == MAYBE_UNKNOWN;
	if (same != MAYBE_UNKNOWN)
		reason(judged, same == MAYBE_YES ? "email.match" : "email.differs");
	if (same == MAYBE_NO)
		say(judged, "the report's address is at %.*s", STR_FMT(*domain_r));
}

/* The file is judged as the Subject is, and speaks where that does not. */
static void judge_submitter(struct report_mail *mail, struct judged_claim *judged, const char *what, bool file,
	struct str submitter, struct str email)
{
	if (!submitter.ptr)
		return;
	enum maybe same = is_author(mail, submitter);
	judged->match = judged->match || same == MAYBE_YES;
	judged->unknown = judged->unknown || same == MAYBE_UNKNOWN;
	if (!file && same != MAYBE_UNKNOWN)
		reason(judged, same == MAYBE_YES ? "submitter.match" : "submitter.differs");
	if (same != MAYBE_NO)
		return;
	if (file)
		reason(judged, "file.differs");
	/* Someone who sends for the reporter that report and Submitter agree on. */
	if (email.ptr && is_author(mail, email) == MAYBE_NO && orgs_same(&mail->orgs, email, submitter) == MAYBE_YES)
		return;
	judge_other_name(mail, judged, what, submitter);
}

/* The name of a mail server (RFC 3464 section 2.2.2): whose it is says little about who reports. */
static bool reporting_mta(struct arena *arena, struct str text, struct str *domain_r)
{
	size_t semicolon = str_find_char(text, ';');
	return report_name_is_domain(arena, semicolon == SIZE_MAX ? text : str_from_offset(text, semicolon + 1),
		domain_r);
}

static void judge_org_name(struct report_mail *mail, struct judged_claim *judged)
{
	struct arena *arena = mail->verify->arena;
	bool failure = str_eq(judged->claim->kind, STR("failure"));
	struct str domain;
	if (failure ? !reporting_mta(arena, judged->claim->org_name, &domain)
		    : !report_name_is_domain(arena, judged->claim->org_name, &domain))
		return;
	enum maybe same = is_author(mail, domain);
	if (same != MAYBE_UNKNOWN)
		reason(judged, same == MAYBE_YES ? "org.match" : "org.differs");
	if (failure && same == MAYBE_YES)
		judged->match = true;
	else if (failure)
		judged->doubt = true;
	else if (same == MAYBE_NO)
		judge_other_name(mail, judged, "org_name", domain);
}

/* ---- what ---- */

static bool same_policy_domain(const struct report_mail *mail, struct str a, struct str b)
{
	return domain_is_or_below(a, b) || domain_is_or_below(b, a) ||
		orgs_same_by_psl(&mail->orgs, a, b) == MAYBE_YES;
}

static bool has_token(struct str text, struct str token)
{
	return str_find_nocase(text, token) != SIZE_MAX;
}

/* Reporters put a Message-ID made of it there, cut it, or put the domain before it. */
static bool same_report_id(struct str report_id, struct str subject_id)
{
	struct str rest = subject_id;
	if (str_eq_nocase(report_id, subject_id))
		return true;
	while (rest.len > 0) {
		size_t len = 0;
		while (len < rest.len && ascii_is_alnum(rest.ptr[len]))
			len++;
		if (len >= TOKEN_BYTES_MIN && has_token(report_id, str_sub(rest, 0, len)))
			return true;
		rest = str_from_offset(rest, len + 1);
	}
	return subject_id.len < TOKEN_BYTES_MIN && has_token(report_id, subject_id);
}

static struct str without_brackets(struct str id)
{
	id = str_trim(id);
	return str_starts(id, STR("<")) && str_ends(id, STR(">")) ? str_sub(id, 1, id.len - 2) : id;
}

static bool subject_fits_domain(const struct report_mail *mail, const struct verify_claim *claim)
{
	struct str policy;
	return domain_to_ascii(mail->verify->arena, claim->policy_domain, &policy) &&
		same_policy_domain(mail, policy, mail->subject.domain);
}

static bool subject_fits_id(const struct report_mail *mail, const struct verify_claim *claim)
{
	struct str id = without_brackets(claim->report_id);
	return id.len == 0 || same_report_id(id, mail->subject.report_id) ||
		(mail->message_id.len > 0 && str_eq_nocase(mail->message_id, mail->subject.report_id));
}

/* One Subject speaks for all reports of its mail; it has to fit one of them. */
static void judge_subject(const struct report_mail *mail, struct judged_claim *judged)
{
	if (mail->subject.domain.ptr && judged->claim->policy_domain.len > 0 && !mail->subject_domain_fits) {
		reason(judged, "policy_domain.differs");
		judged->contradicted = true;
		say(judged, "the mail is about %.*s, and the report about %.*s", STR_FMT(mail->subject.domain),
			STR_FMT(judged->claim->policy_domain));
	}
	if (mail->subject.report_id.ptr && !mail->subject_id_fits) {
		reason(judged, "report_id.differs");
		judged->contradicted = true;
		say(judged, "the Subject's Report-ID is another than the report's");
	}
}

static bool same_period(const struct verify_claim *claim, const struct report_file *file)
{
	if (claim->begin_epoch_secs <= 0 || file->begin_epoch_secs <= 0 || file->end_epoch_secs <= 0)
		return true;
	return file->begin_epoch_secs <= claim->end_epoch_secs + PERIOD_SLACK_SECS &&
		claim->begin_epoch_secs <= file->end_epoch_secs + PERIOD_SLACK_SECS;
}

static void judge_file(struct report_mail *mail, struct judged_claim *judged, const struct report_file *file)
{
	struct str policy;
	bool domain = domain_to_ascii(mail->verify->arena, judged->claim->policy_domain, &policy) &&
		!same_policy_domain(mail, policy, file->policy_domain);
	bool period = !same_period(judged->claim, file);
	if (!domain && !period)
		return;
	reason(judged, "file.differs");
	judged->contradicted = true;
	say(judged, "the file's name says another %s than the report", domain ? "policy domain" : "period");
}

/* ---- where to ---- */

static void judge_destination(struct report_mail *mail, struct judged_claim *judged)
{
	const struct verify_claim *claim = judged->claim;
	struct str policy;
	if (str_eq(claim->kind, STR("tlsrpt")) ||
		!report_name_is_domain(mail->verify->arena, claim->policy_domain, &policy))
		return;
	struct asked_destination asked = destinations_ask(&mail->destinations, policy,
		str_eq(claim->kind, STR("failure")) ? DMARC_RUF : DMARC_RUA);
	if (!asked.domain.ptr)
		return;
	judged->item->destination = verify_text(mail->verify->arena, asked.domain);
	judged->item->destination_authorised = asked.authorised;
	reason(judged, asked.authorised == MAYBE_YES ? "destination.authorised" :
		asked.authorised == MAYBE_NO ? "destination.unauthorised" : "destination.unknown");
}

/* ---- the state ---- */

static void judge_names(struct report_mail *mail, struct judged_claim *judged)
{
	struct report_file file;
	struct str email;
	bool has_file = report_file_parse(mail->verify->arena, judged->claim->member, &file);
	judge_email(mail, judged, &email);
	judge_submitter(mail, judged, "the Submitter", false, mail->subject.submitter, email);
	if (has_file)
		judge_submitter(mail, judged, "the file's name", true, file.receiver, email);
	judge_org_name(mail, judged);
	judge_subject(mail, judged);
	if (has_file)
		judge_file(mail, judged, &file);
	/* Who reports a failure says so in From only. */
	if (str_eq(judged->claim->kind, STR("failure")) && !email.ptr && !mail->subject.submitter.ptr && !judged->doubt)
		judged->match = true;
}

static void judge_author(struct report_mail *mail, struct judged_claim *judged)
{
	const char *doubt = judged->claim->in_text ? "structure.quoted" :
		str_eq(judged->claim->kind, STR("failure")) ? mail->failure_doubt : mail->doubt;
	if (!doubt) {
		judge_names(mail, judged);
		return;
	}
	judged->foreign = true;
	reason(judged, doubt);
	say(judged, "the mail is authenticated, but %s", str_eq(str_from(doubt), STR(AUTHOR_MAILBOX)) ?
		"by a domain at which anybody has an address" : "the report may be somebody else's that it quotes");
}

static const char *state_of(const struct report_mail *mail, const struct judged_claim *judged)
{
	if (mail->verdict->dmarc.result == AUTH_TEMPERROR)
		return "pending";
	if (!mail->author.ptr || judged->foreign)
		return "unverified";
	if (judged->contradicted)
		return "contradicted";
	if (judged->match && !judged->doubt)
		return "verified";
	return judged->unknown && !judged->match && !mail->orgs.exhausted ? "pending" : "plausible";
}

static struct str submitter_of(const struct report_mail *mail, const struct verify_claim *claim)
{
	struct report_file file;
	if (mail->subject.submitter.ptr || !report_file_parse(mail->verify->arena, claim->member, &file))
		return mail->subject.submitter;
	return file.receiver;
}

static void judge_claim(struct report_mail *mail, const struct verify_claim *claim)
{
	struct arena *arena = mail->verify->arena;
	struct judged_claim judged = {.claim = claim, .item = VERDICT_ADD(arena, &mail->verdict->provenance)};
	buf_init(&judged.reasons, SIZE_MAX / 2);
	buf_init(&judged.detail, SIZE_MAX / 2);
	reasons_of_mail(&judged.reasons, mail->verdict, !mail->author.ptr);
	if (mail->author.ptr)
		judge_author(mail, &judged);
	judge_destination(mail, &judged);
	if (mail->orgs.exhausted)
		say(&judged, "more names than are asked for");
	if (!mail->author.ptr && mail->verdict->dmarc.detail.len > 0)
		say(&judged, "%.*s", STR_FMT(mail->verdict->dmarc.detail));
	judged.item->report_no = claim->report_no;
	judged.item->state = str_from(state_of(mail, &judged));
	judged.item->domain = mail->author.ptr ? mail->author_org : STR_NONE;
	judged.item->submitter = submitter_of(mail, claim);
	judged.item->reasons = verify_text(arena, buf_str(&judged.reasons));
	judged.item->detail = judged.detail.len > 0 ? verify_text(arena, buf_str(&judged.detail)) : STR_NONE;
	buf_fini(&judged.reasons);
	buf_fini(&judged.detail);
}

/* RFC 8460 section 5.3: header fields of their own, which go before the Subject. */
static void read_tls_fields(const struct message *message, struct arena *arena, struct report_subject *subject)
{
	const struct message_field *field;
	struct str domain;
	if ((field = message_field(message, STR("TLS-Report-Domain"), 0)) &&
		domain_to_ascii(arena, message_unfolded(arena, field), &domain))
		subject->domain = domain;
	if ((field = message_field(message, STR("TLS-Report-Submitter"), 0)) &&
		report_name_is_domain(arena, message_unfolded(arena, field), &domain))
		subject->submitter = domain;
}

/* Who has an address at a provider is not the provider. */
static void judge_mailbox(struct report_mail *mail, const struct message *message)
{
	struct author author;
	address_author(mail->verify->arena, message, &author);
	if (author.mailboxes_count == 0 || !known_mailbox(author.mailboxes[0].local_part, mail->author))
		return;
	mail->doubt = mail->failure_doubt = AUTHOR_MAILBOX;
}

static void read_mail(struct report_mail *mail, const struct message *message)
{
	struct arena *arena = mail->verify->arena;
	const struct message_field *subject = message_field(message, STR("Subject"), 0);
	const struct message_field *id = message_field(message, STR("Message-ID"), 0);
	const struct verdict_dmarc *dmarc = &mail->verdict->dmarc;
	if (subject)
		report_subject_parse(arena, message_unfolded(arena, subject), &mail->subject);
	if (id)
		mail->message_id = without_brackets(message_unfolded(arena, id));
	if (mail->claims->count > 0 && str_eq(mail->claims->at[0].kind, STR("tlsrpt")))
		read_tls_fields(message, arena, &mail->subject);
	if (dmarc->result == AUTH_PASS && reasons_mail_is_whole(mail->verdict)) {
		mail->author = dmarc->author_domain;
		mail->author_org = orgs_org(&mail->orgs, mail->author);
		mail->doubt = structure_doubt(arena, message, mail->verdict, false);
		mail->failure_doubt = structure_doubt(arena, message, mail->verdict, true);
		judge_mailbox(mail, message);
	}
	for (size_t i = 0; i < mail->claims->count; i++) {
		const struct verify_claim *claim = &mail->claims->at[i];
		mail->subject_domain_fits = mail->subject_domain_fits || subject_fits_domain(mail, claim);
		mail->subject_id_fits = mail->subject_id_fits || subject_fits_id(mail, claim);
	}
}

void provenance_check(const struct verify *verify, const struct message *message, const struct verify_claims *claims,
	const struct dmarc_options *options, struct verdict *verdict)
{
	struct report_mail mail = {.verify = verify, .claims = claims, .verdict = verdict};
	if (claims->count == 0)
		return;
	orgs_open(&mail.orgs, verify, options->psl, PROVENANCE_LOOKUPS_MAX);
	destinations_find(&mail.destinations, &mail.orgs, message, PROVENANCE_LOOKUPS_MAX);
	read_mail(&mail, message);
	for (size_t i = 0; i < claims->count; i++)
		judge_claim(&mail, &claims->at[i]);
}
