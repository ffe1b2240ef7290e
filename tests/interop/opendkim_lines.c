// SPDX-License-Identifier: Apache-2.0
/* libopendkim, the library of opendkim-testmsg, with keys from the zone given: "pass", or what it says instead. */
#include "base/arena.h"
#include "base/error.h"
#include "tests/interop/lines.h"

#include <opendkim/dkim.h>
#include <stdio.h>
#include <string.h>

/* Its callback is given nothing of ours. */
static struct dns *zone;
static struct arena *memory;
static DKIM_LIB *library;

static DKIM_CBSTAT look_up(DKIM *dkim, DKIM_SIGINFO *signature, unsigned char *text, size_t room)
{
	const char *name = arena_printf(memory, "%s._domainkey.%s", (const char *)dkim_sig_getselector(signature),
		(const char *)dkim_sig_getdomain(signature));
	const struct dns_answer *answer = dns_query(zone, memory, str_from(name), DNS_TXT);
	(void)dkim;
	if (dns_failed(answer))
		return DKIM_CBSTAT_TRYAGAIN;
	if (answer->count == 0 || answer->records[0].text.len >= room)
		return DKIM_CBSTAT_NOTFOUND;
	memcpy(text, answer->records[0].text.ptr, answer->records[0].text.len);
	text[answer->records[0].text.len] = '\0';
	return DKIM_CBSTAT_CONTINUE;
}

static void answer(struct arena *arena, struct str hex, struct dns *dns)
{
	static const unsigned char id[] = "message";
	const struct str message = lines_unhex(arena, hex);
	DKIM_STAT status;
	bool testing = false;
	zone = dns;
	memory = arena;
	DKIM *dkim = dkim_verify(library, id, NULL, &status);
	if (!dkim)
		die("libopendkim: %s", dkim_getresultstr(status));
	status = dkim_chunk(dkim, (unsigned char *)message.ptr, message.len);
	if (status == DKIM_STAT_OK)
		status = dkim_chunk(dkim, NULL, 0);
	if (status == DKIM_STAT_OK)
		status = dkim_eom(dkim, &testing);
	if (status == DKIM_STAT_OK)
		(void)puts("pass");
	else
		(void)printf("%s%s\n", status == DKIM_STAT_KEYFAIL ? "temperror: " : "", dkim_getresultstr(status));
	(void)dkim_free(dkim);
}

int main(void)
{
	uint64_t now = 1790000000;
	library = dkim_init(NULL, NULL);
	if (!library || dkim_set_key_lookup(library, look_up) != DKIM_STAT_OK
		|| dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FIXEDTIME, &now, sizeof(now)) != DKIM_STAT_OK)
		die("libopendkim does not start");
	lines_answer(answer);
	dkim_close(library);
	return 0;
}
