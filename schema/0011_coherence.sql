-- SPDX-License-Identifier: Apache-2.0
-- Where reports contradict themselves (doc/coherence.md). NULL: nowhere, or stored before this was looked for.

ALTER TABLE dmarcd.record ADD COLUMN contradictions text[];
ALTER TABLE dmarcd.record ADD COLUMN coherence_notes text[]; -- why others were taken back
ALTER TABLE dmarcd.report ADD COLUMN contradictions text[]; -- of the report as a whole
CREATE INDEX record_contradictory ON dmarcd.record (policy_domain, day) WHERE contradictions IS NOT NULL;

ALTER TABLE dmarcd.daily_reporter ADD COLUMN contradictory bigint NOT NULL DEFAULT 0; -- of records
ALTER TABLE dmarcd.daily_reporter ALTER COLUMN contradictory DROP DEFAULT;

-- As before, and whether a record contradicts itself.
DROP FUNCTION dmarcd.shares(text, date, uuid);
CREATE FUNCTION dmarcd.shares(of_domain text, of_day date, of_report uuid)
RETURNS TABLE (day date, part integer, estimated boolean, reporter text, source text, header_from text,
	spf_aligned text, dkim_aligned text, disposition text, messages bigint, contradictory boolean)
LANGUAGE sql STABLE AS $$
	SELECT of_day + d.n, d.n, s.estimated, s.reporter, coalesce(host(r.source_ip), ''),
		coalesce(r.header_from, ''), r.spf_aligned, r.dkim_aligned, r.disposition,
		r.messages / s.days + CASE WHEN d.n = 0 THEN r.messages % s.days ELSE 0 END, r.contradictory
	FROM (SELECT w.end_at - w.begin_at > interval '26 hours' AS estimated,
			dmarcd.reporter_of(w.org_name, w.email) AS reporter,
			CASE WHEN w.end_at - w.begin_at > interval '26 hours'
			THEN least(((w.end_at - interval '1 second') AT TIME ZONE 'UTC')::date - w.day + 1, 4000,
				greatest(1500000 / greatest(w.records, 1), 1))::integer ELSE 1 END AS days
		FROM dmarcd.report w
		WHERE w.policy_domain = of_domain AND w.day = of_day AND w.report_key = of_report
			AND w.kind = 'aggregate' OFFSET 0) AS s
	CROSS JOIN LATERAL (SELECT t.source_ip, t.header_from, t.spf_aligned, t.dkim_aligned, t.disposition,
			t.messages, t.contradictions IS NOT NULL AS contradictory FROM dmarcd.record t
		WHERE t.policy_domain = of_domain AND t.day = of_day AND t.report_key = of_report OFFSET 0) AS r
	CROSS JOIN LATERAL generate_series(0, CASE WHEN r.messages < s.days THEN 0 ELSE s.days - 1 END) AS d(n)
$$;
REVOKE ALL ON FUNCTION dmarcd.shares(text, date, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dmarcd.shares(text, date, uuid) TO dmarcd_ingest;

-- ---- views ----

CREATE OR REPLACE VIEW dmarcd_api.report AS
SELECT r.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, r.kind, r.org_name, r.email, r.report_id,
	r.policy_domain, r.begin_at, r.end_at, r.schema, r.records, r.messages, r.dmarc_pass, r.provenance,
	r.conflict, r.issues, r.day, r.contact, r.member, r.version, r.generator, r.errors, r.policy,
	r.stored_at, r.report_no, dmarcd.reporter_of(r.org_name, r.email) AS reporter,
	r.provenance_domain, r.provenance_reasons, encode(r.provenance_mail, 'hex') AS provenance_mail, r.judged_at,
	r.contradictions
FROM dmarcd.report r;

CREATE OR REPLACE VIEW dmarcd_api.record AS
SELECT report_key, row_no, day, source_ip, messages, disposition, spf_aligned = 'pass' AS spf_aligned,
	dkim_aligned = 'pass' AS dkim_aligned,
	(spf_aligned = 'pass' OR dkim_aligned = 'pass') AS dmarc_pass, header_from, envelope_from,
	policy_domain, envelope_to, source_raw, disposition_raw,
	coalesce(spf_aligned_raw, spf_aligned) AS spf_evaluated,
	coalesce(dkim_aligned_raw, dkim_aligned) AS dkim_evaluated,
	coalesce(reasons, '[]'::jsonb) AS reasons, coalesce(dkim, '[]'::jsonb) AS dkim,
	coalesce(spf, '[]'::jsonb) AS spf, coalesce(contradictions, '{}') AS contradictions,
	coalesce(coherence_notes, '{}') AS coherence_notes
FROM dmarcd.record WHERE counted;

CREATE OR REPLACE VIEW dmarcd_api.reporters AS
SELECT reporter, policy_domain, day, messages, dmarc_pass, records, reports, provenance, contradictory
FROM dmarcd.daily_reporter WHERE messages <> 0 OR records <> 0 OR reports <> 0;

CREATE VIEW dmarcd_api.contradiction AS
SELECT r.report_key, r.row_no, r.day, r.policy_domain, dmarcd.reporter_of(p.org_name, p.email) AS reporter, c.code,
	r.messages::numeric AS messages, r.source_ip, r.header_from, r.disposition,
	coalesce(r.spf_aligned_raw, r.spf_aligned) AS spf_evaluated,
	coalesce(r.dkim_aligned_raw, r.dkim_aligned) AS dkim_evaluated
FROM dmarcd.record r
JOIN dmarcd.report p ON p.policy_domain = r.policy_domain AND p.day = r.day AND p.report_key = r.report_key
CROSS JOIN LATERAL unnest(r.contradictions) AS c(code)
WHERE r.counted AND r.contradictions IS NOT NULL
UNION ALL
SELECT p.report_key, NULL, p.day, p.policy_domain, dmarcd.reporter_of(p.org_name, p.email), c.code, p.messages,
	NULL, NULL, NULL, NULL, NULL
FROM dmarcd.report p CROSS JOIN LATERAL unnest(p.contradictions) AS c(code)
WHERE NOT p.conflict;
COMMENT ON VIEW dmarcd_api.contradiction IS 'one row a code: where a report that counts contradicts itself';

CREATE VIEW dmarcd_api.reporter_coherence AS
SELECT s.reporter, s.policy_domain, s.day, s.reports, s.records, s.contradictory, s.messages,
	(SELECT jsonb_object_agg(n.code, n.records) FROM (SELECT c.code, count(*) AS records
		FROM dmarcd_api.contradiction c WHERE c.policy_domain = s.policy_domain AND c.day = s.day
			AND c.reporter = s.reporter GROUP BY c.code) AS n) AS codes
FROM (SELECT reporter, policy_domain, day, sum(reports)::bigint AS reports, sum(records)::bigint AS records,
		sum(contradictory)::bigint AS contradictory, sum(messages) AS messages
	FROM dmarcd.daily_reporter GROUP BY reporter, policy_domain, day
	HAVING sum(reports) <> 0 OR sum(records) <> 0) AS s;
COMMENT ON VIEW dmarcd_api.reporter_coherence IS 'records of a reporter a day and domain, and those that contradict themselves';

-- The comment of an ARC result (RFC 8617 section 7.2.2): arc=fail as[2].d=b.example as[2].s=s2 as[1].d=…
CREATE VIEW dmarcd_api.override AS
SELECT r.report_key, r.row_no, r.day, r.policy_domain, r.messages, o.no::integer AS reason_no,
	o.reason ->> 'type' AS type, o.reason ->> 'type_raw' AS type_raw, o.reason ->> 'comment' AS comment,
	lower(substring(o.reason ->> 'comment' FROM '(?i)\marc\s*=\s*([a-z]+)')) AS arc_result,
	ARRAY(SELECT lower(rtrim(m[2], '.')) FROM regexp_matches(o.reason ->> 'comment',
		'(?i)\mas\[0*([0-9]{1,3})\]\.d\s*=\s*([^\s;,]+)', 'g') AS m ORDER BY m[1]::integer) AS arc_sealers,
	ARRAY(SELECT m[2] FROM regexp_matches(o.reason ->> 'comment',
		'(?i)\mas\[0*([0-9]{1,3})\]\.s\s*=\s*([^\s;,]+)', 'g') AS m ORDER BY m[1]::integer) AS arc_selectors
FROM dmarcd.record r CROSS JOIN LATERAL jsonb_array_elements(r.reasons) WITH ORDINALITY AS o(reason, no)
WHERE r.counted AND r.reasons IS NOT NULL;
COMMENT ON VIEW dmarcd_api.override IS 'one row a reason why a policy was not applied, its ARC result with the sealers';

GRANT SELECT ON dmarcd_api.contradiction, dmarcd_api.reporter_coherence, dmarcd_api.override
	TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
