// SPDX-License-Identifier: Apache-2.0
#include "model/report.h"

bool record_dmarc_pass(const struct aggregate_record *record)
{
	return record->dkim_aligned == ALIGNED_PASS || record->spf_aligned == ALIGNED_PASS;
}

const char *report_kind_text(enum report_kind kind)
{
	switch (kind) {
	case REPORT_AGGREGATE:
		return "aggregate";
	case REPORT_FAILURE:
		return "failure";
	case REPORT_TLSRPT:
		return "tlsrpt";
	}
	return "unknown";
}

const char *report_schema_text(enum report_schema schema)
{
	switch (schema) {
	case SCHEMA_RFC7489:
		return "rfc7489";
	case SCHEMA_RFC9990:
		return "rfc9990";
	case SCHEMA_DRAFT:
		return "draft";
	case SCHEMA_LENIENT:
		return "lenient";
	case SCHEMA_RFC6591:
		return "rfc6591";
	case SCHEMA_RFC8460:
		return "rfc8460";
	}
	return "unknown";
}

const char *disposition_text(enum disposition disposition)
{
	switch (disposition) {
	case DISPOSITION_UNKNOWN:
		return "unknown";
	case DISPOSITION_NONE:
		return "none";
	case DISPOSITION_PASS:
		return "pass";
	case DISPOSITION_QUARANTINE:
		return "quarantine";
	case DISPOSITION_REJECT:
		return "reject";
	}
	return "unknown";
}

const char *aligned_text(enum aligned aligned)
{
	switch (aligned) {
	case ALIGNED_UNKNOWN:
		return "unknown";
	case ALIGNED_PASS:
		return "pass";
	case ALIGNED_FAIL:
		return "fail";
	}
	return "unknown";
}

const char *auth_result_text(enum auth_result result)
{
	switch (result) {
	case AUTH_UNKNOWN:
		return "unknown";
	case AUTH_NONE:
		return "none";
	case AUTH_PASS:
		return "pass";
	case AUTH_FAIL:
		return "fail";
	case AUTH_SOFTFAIL:
		return "softfail";
	case AUTH_NEUTRAL:
		return "neutral";
	case AUTH_TEMPERROR:
		return "temperror";
	case AUTH_PERMERROR:
		return "permerror";
	case AUTH_POLICY:
		return "policy";
	case AUTH_DECLINED:
		return "declined";
	case AUTH_SKIPPED:
		return "skipped";
	}
	return "unknown";
}

const char *override_type_text(enum override_type type)
{
	switch (type) {
	case OVERRIDE_UNKNOWN:
		return "unknown";
	case OVERRIDE_FORWARDED:
		return "forwarded";
	case OVERRIDE_SAMPLED_OUT:
		return "sampled_out";
	case OVERRIDE_TRUSTED_FORWARDER:
		return "trusted_forwarder";
	case OVERRIDE_MAILING_LIST:
		return "mailing_list";
	case OVERRIDE_LOCAL_POLICY:
		return "local_policy";
	case OVERRIDE_POLICY_TEST_MODE:
		return "policy_test_mode";
	case OVERRIDE_OTHER:
		return "other";
	}
	return "unknown";
}

const char *spf_scope_text(enum spf_scope scope)
{
	switch (scope) {
	case SPF_SCOPE_NONE:
		return "";
	case SPF_SCOPE_MFROM:
		return "mfrom";
	case SPF_SCOPE_HELO:
		return "helo";
	case SPF_SCOPE_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}
