-- SPDX-License-Identifier: Apache-2.0
-- The views that people, pages and scripts read. They outlive changes of the
-- tables; doc/sql.md explains each column.

CREATE SCHEMA dmarcd_api;
COMMENT ON SCHEMA dmarcd_api IS 'documented views; readable by role dmarcd_read';

CREATE VIEW dmarcd_api.mail AS
SELECT encode(m.sha256, 'hex') AS sha256, m.file, m.outcome, m.code, m.reason,
	coalesce((SELECT sum(r.issues) FROM dmarcd.report r WHERE r.mail_sha256 = m.sha256), 0)::bigint AS issues,
	m.copies, m.taken_at, m.bytes, m.head_from, m.head_subject, m.head_message_id, m.head_date_at,
	EXISTS (SELECT FROM dmarcd.original o WHERE o.sha256 = m.sha256) AS has_original
FROM dmarcd.mail m;
COMMENT ON VIEW dmarcd_api.mail IS 'one row a mail or file, by the SHA-256 of its bytes; mails taken in = rows + copies';

CREATE VIEW dmarcd_api.balance AS
SELECT coalesce(sum(n), 0)::bigint AS mails,
	coalesce(sum(n) FILTER (WHERE outcome = 'stored'), 0)::bigint AS stored,
	coalesce(sum(n) FILTER (WHERE outcome = 'duplicate'), 0)::bigint AS duplicate,
	coalesce(sum(n) FILTER (WHERE outcome = 'not_a_report'), 0)::bigint AS not_a_report,
	coalesce(sum(n) FILTER (WHERE outcome = 'quarantined'), 0)::bigint AS quarantined
FROM (SELECT outcome, count(*) AS n FROM dmarcd.mail GROUP BY outcome
	UNION ALL SELECT 'duplicate', sum(copies) FROM dmarcd.mail) AS parts;
COMMENT ON VIEW dmarcd_api.balance IS 'every mail taken in, by its one outcome; further copies count as duplicates';

CREATE VIEW dmarcd_api.report AS
SELECT r.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, r.kind, r.org_name, r.email, r.report_id,
	r.policy_domain, r.begin_at, r.end_at, r.schema, r.records, r.messages, r.dmarc_pass, r.provenance,
	r.conflict, r.issues, r.day, r.contact, r.member, r.version, r.generator, r.errors, r.policy,
	r.stored_at, r.report_no, dmarcd.reporter_of(r.org_name, r.email) AS reporter
FROM dmarcd.report r;
COMMENT ON VIEW dmarcd_api.report IS 'one row a report, those in conflict too';

CREATE VIEW dmarcd_api.issue AS
SELECT report_key, policy_domain, day, code, detail, count FROM dmarcd.issue;
COMMENT ON VIEW dmarcd_api.issue IS 'what was read tolerantly, by its stable code (doc/issues.md)';

CREATE VIEW dmarcd_api.record AS
SELECT report_key, row_no, day, source_ip, messages, disposition, spf_aligned = 'pass' AS spf_aligned,
	dkim_aligned = 'pass' AS dkim_aligned,
	(spf_aligned = 'pass' OR dkim_aligned = 'pass') AS dmarc_pass, header_from, envelope_from,
	policy_domain, envelope_to, source_raw, disposition_raw,
	coalesce(spf_aligned_raw, spf_aligned) AS spf_evaluated,
	coalesce(dkim_aligned_raw, dkim_aligned) AS dkim_evaluated,
	coalesce(reasons, '[]'::jsonb) AS reasons, coalesce(dkim, '[]'::jsonb) AS dkim,
	coalesce(spf, '[]'::jsonb) AS spf
FROM dmarcd.record WHERE counted;
COMMENT ON VIEW dmarcd_api.record IS 'rows of aggregate reports that count: none of a report in conflict';

CREATE VIEW dmarcd_api.conflict_record AS
SELECT report_key, row_no, day, source_ip, messages, disposition, spf_aligned = 'pass' AS spf_aligned,
	dkim_aligned = 'pass' AS dkim_aligned, header_from, envelope_from, policy_domain
FROM dmarcd.record WHERE NOT counted;
COMMENT ON VIEW dmarcd_api.conflict_record IS 'rows of aggregate reports in conflict with one that counts';

CREATE VIEW dmarcd_api.failure AS
SELECT f.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, f.arrived_at, f.source_ip,
	nullif(f.policy_domain, '') AS reported_domain, f.fields ->> 'auth_failure' AS auth_failure,
	f.day, f.fields ->> 'feedback_type' AS feedback_type, f.fields ->> 'delivery_result' AS delivery_result,
	f.fields ->> 'identity_alignment' AS identity_alignment,
	f.fields ->> 'original_mail_from' AS original_mail_from,
	f.fields ->> 'original_rcpt_to' AS original_rcpt_to,
	f.fields ->> 'dkim_domain' AS dkim_domain, f.fields ->> 'dkim_selector' AS dkim_selector,
	f.fields ->> 'spf_dns' AS spf_dns,
	f.fields ->> 'authentication_results' AS authentication_results,
	f.fields ->> 'reporting_mta' AS reporting_mta, f.fields ->> 'user_agent' AS user_agent,
	f.fields ->> 'orig_from' AS orig_from, f.fields ->> 'orig_subject' AS orig_subject,
	f.fields ->> 'orig_message_id' AS orig_message_id,
	f.fields, f.sample_headers, f.sample_bytes, f.sample_has_body, r.schema, r.issues
FROM dmarcd.failure f JOIN dmarcd.report r USING (policy_domain, day, report_key);
COMMENT ON VIEW dmarcd_api.failure IS 'one row a failure report (ruf)';

CREATE VIEW dmarcd_api.tls AS
SELECT p.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, p.policy_domain, p.success, p.failure,
	p.day, p.row_no, p.policy_type, p.policy_strings, p.mx_hosts, r.org_name, r.report_id, r.begin_at,
	r.end_at, r.contact, r.schema, r.issues
FROM dmarcd.tls_policy p JOIN dmarcd.report r
	ON r.policy_domain = '' AND r.day = p.day AND r.report_key = p.report_key
WHERE p.counted;
COMMENT ON VIEW dmarcd_api.tls IS 'one row a policy of a TLS report (RFC 8460)';

CREATE VIEW dmarcd_api.tls_detail AS
SELECT report_key, row_no, detail_no, policy_domain, day, result_type, sending_mta_ip,
	receiving_mx_hostname, receiving_mx_helo, receiving_ip, failed_sessions, additional_information,
	failure_reason_code
FROM dmarcd.tls_detail;
COMMENT ON VIEW dmarcd_api.tls_detail IS 'failure details of TLS reports';

CREATE VIEW dmarcd_api.daily AS
SELECT day, policy_domain, header_from, spf_aligned = 'pass' AS spf_aligned,
	dkim_aligned = 'pass' AS dkim_aligned,
	(spf_aligned = 'pass' OR dkim_aligned = 'pass') AS dmarc_pass, disposition, provenance, estimated,
	sum(messages) AS messages, sum(records)::bigint AS records
FROM dmarcd.daily_cell
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
COMMENT ON VIEW dmarcd_api.daily IS 'messages a UTC day; the one definition of messages';

CREATE VIEW dmarcd_api.sources AS
SELECT nullif(source, '')::inet AS source_ip, policy_domain, day, messages, spf_aligned, dkim_aligned,
	dmarc_pass, rejected, quarantined, records
FROM dmarcd.daily_source;
COMMENT ON VIEW dmarcd_api.sources IS 'messages a day, policy domain and source address';

CREATE VIEW dmarcd_api.reporters AS
SELECT reporter, policy_domain, day, messages, dmarc_pass, records, reports FROM dmarcd.daily_reporter;
COMMENT ON VIEW dmarcd_api.reporters IS 'messages a day, policy domain and reporter';

-- The packed original of a mail: one at a time, by its hash.
CREATE FUNCTION dmarcd_api.original(wanted text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT packed FROM dmarcd.original WHERE sha256 = decode(wanted, 'hex')
$$;
COMMENT ON FUNCTION dmarcd_api.original(text) IS 'gzip of the bytes of a mail, by its SHA-256 in hex';

REVOKE ALL ON FUNCTION dmarcd_api.original(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA dmarcd_api TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
GRANT SELECT ON ALL TABLES IN SCHEMA dmarcd_api TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
GRANT EXECUTE ON FUNCTION dmarcd_api.original(text) TO dmarcd_web, dmarcd_ingest, dmarcd_monitor;

CREATE FUNCTION dmarcd_api.schema_version() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT max(number) FROM dmarcd.migration
$$;
COMMENT ON FUNCTION dmarcd_api.schema_version() IS 'number of the last migration applied';
