-- SPDX-License-Identifier: Apache-2.0
-- Contradictions that rest on relaxed alignment are found by the public suffix list; whoever judges the mail asks
-- the tree walk too (RFC 9989 section 4.10).

-- What it was asked: identifier, author domain, identifier, …; a hint, as the others are.
ALTER TABLE dmarcd.verdict ADD COLUMN pairs text[] NOT NULL DEFAULT '{}';

-- Of a report: each contradiction of a record that relaxed alignment of these identifiers with its author decides;
-- of the first 5,000 such records: whoever sends a million of them gets no more of the server.
CREATE FUNCTION dmarcd.rests_on_alignment(of_domain text, of_day date, of_report uuid)
RETURNS TABLE (row_no integer, code text, author text, identifiers text[])
LANGUAGE sql STABLE AS $$
	SELECT r.row_no, c.code, r.header_from, array_agg(DISTINCT e ->> 'domain')
	FROM dmarcd.report p
	CROSS JOIN LATERAL (SELECT t.row_no, t.contradictions, t.header_from, t.envelope_from, t.dkim, t.spf
		FROM dmarcd.record t WHERE t.policy_domain = p.policy_domain AND t.day = p.day
			AND t.report_key = p.report_key
			AND t.contradictions && '{dkim.pass_unaligned,dkim.fail_though_aligned,spf.pass_unaligned,spf.fail_though_aligned}'
		ORDER BY t.row_no LIMIT 5000) AS r
	CROSS JOIN LATERAL unnest(r.contradictions) AS c(code)
	CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN c.code LIKE 'dkim.%' THEN r.dkim ELSE r.spf END) AS e
	WHERE p.policy_domain = of_domain AND p.day = of_day AND p.report_key = of_report
		AND lower(coalesce(p.policy ->> 'discovery_method', '')) <> 'psl'
		AND lower(coalesce(p.policy ->> CASE WHEN c.code LIKE 'dkim.%' THEN 'adkim' ELSE 'aspf' END, 'r')) <> 's'
		AND CASE WHEN c.code LIKE '%.pass\_unaligned' THEN e ->> 'result' IN ('pass', 'unknown')
			WHEN c.code = 'dkim.fail_though_aligned' THEN e ->> 'result' = 'pass'
			WHEN c.code = 'spf.fail_though_aligned' THEN e ->> 'result' = 'pass'
				AND coalesce(e ->> 'scope', 'mfrom') = 'mfrom'
				AND coalesce(nullif(r.envelope_from, ''), e ->> 'domain') = e ->> 'domain'
			ELSE false END
	GROUP BY r.row_no, c.code, r.header_from
	HAVING NOT bool_or(e ->> 'domain' = r.header_from)
$$;
REVOKE ALL ON FUNCTION dmarcd.rests_on_alignment(text, date, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dmarcd.rests_on_alignment(text, date, uuid) TO dmarcd_ingest;
