// SPDX-License-Identifier: Apache-2.0
/*
 * The process that asks the DNS for the workers, which may not: a child with
 * libunbound and one cache, confined before its first question to sockets of
 * the internet, without files and without other programs. It dies with the
 * process that started it.
 *
 * Each job, a mail, has a socket of its own, to be given to the worker
 * (dns/relay.h). Its time and its number of questions are counted here as
 * well, since a worker that went over to its mail's author will not count.
 */
#pragma once

#include "base/error.h"
#include "daemon/config/config.h"
#include "dns/unbound.h"

#include <stdatomic.h>
#include <sys/types.h>

#define RESOLVER_JOBS 64 /* at once, a default; more wait */
#define RESOLVER_JOBS_MAX 128 /* with libunbound's sockets they are less than the files that it may open */

struct resolver_answers {
	atomic_ullong by_status[DNS_BOGUS + 1]; /* enum dns_status */
};

struct resolver_options {
	struct dns_unbound_options dns;
	unsigned queries_max; /* of one job */
	unsigned jobs_max; /* 0: RESOLVER_JOBS */
	unsigned rate, zone_rate; /* daemon/verify/pace.h */
	/* NULL, or memory that is shared with the process: its answers, by their status. */
	struct resolver_answers *answers;
	bool require_confinement; /* ERR_PERM where the kernel cannot confine it fully */
};

/* What the configuration says: dns:, limits:, require_confinement. Lives in arena, beside config. Without
 * servers and trust_anchor, RESOLVER_ROOT_KEY when it is there. */
#define RESOLVER_ROOT_KEY "/usr/share/dns/root.key"
struct resolver_options resolver_options_of(const struct config *config, struct arena *arena);

struct resolver {
	pid_t pid;
	int control;
	unsigned confined; /* enum confine_step that hold in it */
};

/* Returns when it is ready. ERR_INVALID as dns_unbound_open(); ERR_TEMP: it did not start. */
NODISCARD enum err resolver_start(const struct resolver_options *options, struct resolver *resolver_r,
	struct error *error);
/* The socket of a new job, close-on-exec, for dns_relay_open(). Its time begins when the resolver hears of
 * it; it ends when all copies of the socket are closed, or when it asks two things at once. CNAMEs and
 * questions tried again count as questions; what is asked beyond queries_max is DNS_TIMEOUT. Jobs wait for
 * each other only where all of them, or those that ask about one zone, would ask too fast. */
NODISCARD enum err resolver_job(const struct resolver *resolver, int *socket_r, struct error *error);
/* Ends the process, and waits for that. */
void resolver_stop(struct resolver *resolver);
