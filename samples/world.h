// SPDX-License-Identifier: Apache-2.0
/*
 * The little world that the samples tell of: a few domains, everything that
 * sends as them (own machines, a half set up service, forwarders, a forger)
 * and the receivers that report on it. Names and addresses are those reserved
 * for documentation, except that reports imitate known reporters by name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- domains ---- */

enum world_domain_id { DOMAIN_COM, DOMAIN_CO_JP, DOMAIN_NEWS, DOMAIN_SHOP, DOMAIN_PARKED };

struct world_domain {
	const char *name;
	const char *p;             /* published policy at the start */
	const char *p_later;       /* and from change_permille of the period on */
	unsigned change_permille;
	const char *sp;
	const char *rua;           /* where reports go */
};

/* ---- what sends ---- */

enum spf_kind {
	SPF_ALIGNED,  /* passes for the header From domain */
	SPF_SERVICE,  /* passes for the sender's own domain: not aligned */
	SPF_FAILS,    /* -all */
	SPF_SOFTFAILS,
	SPF_NO_RECORD,
};

enum dkim_kind {
	DKIM_ALIGNED,
	DKIM_SERVICE, /* the service's own signature only: not aligned */
	DKIM_BOTH,    /* ours and the service's */
	DKIM_BROKEN,  /* ours, damaged on the way */
	DKIM_UNSIGNED,
};

/* Why a receiver did not follow the policy. */
enum override_kind { OVERRIDE_NONE, OVERRIDE_LIST, OVERRIDE_ARC, OVERRIDE_FORWARD };

struct world_outcome {
	unsigned permille; /* of this source's mail; 0 ends the list */
	enum spf_kind spf;
	enum dkim_kind dkim;
	enum override_kind override;
};

#define WORLD_OUTCOMES_MAX 4

struct world_source {
	const char *name;
	const char *prefix; /* addresses are prefix + number */
	unsigned first;
	unsigned count;
	enum world_domain_id domain;
	const char *header_from;
	unsigned per_day;             /* messages on a weekday, all receivers together */
	unsigned weekend_permille;
	unsigned from_permille;       /* active part of the period */
	unsigned until_permille;
	unsigned spike;               /* that many times more on the forger's day; 0: never */
	const char *envelope_domain;  /* of MAIL FROM; NULL: header_from */
	const char *service_domain;   /* d= of the service's signature */
	const char *selector;
	struct world_outcome outcomes[WORLD_OUTCOMES_MAX];
};

/* ---- who reports ---- */

/* Habits of a reporter's XML. */
enum xml_habit {
	XML_RFC9990 = 1 << 0,       /* namespace, new elements, disposition pass */
	XML_VERSION = 1 << 1,
	XML_ONE_LINE = 1 << 2,
	XML_ENVELOPE_FROM = 1 << 3,
	XML_ENVELOPE_TO = 1 << 4,
	XML_SPF_SCOPE = 1 << 5,
	XML_NP = 1 << 6,            /* np without a namespace */
	XML_FO = 1 << 7,
	XML_SP_EMPTY = 1 << 8,
	XML_NO_SP = 1 << 9,
	XML_XSD_ATTRIBUTES = 1 << 10,
	XML_HUMAN_RESULT = 1 << 11,
	XML_BOM = 1 << 12,
	XML_NO_SELECTOR = 1 << 13,
};

enum report_id_style { ID_DECIMAL, ID_TIME, ID_HEX, ID_MAILRU, ID_APPLIANCE, ID_DOMAIN_TIME, ID_ADDRESS };

enum carrier {
	CARRIER_ZIP_BODY,  /* the attachment is the whole mail */
	CARRIER_GZIP_BODY,
	CARRIER_ZIP,       /* multipart/mixed with a text part before it */
	CARRIER_GZIP,
	CARRIER_GZIP_OCTETS, /* application/octet-stream, name .xml.gz */
	CARRIER_XML,       /* not compressed */
};

enum subject_style { SUBJECT_PLAIN, SUBJECT_BRACKETS, SUBJECT_RFC9990, SUBJECT_JAPANESE };

struct world_reporter {
	const char *submitter; /* its domain */
	const char *org_name;
	const char *email;
	const char *from;      /* From: of its mail */
	const char *contact;   /* extra_contact_info; NULL: none */
	const char *recipient_domain; /* envelope_to */
	enum subject_style subject;
	enum report_id_style id;
	enum carrier carrier;
	unsigned xml;          /* enum xml_habit, or-ed */
	unsigned share;        /* of a thousand messages, how many it receives */
	unsigned presence;     /* in how many of a thousand days it reports */
	unsigned domains;      /* bits of enum world_domain_id */
	unsigned begin_secs;   /* of the period, after midnight UTC */
	unsigned length_secs;
	unsigned delay_secs;   /* from the end of the period to the mail */
	int zone_minutes;      /* of its Date: */
};

/* Tables in a fixed order. */
const struct world_domain *world_domains(size_t *count_r);
const struct world_source *world_sources(size_t *count_r);
const struct world_reporter *world_reporters(size_t *count_r);
