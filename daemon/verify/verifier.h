// SPDX-License-Identifier: Apache-2.0
/*
 * What check, spf and domain share: their options about DNS, a confined
 * worker, and a resolver process unless the answers come from a file.
 */
#pragma once

#include "daemon/cli.h"
#include "model/verdict.h"
#include "model/verify_request.h"

/* As given on the command line; NULL: not given. */
struct verifier_options {
	const char *resolver; /* "ADDR[@PORT]" instead of dns.servers */
	const char *replay;   /* a file of answers instead of any resolver */
	const char *now;      /* seconds since 1970 */
	const char *method;   /* treewalk | psl */
};

/* The rows of a subcommand's table of options. */
#define VERIFIER_OPTIONS(o) \
	{"resolver", NULL, &(o)->resolver}, {"dns-replay", NULL, &(o)->replay}, {"now", NULL, &(o)->now}, \
		{"method", NULL, &(o)->method}
#define VERIFIER_HELP \
	"  --resolver ADDR[@PORT]  ask this name server, which should validate DNSSEC\n" \
	"  --dns-replay FILE       take all answers from FILE: \"OWNER TYPE RDATA\" a line\n" \
	"  --now EPOCH             judge as of this time (seconds since 1970)\n" \
	"  --method METHOD         treewalk (RFC 9989, the default) or psl (RFC 7489)\n"

struct verifier;

/* Reads the replay file and starts what is needed. EX_OK, or the status to end with, said on stderr. */
NODISCARD int verifier_open(struct cli *cli, const struct verifier_options *options, struct verifier **verifier_r);
void verifier_close(struct verifier **verifier);

/* Fills in what the options say and has it verified. EX_OK: *verdict_r lives until the next call. */
NODISCARD int verifier_ask(struct verifier *verifier, struct verify_request *request,
	const struct verdict **verdict_r);

/* A whole file ("-": stdin) up to max_bytes into a new buffer, which the caller ends by buf_fini() in any case. */
NODISCARD int verifier_read(const char *path, uint64_t max_bytes, struct buf *bytes_r);

/* "a,b" into a list in arena; NULL gives none. */
struct verify_list verifier_list(struct arena *arena, const char *text);

/* The words of --fail-on A,B; those of RFC 8601 for results. */
#define VERIFIER_RESULTS "none,neutral,pass,fail,softfail,policy,temperror,permerror"
#define VERIFIER_SEVERITIES "high,warning,info"
/* EX_USAGE, said on stderr, when one is none of words. NULL: not given. */
NODISCARD int verifier_fail_on_known(const char *fail_on, const char *words);
/* EX_OK, or 1 when word is among them. */
int verifier_fail_on(const char *fail_on, struct str word);
