// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/resolver_keep.h"

#include "base/clock.h"
#include "base/log.h"
#include "dns/relay.h"

#include <poll.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1024 * 1024)
#define ANSWER_MSECS 2000
#define RCODE "RCODE " /* dns/unbound.c: a server that refuses is alive */

enum err resolver_keep_start(struct resolver_keep *keep, const struct resolver_options *options,
	struct error *error)
{
	keep->options = *options;
	enum err err = resolver_start(&keep->options, &keep->resolver, error);
	keep->running = err == ERR_OK;
	return err;
}

void resolver_keep_stop(struct resolver_keep *keep)
{
	if (keep->running)
		resolver_stop(&keep->resolver);
	keep->running = false;
}

static bool is_dead(const struct resolver_keep *keep)
{
	struct pollfd control = {.fd = keep->running ? keep->resolver.control : -1};
	return !keep->running || (poll(&control, 1, 0) > 0 && (control.revents & (POLLHUP | POLLERR)));
}

static enum err revive(struct resolver_keep *keep, struct error *error)
{
	resolver_keep_stop(keep);
	enum err err = resolver_keep_start(keep, &keep->options, error);
	if (!err)
		log_event(LOG_WARN_LEVEL, "the resolver was gone and runs again");
	return err;
}

enum err resolver_keep_job(void *context, int *socket_r, struct error *error)
{
	struct resolver_keep *keep = context;
	enum err err = is_dead(keep) ? revive(keep, error) : ERR_OK;
	if (!err)
		err = resolver_job(&keep->resolver, socket_r, error);
	return err;
}

static bool asks_well(const struct resolver_keep *keep, int socket)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct dns *dns = dns_relay_open(arena, socket, ANSWER_MSECS);
	/* Never asked before: by its time, process and number. */
	const struct dns_answer *answer = dns_query(dns, arena, str_from(arena_printf(arena, "dmarcd-%llx-%llx-%llx",
		(unsigned long long)clock_epoch_secs(), (unsigned long long)getpid(),
		(unsigned long long)keep->asked)), DNS_TXT);
	bool well = !dns_failed(answer) || answer->status == DNS_BOGUS || str_starts(answer->note, STR(RCODE));
	arena_close(&arena);
	return well;
}

bool resolver_keep_answers(void *context)
{
	struct resolver_keep *keep = context;
	struct error error = {0};
	int socket = -1;
	keep->asked++;
	if (is_dead(keep)) {
		(void)revive(keep, &error);
		return false;
	}
	if (resolver_job(&keep->resolver, &socket, &error) != ERR_OK)
		return false;
	bool well = asks_well(keep, socket);
	(void)close(socket);
	return well;
}
