// SPDX-License-Identifier: Apache-2.0
/* The codes of doc/sql.md in sentences. */
#include "web/pages/provenance.h"

struct words {
	const char *code, *text;
};

static const struct words reasons[] = {
	{"dmarc.pass", "The mail passes DMARC."},
	{"dmarc.none", "Its author domain publishes no DMARC record."},
	{"dmarc.fail", "The mail fails DMARC."},
	{"dmarc.temperror", "The DNS could not say whether it passes DMARC."},
	{"dmarc.permerror", "Its author domain's DMARC record or its From field is broken."},
	{"dkim.pass", "A DKIM signature passes."},
	{"dkim.none", "It has no DKIM signature."},
	{"dkim.fail", "No DKIM signature passes."},
	{"spf.pass", "SPF passes."},
	{"spf.none", "There was no SPF record, or no client to hold against it."},
	{"spf.fail", "SPF does not pass."},
	{"key.gone", "The DNS has no key for its signature any more: an old mail."},
	{"key.mismatch", "The key that is published now is not the one that signed."},
	{"signature.expired", "The time of its signature is over."},
	{"body.changed", "Its body was changed after it was signed."},
	{"header.changed", "Its header was changed after it was signed."},
	{"body.partial", "The only signature that passes leaves a part of the body open."},
	{"message.nested", "A message is attached to it, and the report may be that one's."},
	{"structure.unsigned", "Its structure is not signed: the report may be a quotation."},
	{"structure.quoted", "The report stands in the mail's text, as in an answer that quotes another's."},
	{"org.match", "The organisation is the domain that authenticates the mail."},
	{"email.match", "The report's address is of the domain that authenticates the mail."},
	{"submitter.match", "The Submitter is the domain that authenticates the mail."},
	{"org.differs", "The organisation is another domain than the one that authenticates the mail."},
	{"email.differs", "The report's address is of another domain than the one that authenticates the mail."},
	{"submitter.differs", "The Submitter is another domain than the one that authenticates the mail."},
	{"file.differs", "The file's name names another reporter or domain."},
	{"report_id.differs", "The subject names another Report-ID."},
	{"policy_domain.differs", "The subject names another domain than the report is about."},
	{"destination.authorised", "The domain agreed to have its reports sent to this address."},
	{"destination.unauthorised", "No record says that reports on the domain may go to this address."},
	{"destination.unknown", "The DNS could not say whether reports on the domain may go to this address."},
	{"author.multiple", "The mail has authors of several domains."},
	{"author.missing", "The mail names no author."},
	{"author.mailbox", "Its author's domain is a provider of mailboxes: anybody could have sent it."},
	{"original.gone", "Its bytes were gone before it could be judged."},
	{"verifier.failed", "The verifier failed on the mail, again and again."},
	{"dns.temperror", "The DNS did not say in three days what the verdict rests on."},
};

static const struct words differences[] = {
	{"same", "none: both say the same"},
	{"we_pass", "it passes here"},
	{"we_fail", "it fails here, and nothing explains why it passed there"},
	{"headers_only", "the body is not here, and the signature needs it"},
	{"redacted", "the sample was made unreadable on purpose"},
	{"key_rotated", "another key is published now"},
	{"key_gone", "no key is published any more"},
	{"dns_changed", "what is published now gives another result"},
	{"canonicalization", "the sample is not to the letter what was signed"},
	{"not_checkable", "it cannot be checked"},
};

static const char *text_of(const struct words *words, size_t count, struct str code)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(code, str_from(words[i].code)))
			return words[i].text;
	return NULL;
}

void provenance_write_reasons(struct html *html, struct str array)
{
	struct str rest = str_sub(array, 1, array.len > 2 ? array.len - 2 : 0), code;
	html_open(html, "ul");
	html_attr_cstr(html, "class", "reasons");
	while (rest.len > 0 && str_split(&rest, ',', &code)) {
		const char *text = text_of(reasons, sizeof(reasons) / sizeof(reasons[0]), code);
		html_open(html, "li");
		if (text)
			html_cstr(html, text);
		else
			html_hostile(html, code);
		html_close(html);
	}
	html_close(html);
}

const char *provenance_difference(struct str code)
{
	const char *text = text_of(differences, sizeof(differences) / sizeof(differences[0]), code);
	return text ? text : "another";
}
