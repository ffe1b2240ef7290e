// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/resolver.h"

#include "base/clock.h"
#include "base/confine.h"
#include "daemon/spawn.h"
#include "daemon/verify/pace.h"
#include "dns/rdata.h"
#include "dns/relay.h"
#include "model/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MSECS 30000
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)

/* Child -> parent, once. */
struct hello {
	uint32_t code; /* enum err */
	uint32_t confined;
	char text[sizeof(((struct error *)NULL)->text)];
};

struct job {
	int socket;
	int64_t begun_msecs;
	unsigned left;               /* times that servers may still be asked */
	struct dns_question question; /* one at a time; its name is in text */
	char text[DNS_NAME_BYTES_MAX + 1];
	bool waits; /* for its turn */
	int64_t turn_msecs;
	struct dns_pending *pending; /* it is on the way */
};

struct serving {
	const struct resolver_options *options;
	struct dns_unbound *unbound;
	struct arena *scratch;
	struct pace pace;
	struct job jobs[RESOLVER_JOBS_MAX];
	size_t count, room;
};

struct resolver_options resolver_options_of(const struct config *config, struct arena *arena)
{
	const struct config_words *words = &config->dns.servers;
	const char *root_key = words->count == 0 && access(RESOLVER_ROOT_KEY, R_OK) == 0 ? RESOLVER_ROOT_KEY : NULL;
	struct str *servers = ARENA_ARRAY(arena, words->count, struct str);
	for (unsigned i = 0; i < words->count; i++)
		servers[i] = str_from(words->items[i]);
	return (struct resolver_options){
		.dns = {
			.servers = servers,
			.servers_count = words->count,
			.trust_anchor_file = config->dns.trust_anchor ? config->dns.trust_anchor : root_key,
			.txt_records_max = (unsigned)config->limits.dns_txt_records,
			.txt_bytes_max = (unsigned)config->limits.dns_txt_bytes,
			.cnames_max = (unsigned)config->limits.dns_cname_chain,
			.ttl_min_secs = (unsigned)config->limits.dns_ttl_min_secs,
			.ttl_max_secs = (unsigned)config->limits.dns_ttl_max_secs,
			.query_msecs = (int)config->limits.dns_query_secs * 1000,
			.job_msecs = (int)config->limits.dns_mail_secs * 1000,
		},
		.queries_max = (unsigned)config->limits.dns_queries,
		.jobs_max = (unsigned)config->limits.dns_in_flight,
		.rate = (unsigned)config->limits.dns_rate,
		.zone_rate = (unsigned)config->limits.dns_zone_rate,
		.require_confinement = config->require_confinement,
	};
}

/* False: the parent is gone. */
static bool take_job(struct serving *serving, int control)
{
	char mark;
	int fds[JOB_FDS];
	if (job_receive(control, &mark, sizeof(mark), fds) != 1 || fds[0] < 0)
		return false;
	serving->jobs[serving->count++] = (struct job){.socket = fds[0], .begun_msecs = clock_monotonic_msecs(),
		.left = serving->options->queries_max};
	return true;
}

/* False: the job is over. */
static bool read_question(struct serving *serving, struct job *job)
{
	struct dns_question *question = &job->question;
	if (!dns_relay_read(job->socket, question, job->text))
		return false;
	if (job->left == 0) {
		struct dns_answer answer = {.name = question->name, .type = question->type};
		dns_answer_fail(&answer, DNS_TIMEOUT, STR("the budget of DNS questions is used up"));
		return dns_relay_answer(job->socket, question->number, &answer);
	}
	int64_t end_msecs = job->begun_msecs + serving->options->dns.job_msecs;
	job->turn_msecs = pace_take(&serving->pace, question->name, question->type, clock_monotonic_msecs());
	if (job->turn_msecs > end_msecs)
		job->turn_msecs = end_msecs;
	job->waits = true;
	return true;
}

static void ask(struct serving *serving, struct job *job)
{
	job->pending = dns_unbound_ask(serving->unbound, job->question.name, job->question.type, job->begun_msecs);
	job->waits = false;
}

static bool answer_question(struct serving *serving, struct job *job)
{
	struct dns_answer answer;
	arena_reset(serving->scratch);
	unsigned asked = dns_pending_take(&job->pending, serving->scratch, &answer);
	job->left -= asked < job->left ? asked : job->left;
	if (serving->options->answers)
		atomic_fetch_add(&serving->options->answers->by_status[answer.status], 1);
	pace_answered(&serving->pace, &answer, asked, clock_monotonic_msecs());
	return dns_relay_answer(job->socket, job->question.number, &answer);
}

static void end_job(struct serving *serving, struct job *job)
{
	struct dns_answer answer;
	arena_reset(serving->scratch);
	if (job->pending)
		(void)dns_pending_take(&job->pending, serving->scratch, &answer);
	(void)close(job->socket);
	*job = serving->jobs[--serving->count];
	job->question.name.ptr = job->text;
}

/* Whoever hangs up, or asks while its question is on the way, has ended its job. */
static void serve_job(struct serving *serving, struct job *job, bool ready)
{
	bool goes_on = !ready || (!job->pending && !job->waits && read_question(serving, job));
	int64_t now_msecs = clock_monotonic_msecs();
	if (goes_on && job->waits && now_msecs >= job->turn_msecs)
		ask(serving, job);
	if (goes_on && job->pending && dns_pending_over(job->pending, now_msecs))
		goes_on = answer_question(serving, job);
	if (!goes_on)
		end_job(serving, job);
}

/* Milliseconds until the first question has its turn or is given up; -1: there is none. */
static int time_left(const struct serving *serving)
{
	int64_t now_msecs = clock_monotonic_msecs(), first = INT64_MAX;
	for (size_t i = 0; i < serving->count; i++) {
		const struct job *job = &serving->jobs[i];
		int64_t next = job->waits ? job->turn_msecs : job->pending ? dns_pending_end_msecs(job->pending) :
			INT64_MAX;
		first = next < first ? next : first;
	}
	return first == INT64_MAX ? -1 : first > now_msecs ? (int)(first - now_msecs) : 0;
}

/* Until the parent is gone. */
static void serve(struct serving *serving, int control)
{
	for (;;) {
		struct pollfd wanted[RESOLVER_JOBS_MAX + 2];
		size_t count = serving->count;
		for (size_t i = 0; i < count; i++)
			wanted[i] = (struct pollfd){.fd = serving->jobs[i].socket, .events = POLLIN};
		wanted[count] = (struct pollfd){.fd = dns_unbound_fd(serving->unbound), .events = POLLIN};
		wanted[count + 1] = (struct pollfd){.fd = count < serving->room ? control : -1, .events = POLLIN};
		if (poll(wanted, count + 2, time_left(serving)) < 0) {
			if (errno != EINTR)
				return;
			continue;
		}
		if (wanted[count].revents && !dns_unbound_process(serving->unbound))
			return;
		/* From the back: what takes the place of a job that ended was looked at already. */
		for (size_t i = count; i-- > 0;)
			serve_job(serving, &serving->jobs[i], wanted[i].revents != 0);
		if (wanted[count + 1].revents && !take_job(serving, control))
			return;
	}
}

/* Nothing of the terminal but stderr. */
static void let_go_of_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(1);
	(void)close(null);
}

static _Noreturn void child(const struct resolver_options *options, int control, pid_t parent)
{
	const struct dns_unbound_options *dns = &options->dns;
	struct serving serving = {
		.options = options,
		.pace = {
			.rate = options->rate,
			.zone_rate = options->zone_rate,
			.ttl_min_secs = dns->ttl_min_secs ? dns->ttl_min_secs : DNS_TTL_MIN_SECS,
			.ttl_max_secs = dns->ttl_max_secs ? dns->ttl_max_secs : DNS_TTL_MAX_SECS,
		},
		.room = options->jobs_max ? options->jobs_max : RESOLVER_JOBS,
	};
	struct hello hello = {.code = ERR_OK};
	struct error error = {0};
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(0);
	spawn_reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "dmarcd-resolver");
	spawn_close_others(&control, 1);
	let_go_of_terminal();
	hello.code = dns_unbound_open(&options->dns, &serving.unbound, &error);
	if (hello.code == ERR_OK) {
		hello.confined = confine_resolver();
		serving.scratch = arena_open(SCRATCH_BYTES);
	}
	(void)memcpy(hello.text, error.text, sizeof(hello.text));
	if (job_send(control, &hello, sizeof(hello), NULL) && hello.code == ERR_OK)
		serve(&serving, control);
	_exit(0);
}

static bool wait_readable(int socket, int64_t deadline_msecs)
{
	struct pollfd wanted = {.fd = socket, .events = POLLIN};
	for (;;) {
		int64_t left = deadline_msecs - clock_monotonic_msecs();
		int count = poll(&wanted, 1, left > 0 ? (int)left : 0);
		if (count >= 0 || errno != EINTR)
			return count > 0;
	}
}

static enum err wait_for_hello(struct resolver *resolver, const struct resolver_options *options,
	struct error *error)
{
	struct hello hello;
	char text[CONFINE_TEXT_BYTES];
	if (!wait_readable(resolver->control, clock_monotonic_msecs() + START_MSECS) ||
		job_receive(resolver->control, &hello, sizeof(hello), NULL) != 1)
		return error_set(error, ERR_TEMP, "the resolver did not start");
	if (hello.code != ERR_OK)
		return error_set(error, (enum err)hello.code, "%.*s", (int)sizeof(hello.text) - 1, hello.text);
	resolver->confined = hello.confined;
	if (options->require_confinement && hello.confined != CONFINE_ALL)
		return error_set(error, ERR_PERM, "the resolver cannot be confined fully here: %s",
			confine_text(hello.confined, text));
	return ERR_OK;
}

enum err resolver_start(const struct resolver_options *options, struct resolver *resolver_r, struct error *error)
{
	int ends[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(error, ERR_TEMP, errno, "no socket for the resolver");
	struct resolver resolver = {.control = ends[0], .pid = fork()};
	if (resolver.pid == 0)
		child(options, ends[1], parent);
	int fork_errno = errno;
	(void)close(ends[1]);
	if (resolver.pid < 0) {
		(void)close(ends[0]);
		return error_errno(error, ERR_TEMP, fork_errno, "no process for the resolver");
	}
	enum err code = wait_for_hello(&resolver, options, error);
	if (code != ERR_OK)
		resolver_stop(&resolver);
	else
		*resolver_r = resolver;
	return code;
}

enum err resolver_job(const struct resolver *resolver, int *socket_r, struct error *error)
{
	const char mark = 'j';
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(error, ERR_TEMP, errno, "no socket for DNS");
	const int fds[JOB_FDS] = {ends[1], -1, -1};
	bool sent = job_send(resolver->control, &mark, sizeof(mark), fds);
	(void)close(ends[1]);
	if (!sent) {
		(void)close(ends[0]);
		return error_set(error, ERR_TEMP, "the resolver is gone");
	}
	*socket_r = ends[0];
	return ERR_OK;
}

void resolver_stop(struct resolver *resolver)
{
	(void)close(resolver->control);
	(void)kill(resolver->pid, SIGKILL);
	while (waitpid(resolver->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*resolver = (struct resolver){.control = -1};
}
