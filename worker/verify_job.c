// SPDX-License-Identifier: Apache-2.0
#include "worker/verify_job.h"

#include "dns/relay.h"
#include "dns/replay.h"
#include "dns/session.h"
#include "model/verdict_wire.h"
#include "model/verify_request.h"
#include "verifier/alignments.h"
#include "verifier/check.h"
#include "verifier/domain.h"
#include "verifier/survey.h"
#include "verifier/survey/advice.h"
#include "verifier/survey_bimi.h"
#include "verifier/survey_dkim.h"
#include "verifier/survey_spf.h"
#include "worker/verify_dig.h"

#include <errno.h>
#include <unistd.h>

#define RELAY_MSECS 1000 /* beyond the time of a whole mail, since other mails may be asked for first */

struct verification {
	struct verify verify;
	struct verify_request request;
	struct dns_session *session;
	struct verdict verdict;
};

static struct str read_all(struct arena *arena, int fd, uint64_t bytes)
{
	char *at = arena_alloc(arena, bytes + 1);
	size_t len = 0;
	while (len < bytes) {
		ssize_t got = pread(fd, at + len, bytes - len, (off_t)len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("a request that cannot be read");
		len += (size_t)got;
	}
	return (struct str){at, len};
}

/* Nobody to ask. */
static void no_answer(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	(void)dns, (void)arena, (void)name, (void)type;
	answer_r->status = DNS_TIMEOUT;
	answer_r->note = STR("no resolver");
}

/* False when the answers that were brought cannot be read: the verdict says why. */
static bool open_dns(struct verification *job, const struct verify_input *input)
{
	static struct dns nobody = {no_answer};
	struct arena *arena = job->verify.arena;
	struct dns *behind = &nobody;
	struct error error;
	if (job->request.replay.ptr && dns_replay_open(arena, job->request.replay_file, job->request.replay,
		&behind, &error) != ERR_OK) {
		job->verdict.refused = verify_text(arena, arena_str(arena, str_from(error.text)));
		return false;
	}
	if (!job->request.replay.ptr && input->dns_fd >= 0)
		behind = dns_relay_open(arena, input->dns_fd, (int)input->limits->dns_mail_secs * 1000 + RELAY_MSECS);
	job->session = dns_session_open(arena, behind, (unsigned)input->limits->dns_queries);
	job->verify.dns = dns_session_dns(job->session);
	return true;
}

static bool brings_tls_report(const struct verify_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		if (str_eq(claims->at[i].kind, STR("tlsrpt")))
			return true;
	return false;
}

static void check(struct verification *job)
{
	const struct verify_request *request = &job->request;
	struct psl *psl = psl_builtin_list();
	const struct check_request asked = {
		.hints = {
			.ip = request->ip,
			.helo = request->helo,
			.mail_from = request->mail_from,
			.trusted_hops = request->trusted_hops.at,
			.trusted_hops_count = request->trusted_hops.count,
			.authserv_ids = request->authserv_ids.at,
			.authserv_ids_count = request->authserv_ids.count,
		},
		.dmarc = {
			.method = request->psl ? DMARC_PSL : DMARC_TREEWALK,
			.psl = psl,
		},
		.bimi = {
			.evidence = request->evidence,
			.indicator = request->indicator,
			.roots = request->roots.at,
			.roots_count = request->roots.count,
		},
		.trusted_sealers = request->sealers.at,
		.trusted_sealers_count = request->sealers.count,
		.receiver = request->receiver,
		.reporter = request->has_reporter ? &request->reporter : NULL,
		.headers_only = request->headers_only,
		.claims = request->claims,
	};
	struct buf authres;
	/* x= is about the time when it was received. */
	if (request->has_reporter && request->reporter.arrived_epoch_secs > 0 &&
		request->reporter.arrived_epoch_secs < job->verify.now_epoch_secs)
		job->verify.now_epoch_secs = request->reporter.arrived_epoch_secs;
	job->verify.tls_report = brings_tls_report(&request->claims);
	check_message(&job->verify, request->message, &asked, &job->verdict);
	if (request->dig)
		verify_dig(&job->verify, request, &job->verdict);
	alignments_check(&job->verify, psl, request->pairs.at, request->pairs.count, &job->verdict);
	buf_init(&authres, VERDICT_BYTES_MAX);
	authres_write(&authres, request->authserv_id.ptr ? request->authserv_id : STR("localhost"), &job->verdict);
	job->verdict.authres = arena_str(job->verify.arena, buf_str(&authres));
	buf_fini(&authres);
	psl_close(&psl);
}

static void spf(struct verification *job)
{
	const struct spf_request asked = {
		.ip = job->request.ip,
		.helo = job->request.helo,
		.mail_from = job->request.mail_from,
		.receiver = job->request.receiver,
	};
	spf_check(&job->verify, &asked, VERDICT_ADD(job->verify.arena, &job->verdict.spf));
}

/* The operator says that no mail is sent as this domain, and DNS does not. */
static void advise_silence(struct verification *job, struct str name)
{
	survey_advise(&(struct survey){&job->verify, &job->verdict}, "warning", "dns.parked_open", name, "v=spf1 -all",
		"the configuration says that it sends no mail: let SPF, p=reject and a null MX say so");
}

static bool is_refused(struct verification *job, struct str given, const char *as, struct str *name_r)
{
	struct arena *arena = job->verify.arena;
	if (domain_to_ascii(arena, given, name_r))
		return false;
	job->verdict.refused = verify_text(arena, str_from(arena_printf(arena, "%.*s: not a %s", STR_FMT(given), as)));
	return true;
}

static void domain(struct verification *job)
{
	const struct verify *verify = &job->verify;
	const struct verify_list *given = &job->request.selectors;
	struct psl *psl = psl_builtin_list();
	const struct dmarc_options dmarc = {.method = job->request.psl ? DMARC_PSL : DMARC_TREEWALK, .psl = psl};
	struct str name, *selectors = ARENA_ARRAY(verify->arena, given->count, struct str);
	bool refused = is_refused(job, job->request.domain, "domain name", &name);
	for (size_t i = 0; i < given->count && !refused; i++)
		refused = is_refused(job, given->at[i], "selector", &selectors[i]);
	if (!refused) {
		survey_spf(verify, name, &job->verdict);
		survey_dkim(verify, name, selectors, given->count, &job->verdict);
		survey_dmarc(verify, &dmarc, name, &job->verdict);
		survey_bimi(verify, &dmarc, name, STR_NONE, &job->verdict);
		survey_mail(verify, name, &job->verdict);
		bool declared = job->request.sends_no_mail;
		if (survey_silent(verify, name, declared, &job->verdict) != MAYBE_YES && declared)
			advise_silence(job, name);
	}
	psl_close(&psl);
}

/* The steps, and the answers that they rest on. */
static void keep_trace(struct verification *job)
{
	struct buf answers;
	trace_keep(&job->verify, &job->verdict);
	buf_init(&answers, VERDICT_BYTES_MAX);
	if (job->session)
		dns_replay_add_session(&answers, job->session);
	job->verdict.answers = arena_str(job->verify.arena, buf_str(&answers));
	buf_fini(&answers);
}

struct verify_limits verify_job_limits(const struct limits *limits)
{
	return (struct verify_limits){
		.dkim_signatures = (unsigned)limits->dkim_signatures,
		.arc_sets = (unsigned)limits->arc_sets,
		.spf_lookups = (unsigned)limits->spf_lookups,
		.spf_void_lookups = (unsigned)limits->spf_void_lookups,
		.spf_names = (unsigned)limits->spf_names,
		.dmarc_walk = (unsigned)limits->dmarc_walk,
		.rsa_bits_min = (unsigned)limits->rsa_bits_min,
		.rsa_bits_max = (unsigned)limits->rsa_bits_max,
		.bimi_svg_bytes = limits->bimi_svg_bytes,
		.bimi_evidence_bytes = limits->bimi_evidence_bytes,
	};
}

void verify_job(const struct verify_input *input, struct wire_writer *writer)
{
	struct arena *arena = arena_open(input->limits->worker_bytes / 2);
	struct verification job = {.verify = {
		.arena = arena,
		.now_epoch_secs = input->now_epoch_secs,
		.limits = verify_job_limits(input->limits),
	}};
	if (!verify_request_get(read_all(arena, input->fd, input->bytes), arena, &job.request))
		die("not a request to verify");
	if (job.request.trace)
		job.verify.trace = trace_open(arena);
	if (open_dns(&job, input)) {
		void (*const what[])(struct verification *) = {
			[VERIFY_MESSAGE] = check, [VERIFY_SPF] = spf, [VERIFY_DOMAIN] = domain};
		what[job.request.what](&job);
	}
	keep_trace(&job);
	verdict_write(writer, &job.verdict);
	arena_close(&arena);
}
