// SPDX-License-Identifier: Apache-2.0
/*
 * Where the assertion record is: the selector at the Author Domain, then the
 * same selector at the Organizational Domain (draft -12: one that was named
 * does not fall back to the default).
 */
#pragma once

#include "verifier/bimi/record.h"
#include "verifier/verify.h"

struct bimi_discovery {
	enum auth_result result;  /* AUTH_PASS, AUTH_NONE, AUTH_FAIL, AUTH_TEMPERROR, AUTH_DECLINED */
	const char *reason;       /* unless passed: "record.none" "record.several" "record.temperror" "record.declined",
	                           * or that of bimi_record_parse() */
	struct str detail;
	struct str domain;        /* where it is; the Author Domain when there is none */
	struct str selector;      /* the one that it was found by */
	struct str text;
	struct bimi_record record;
};

/* local_part may be absent: then lps= is of no effect. */
void bimi_discover(const struct verify *verify, struct str author_domain, struct str org_domain, struct str selector,
	struct str local_part, struct bimi_discovery *discovery_r);
