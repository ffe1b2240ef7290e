-- SPDX-License-Identifier: Apache-2.0
-- Mails of the sample Maildirs as evidence: by which server, as which domain, with which verdict, on which day; and
-- the probes that came back.

CREATE INDEX sample_probe ON dmarcd.sample (probe) WHERE probe IS NOT NULL;

CREATE VIEW dmarcd_api.sample AS
SELECT encode(s.sha256, 'hex') AS sha256, s.maildir, s.file, s.bytes, s.arrived_at, s.day, s.taken_at, v.judged_at,
	s.problem, s.mta, s.found_by, s.domain, s.source_ip, s.helo, s.probe, v.spf, v.dkim, v.dmarc, v.arc,
	s.spf_aligned, s.dkim_aligned, s.authres_agrees, to_jsonb(s.authres_differs) AS authres_differs
FROM dmarcd.sample s LEFT JOIN dmarcd.verdict v ON v.sha256 = s.sha256 AND v.part = 0 AND v.kind = 'sample';
COMMENT ON VIEW dmarcd_api.sample IS 'a mail of the sample Maildirs';

CREATE VIEW dmarcd_api.evidence AS
SELECT s.mta, coalesce(s.domain, '') AS domain, s.day, count(*) AS samples, max(s.arrived_at) AS last_at,
	count(*) FILTER (WHERE s.spf_aligned) AS spf_aligned, count(*) FILTER (WHERE s.dkim_aligned) AS dkim_aligned,
	count(*) FILTER (WHERE v.spf = 'pass') AS spf_pass, count(*) FILTER (WHERE v.dkim = 'pass') AS dkim_pass,
	count(*) FILTER (WHERE v.dmarc = 'pass') AS dmarc_pass, count(*) FILTER (WHERE v.arc = 'pass') AS arc_pass,
	count(*) FILTER (WHERE s.found_by IS DISTINCT FROM 'ip') AS unconfirmed,
	count(*) FILTER (WHERE s.probe IS NOT NULL) AS probes,
	count(*) FILTER (WHERE s.authres_agrees > 0 AND s.authres_differs = '{}') AS authres_agrees,
	count(*) FILTER (WHERE s.authres_differs <> '{}') AS authres_differs,
	(array_agg(v.spf ORDER BY s.arrived_at DESC, s.sha256))[1] AS last_spf,
	(array_agg(v.dkim ORDER BY s.arrived_at DESC, s.sha256))[1] AS last_dkim,
	(array_agg(v.dmarc ORDER BY s.arrived_at DESC, s.sha256))[1] AS last_dmarc,
	(array_agg(v.arc ORDER BY s.arrived_at DESC, s.sha256))[1] AS last_arc,
	(array_agg(encode(s.sha256, 'hex') ORDER BY s.arrived_at DESC, s.sha256))[1] AS last_sha256
FROM dmarcd.sample s JOIN dmarcd.verdict v ON v.sha256 = s.sha256 AND v.part = 0 AND v.kind = 'sample'
GROUP BY s.mta, coalesce(s.domain, ''), s.day;
COMMENT ON VIEW dmarcd_api.evidence IS 'what samples show of a server, domain and day';

-- The copy that came through its server as its domain goes before those that did not, one from its address before one
-- that only has its name, the first before later ones.
CREATE VIEW dmarcd_api.probe AS
SELECT p.id, p.mta, p.domain, p.made_at,
	CASE WHEN c.sha256 IS NULL THEN CASE WHEN now() - p.made_at > interval '24 hours' THEN 'lost' ELSE 'waiting' END
	WHEN NOT c.own THEN 'elsewhere' WHEN c.found_by = 'ip' THEN 'returned' ELSE 'unconfirmed' END AS state,
	c.arrived_at AS seen_at, round(extract(epoch FROM c.arrived_at - p.made_at))::bigint AS took_secs,
	encode(c.sha256, 'hex') AS sample_sha256, coalesce(c.copies, 0) AS copies, c.mta AS seen_mta, c.found_by,
	c.domain AS seen_domain, c.source_ip, c.spf, c.dkim, c.dmarc, c.arc
FROM dmarcd.probe p LEFT JOIN LATERAL (
	SELECT s.*, v.spf, v.dkim, v.dmarc, v.arc, o.own, count(*) OVER () AS copies
	FROM dmarcd.sample s JOIN dmarcd.verdict v ON v.sha256 = s.sha256 AND v.part = 0 AND v.kind = 'sample'
	CROSS JOIN LATERAL (SELECT s.mta = p.mta AND coalesce(s.domain, '') = p.domain AS own) o
	WHERE s.probe = p.id ORDER BY o.own DESC, (s.found_by = 'ip') IS TRUE DESC, s.arrived_at, s.sha256 LIMIT 1) c
	ON true;
COMMENT ON VIEW dmarcd_api.probe IS 'a probe that was made, and how it came back';

GRANT SELECT ON dmarcd_api.sample, dmarcd_api.evidence, dmarcd_api.probe TO dmarcd_read, dmarcd_web, dmarcd_monitor,
	dmarcd_ingest;
