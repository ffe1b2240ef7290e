// SPDX-License-Identifier: Apache-2.0
#include "samples/tlsrpt.h"

#include "model/json.h"
#include "samples/mime.h"
#include "samples/pack.h"

#include <stdio.h>

struct reporter {
	const char *submitter;
	const char *organization;
	const char *contact;
	const char *from;
	unsigned presence;
	unsigned sessions; /* on a usual day */
	unsigned failing_days; /* permille */
	bool tlsa_too; /* reports a second policy, of type tlsa */
};

static const struct reporter reporters[] = {
	{"google.com", "Google Inc.", "smtp-tls-reporting@google.com",
		"noreply-smtp-tls-reporting@google.com", 950, 320, 0, false},
	{"microsoft.com", "Microsoft Corporation", "tlsrpt-noreply@microsoft.com",
		"tlsrpt-noreply@microsoft.com", 450, 90, 250, true},
};

struct failure {
	const char *result_type;
	const char *sending_ip;
	const char *mx;
	unsigned sessions;
};

static void write_policy(struct json *json, const char *type, const char *domain,
	const char *const *strings, unsigned sessions, const struct failure *failure)
{
	json_object(json);
	json_key(json, "policy");
	json_object(json);
	json_key_value_cstr(json, "policy-type", type);
	json_key(json, "policy-string");
	json_array(json);
	for (; *strings; strings++)
		json_cstr(json, *strings);
	json_array_end(json);
	json_key_value_cstr(json, "policy-domain", domain);
	json_key(json, "mx-host");
	json_array(json);
	json_cstr(json, "mx.example.com");
	json_array_end(json);
	json_object_end(json);
	json_key(json, "summary");
	json_object(json);
	json_key_value_u64(json, "total-successful-session-count", sessions);
	json_key_value_u64(json, "total-failure-session-count", failure ? failure->sessions : 0);
	json_object_end(json);
	if (failure) {
		json_key(json, "failure-details");
		json_array(json);
		json_object(json);
		json_key_value_cstr(json, "result-type", failure->result_type);
		json_key_value_cstr(json, "sending-mta-ip", failure->sending_ip);
		json_key_value_cstr(json, "receiving-mx-hostname", failure->mx);
		json_key_value_u64(json, "failed-session-count", failure->sessions);
		json_object_end(json);
		json_array_end(json);
	}
	json_object_end(json);
}

static void write_report(struct buf *out, const struct reporter *who, const char *domain,
	int64_t begin, const char *id, struct rng *rng)
{
	static const char *const sts[] = {"version: STSv1", "mode: enforce", "mx: mx.example.com",
		"max_age: 604800", NULL};
	static const char *const tlsa[] = {"3 1 1 "
		"0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6", NULL};
	char text[TIME_TEXT_BYTES];
	struct failure failure = {"certificate-expired", "198.51.100.201", "mx.example.com",
		rng_between(rng, 1, 9)};
	bool failing = rng_chance(rng, who->failing_days);
	struct json json;
	json_init(&json, out);
	json_object(&json);
	json_key_value_cstr(&json, "organization-name", who->organization);
	json_key(&json, "date-range");
	json_object(&json);
	json_key_value_cstr(&json, "start-datetime", time_format(begin, text));
	json_key_value_cstr(&json, "end-datetime", time_format(begin + 86399, text));
	json_object_end(&json);
	json_key_value_cstr(&json, "contact-info", who->contact);
	json_key_value_cstr(&json, "report-id", id);
	json_key(&json, "policies");
	json_array(&json);
	write_policy(&json, "sts", domain, sts, who->sessions * rng_between(rng, 60, 140) / 100,
		failing ? &failure : NULL);
	if (who->tlsa_too)
		write_policy(&json, "tlsa", domain, tlsa, rng_between(rng, 1, 40), NULL);
	json_array_end(&json);
	json_object_end(&json);
}

static void deliver_one(struct kit *kit, const struct reporter *who, const char *domain,
	int64_t begin, struct rng *rng)
{
	char id[96], name[160], boundary[MIME_BOUNDARY_BYTES], start[TIME_TEXT_BYTES];
	char subject[256], message_id[96], extra[320];
	int64_t date = begin + 86400 + 30000 + rng_below(rng, 9000);
	struct buf json, packed, out;
	buf_init(&json, SIZE_MAX);
	buf_init(&packed, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	snprintf(id, sizeof(id), "%s_%s", time_format(begin, start), domain);
	write_report(&json, who, domain, begin, id, rng);
	pack_gzip(&packed, buf_str(&json), NULL);
	snprintf(name, sizeof(name), "%s!%s!%lld!%lld!001.json.gz", who->submitter, domain,
		(long long)begin, (long long)begin + 86399);
	snprintf(subject, sizeof(subject), "Report Domain: %s Submitter: %s\n Report-ID: <%s@%s>",
		domain, who->submitter, id, who->submitter);
	snprintf(message_id, sizeof(message_id), "%016llx.tls@%s",
		(unsigned long long)rng_next(rng), who->submitter);
	mime_boundary(message_id, boundary);
	snprintf(extra, sizeof(extra), "TLS-Report-Domain: %s\nTLS-Report-Submitter: %s\n"
		"Content-Type: multipart/report; report-type=tlsrpt;\n\tboundary=\"%s\"\n", domain,
		who->submitter, boundary);
	mime_add_head(&out, &(struct mime_head){
		.from = who->from,
		.to = "tls-reports@example.com",
		.subject = subject,
		.message_id = message_id,
		.date = date,
		.zone_minutes = -480,
		.extra = extra,
	});
	buf_add_char(&out, '\n');
	mime_add_multipart(&out, boundary, &(struct mime_part){
		.type = "text/plain; charset=UTF-8",
		.bytes = STR("This is an aggregate TLS report.\n"),
	});
	mime_add_multipart(&out, boundary, &(struct mime_part){
		.type = "application/tlsrpt+gzip",
		.name = name,
		.bytes = buf_str(&packed),
		.base64 = true,
	});
	mime_end_multipart(&out, boundary);
	kit_deliver(kit, &(struct sample_mail){
		.bytes = buf_str(&out),
		.date = date,
		.host = "mx.example.com",
		.code = "",
		.kind = SAMPLE_TLSRPT,
	});
	buf_fini(&out);
	buf_fini(&packed);
	buf_fini(&json);
}

void tlsrpt_day(struct kit *kit, unsigned day)
{
	static const char *const domains[] = {"example.com", "example.co.jp"};
	for (unsigned i = 0; i < sizeof(reporters) / sizeof(reporters[0]); i++) {
		struct rng rng = rng_stream(kit->seed, 0x746c73, i,
			(uint64_t)kit_day(kit, day).number);
		if (!rng_chance(&rng, reporters[i].presence))
			continue;
		deliver_one(kit, &reporters[i], domains[rng_chance(&rng, 300)],
			day_begin_epoch_secs(kit_day(kit, day)), &rng);
	}
}
