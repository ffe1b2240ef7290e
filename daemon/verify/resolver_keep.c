// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/resolver_keep.h"

#include "base/clock.h"
#include "base/figures.h"
#include "base/log.h"
#include "dns/relay.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1024 * 1024)
#define ANSWER_MSECS 2000
#define RCODE "RCODE " /* dns/unbound.c: a server that refuses is alive */

enum err resolver_keep_start(struct resolver_keep *keep, const struct resolver_options *options,
	struct error *error)
{
	keep->options = *options;
	if (!keep->options.answers) {
		void *shared = mmap(NULL, sizeof(*options->answers), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		keep->options.answers = shared == MAP_FAILED ? NULL : shared;
	}
	enum err err = resolver_start(&keep->options, &keep->resolver, error);
	keep->running = err == ERR_OK;
	return err;
}

static void stop(struct resolver_keep *keep)
{
	if (keep->running)
		resolver_stop(&keep->resolver);
	keep->running = false;
}

void resolver_keep_stop(struct resolver_keep *keep)
{
	stop(keep);
	if (keep->options.answers)
		(void)munmap(keep->options.answers, sizeof(*keep->options.answers));
	keep->options.answers = NULL;
}

static bool is_dead(const struct resolver_keep *keep)
{
	struct pollfd control = {.fd = keep->running ? keep->resolver.control : -1};
	return !keep->running || (poll(&control, 1, 0) > 0 && (control.revents & (POLLHUP | POLLERR)));
}

static enum err revive(struct resolver_keep *keep, struct error *error)
{
	stop(keep);
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

void resolver_keep_figures(void *context, struct buf *out)
{
	static const char name[] = "dmarcd_dns_queries_total";
	static const char *const rcodes[DNS_BOGUS + 1] = {[DNS_OK] = "NOERROR", [DNS_NXDOMAIN] = "NXDOMAIN",
		[DNS_SERVFAIL] = "SERVFAIL", [DNS_TIMEOUT] = "TIMEOUT", [DNS_BOGUS] = "BOGUS"};
	struct resolver_keep *keep = context;
	struct resolver_answers *answers = keep->options.answers;
	figures_head(out, name, "counter", "Questions for verdicts, from the cache too, by what came of them.");
	for (size_t i = DNS_OK; answers && i <= DNS_BOGUS; i++) {
		unsigned long long count = atomic_load(&answers->by_status[i]);
		if (i == DNS_OK)
			count += atomic_load(&answers->by_status[DNS_NODATA]); /* the same RCODE */
		if (rcodes[i])
			buf_printf(out, "%s{rcode=\"%s\"} %llu\n", name, rcodes[i], count);
	}
}
