-- SPDX-License-Identifier: Apache-2.0
-- Samples of mail are personal data. Views show them masked: of local parts the first letter, of subjects and
-- of header fields that say nothing about authentication nothing. What is behind the mask is given one
-- sample at a time, by functions that note who asked.

-- The bodies of these functions are bound when they are made: who reads the views may call them and need not
-- see the schema.

-- Of each address the first letter of its local part, and its domain.
CREATE FUNCTION dmarcd.mask_local(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(said,
	'((?:(?:smtp|header|policy|body)\.[a-z0-9_-]+|i|d|for|from|to|rcpt|envelope-from|sender)=)?'
	'([^\s<>;,()"\\@…]?)[^\s<>;,()"\\@]*@', '\1\2…@', 'gi');

CREATE FUNCTION dmarcd.mask(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN dmarcd.mask_local(regexp_replace(said, '"[^"@]{0,250}"@', '…@', 'g'));

-- Of a From field or the like the addresses alone, masked: names are as personal.
CREATE FUNCTION dmarcd.mask_addresses(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((SELECT string_agg(dmarcd.mask(a[1]), ', ') FROM
	regexp_matches(said, '((?:"[^"@]{0,250}"|[^\s<>;,:()"\[\]]+)@[^\s<>;,:()"\\]+)', 'g') AS a),
	CASE WHEN btrim(said, E' \t\r\n<>') = '' THEN btrim(said) WHEN said IS NOT NULL THEN '…' END);

-- One header field: whole where it tells of authentication, its name alone where it does not.
CREATE FUNCTION dmarcd.mask_field(field text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT CASE
	WHEN strpos(field, ':') = 0 THEN '…'
	WHEN name IN ('from', 'to', 'cc', 'bcc', 'sender', 'reply-to', 'return-path', 'errors-to', 'delivered-to',
		'envelope-to', 'x-original-to', 'x-envelope-to', 'x-envelope-from', 'message-id', 'in-reply-to',
		'references') OR name LIKE 'resent-%'
		THEN concat(label, ': ', dmarcd.mask_addresses(body))
	WHEN name IN ('dkim-signature', 'arc-seal', 'arc-message-signature', 'domainkey-signature')
		THEN concat(label, ':', dmarcd.mask(regexp_replace(body, '(^|;)(\s*)z\s*=[^;]*', '\1\2z=…', 'g')))
	WHEN name IN ('received', 'received-spf', 'x-received', 'authentication-results', 'arc-authentication-results')
		THEN concat(label, ':', dmarcd.mask(regexp_replace(body,
			'((?:smtp\.auth|authenticated[ -](?:sender|user|id|as)|auth[_
			-]?(?:user|id|sender))\s*[:=]?\s*)[^\s;)@]+',
			'\1…', 'gi')))
	WHEN name IN ('date', 'mime-version', 'content-transfer-encoding', 'auto-submitted', 'precedence')
		THEN concat(label, ':', dmarcd.mask(body))
	WHEN name = 'content-type'
		THEN concat(label, ':', split_part(body, ';', 1), CASE WHEN strpos(body, ';') > 0 THEN '; …' END)
	ELSE concat(label, ': …') END
	FROM (SELECT split_part(field, ':', 1) AS label, lower(btrim(split_part(field, ':', 1))) AS name,
		substr(field, strpos(field, ':') + 1) AS body) AS parts);

CREATE FUNCTION dmarcd.mask_headers(headers text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(dmarcd.mask_field(field), E'\n' ORDER BY no)
	FROM regexp_split_to_table(headers, '\r?\n(?![ \t])') WITH ORDINALITY AS f (field, no) WHERE field <> '');

-- What the feedback part says, by the names in dmarcd.failure.fields.
CREATE FUNCTION dmarcd.mask_fields(fields jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_object_agg(key, CASE
		WHEN value IS NULL THEN NULL
		WHEN key IN ('orig_subject', 'original_envelope_id') THEN '…'
		WHEN key IN ('original_mail_from', 'original_rcpt_to', 'orig_from', 'orig_message_id')
			THEN dmarcd.mask_addresses(value)
		ELSE dmarcd.mask(value) END), '{}'::jsonb)
	FROM jsonb_each_text(fields));

-- A verdict (JSON) without what it repeats of the message: canonical header fields, and names that SPF macros
-- made of local parts.
CREATE FUNCTION dmarcd.mask_verdict(verdict text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT dmarcd.mask_local(regexp_replace((j - 'answers' || jsonb_build_object('trace',
		coalesce((SELECT jsonb_agg(CASE
			WHEN s ->> 'kind' = 'canon' THEN s || '{"value": "…"}'::jsonb
			WHEN macros AND s ->> 'part' = 'spf' AND s ->> 'kind' = 'dns' THEN s || '{"name": "…"}'::jsonb
			WHEN macros AND s ->> 'part' = 'spf' AND s ->> 'kind' NOT IN ('identity', 'result')
				THEN s || '{"value": "…", "note": "…"}'::jsonb
			ELSE s END ORDER BY no)
		FROM jsonb_array_elements(j -> 'trace') WITH ORDINALITY AS t (s, no)), '[]'::jsonb)) || CASE WHEN
		macros AND j #>> '{spf,explanation}' IS NOT NULL
			THEN jsonb_build_object('spf', j -> 'spf' || '{"explanation": "…"}'::jsonb) ELSE
			'{}'::jsonb END)::text,
		'\\"[^"@]{0,250}\\"@', '…@', 'g'))
	FROM (SELECT verdict::jsonb AS j, verdict ~* '%\{[slo]' AS macros) AS v);

CREATE OR REPLACE VIEW dmarcd_api.failure AS
SELECT f.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, f.arrived_at, f.source_ip,
	nullif(f.policy_domain, '') AS reported_domain, m.fields ->> 'auth_failure' AS auth_failure,
	f.day, m.fields ->> 'feedback_type' AS feedback_type, m.fields ->> 'delivery_result' AS delivery_result,
	m.fields ->> 'identity_alignment' AS identity_alignment,
	m.fields ->> 'original_mail_from' AS original_mail_from,
	m.fields ->> 'original_rcpt_to' AS original_rcpt_to,
	m.fields ->> 'dkim_domain' AS dkim_domain, m.fields ->> 'dkim_selector' AS dkim_selector,
	m.fields ->> 'spf_dns' AS spf_dns,
	m.fields ->> 'authentication_results' AS authentication_results,
	m.fields ->> 'reporting_mta' AS reporting_mta, m.fields ->> 'user_agent' AS user_agent,
	m.fields ->> 'orig_from' AS orig_from, m.fields ->> 'orig_subject' AS orig_subject,
	m.fields ->> 'orig_message_id' AS orig_message_id,
	m.fields, dmarcd.mask_headers(f.sample_headers) AS sample_headers, f.sample_bytes, f.sample_has_body,
	r.schema, r.issues, r.report_no, r.provenance
FROM dmarcd.failure f JOIN dmarcd.report r USING (policy_domain, day, report_key)
	CROSS JOIN LATERAL (SELECT dmarcd.mask_fields(f.fields) AS fields OFFSET 0) m;
COMMENT ON VIEW dmarcd_api.failure IS 'one row a failure report (ruf); local parts, subjects and the like masked';

-- An attached sample may be named by its subject.
CREATE OR REPLACE VIEW dmarcd_api.report AS
SELECT r.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, r.kind, r.org_name, r.email, r.report_id,
	r.policy_domain, r.begin_at, r.end_at, r.schema, r.records, r.messages, r.dmarc_pass, r.provenance,
	r.conflict, r.issues, r.day, r.contact,
	CASE WHEN r.kind = 'failure' AND r.member <> '' THEN '…' ELSE r.member END AS member, r.version, r.generator,
	r.errors, r.policy, r.stored_at, r.report_no, dmarcd.reporter_of(r.org_name, r.email) AS reporter,
	r.provenance_domain, r.provenance_reasons, encode(r.provenance_mail, 'hex') AS provenance_mail, r.judged_at,
	r.contradictions
FROM dmarcd.report r;

-- The mail that brought a sample often repeats its subject.
CREATE OR REPLACE VIEW dmarcd_api.mail AS
SELECT encode(m.sha256, 'hex') AS sha256, m.file, m.outcome, m.code, m.reason,
	coalesce((SELECT sum(r.issues) FROM dmarcd.report r WHERE r.mail_sha256 = m.sha256), 0)::bigint AS issues,
	m.copies, m.taken_at, m.bytes,
	CASE WHEN f.sample THEN dmarcd.mask_addresses(m.head_from) ELSE m.head_from END AS head_from,
	CASE WHEN f.sample AND m.head_subject IS NOT NULL THEN '…' ELSE m.head_subject END AS head_subject,
	CASE WHEN f.sample THEN dmarcd.mask(m.head_message_id) ELSE m.head_message_id END AS head_message_id,
	m.head_date_at,
	EXISTS (SELECT FROM dmarcd.original o WHERE o.sha256 = m.sha256) AS has_original
FROM dmarcd.mail m CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM dmarcd.report r
	WHERE r.mail_sha256 = m.sha256 AND r.kind = 'failure') AS sample OFFSET 0) f;

CREATE OR REPLACE VIEW dmarcd_api.issue AS
SELECT i.report_key, i.policy_domain, i.day, i.code,
	CASE WHEN EXISTS (SELECT FROM dmarcd.failure f WHERE (f.policy_domain, f.day, f.report_key) =
		(i.policy_domain, i.day, i.report_key)) THEN dmarcd.mask(i.detail) ELSE i.detail END AS detail, i.count
FROM dmarcd.issue i;

-- A verdict repeats header fields of what was judged.
CREATE OR REPLACE VIEW dmarcd_api.verdict AS
SELECT encode(v.sha256, 'hex') AS sha256, v.part, v.kind, v.judged_at, v.ip, v.helo,
	CASE WHEN p.personal THEN dmarcd.mask(v.mail_from) ELSE v.mail_from END AS mail_from, v.headers_only,
	v.spf, v.dkim,
	v.dmarc, v.arc, v.author_domain,
	CASE WHEN p.personal THEN dmarcd.mask_verdict(v.verdict) ELSE v.verdict END AS verdict
FROM dmarcd.verdict v CROSS JOIN LATERAL (SELECT v.kind <> 'report' OR EXISTS (SELECT FROM dmarcd.report r
	WHERE r.mail_sha256 = v.sha256 AND r.kind = 'failure') AS personal OFFSET 0) p;
CREATE INDEX verdict_hex ON dmarcd.verdict (encode(sha256, 'hex'));

CREATE OR REPLACE VIEW dmarcd_api.recheck AS
SELECT report_key, policy_domain, day, method, dmarcd.mask(reporter) AS reporter, dmarcd.mask(ours) AS ours, difference,
	dmarcd.mask(detail) AS detail
FROM dmarcd.recheck;

CREATE VIEW dmarcd_api.audit AS
SELECT at, who, address, what, object FROM dmarcd.audit;
COMMENT ON VIEW dmarcd_api.audit IS 'who looked at whose mail';

-- ---- what is behind the mask, noted ----

-- That a sample is looked at with its mask on.
CREATE FUNCTION dmarcd_api.sample_viewed(wanted uuid, who text, address inet) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO dmarcd.audit (who, address, what, object) VALUES (who, address, 'sample.view', wanted::text);
	RETURN true;
END $$;
COMMENT ON FUNCTION dmarcd_api.sample_viewed(uuid, text, inet) IS 'notes that a masked sample is looked at';

-- The sample as it was sent, and its verdict.
CREATE FUNCTION dmarcd_api.sample_shown(wanted uuid, who text, address inet)
RETURNS TABLE (fields jsonb, sample_headers text, verdict text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT f.fields, f.sample_headers, v.verdict FROM dmarcd.report r
		JOIN dmarcd.failure f ON (f.policy_domain, f.day, f.report_key) = (r.policy_domain, r.day, r.report_key)
		LEFT JOIN dmarcd.verdict v ON v.sha256 = r.mail_sha256 AND v.part = r.report_no + 1
		WHERE r.report_key = wanted;
	IF FOUND THEN
		INSERT INTO dmarcd.audit (who, address, what, object) VALUES (who, address, 'sample.show',
		wanted::text);
	END IF;
END $$;
COMMENT ON FUNCTION dmarcd_api.sample_shown(uuid, text, inet) IS 'a sample without its mask; noted';

-- The packed mail that brought a sample.
CREATE FUNCTION dmarcd_api.sample_original(wanted uuid, who text, address inet)
RETURNS TABLE (packed bytea, report_no integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT o.packed, r.report_no FROM dmarcd.report r
		JOIN dmarcd.original o ON o.sha256 = r.mail_sha256 WHERE r.report_key = wanted;
	IF FOUND THEN
		INSERT INTO dmarcd.audit (who, address, what, object) VALUES (who, address, 'sample.original',
		wanted::text);
	END IF;
END $$;
COMMENT ON FUNCTION dmarcd_api.sample_original(uuid, text, inet) IS 'gzip of the mail that brought a sample; noted';

-- ... and of no other way.
CREATE OR REPLACE FUNCTION dmarcd_api.original(wanted text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT packed FROM dmarcd.original WHERE sha256 = decode(wanted, 'hex')
		AND NOT EXISTS (SELECT FROM dmarcd.report WHERE mail_sha256 = decode(wanted, 'hex') AND kind =
		'failure')
$$;

REVOKE ALL ON FUNCTION dmarcd_api.sample_viewed(uuid, text, inet), dmarcd_api.sample_shown(uuid, text, inet),
	dmarcd_api.sample_original(uuid, text, inet) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dmarcd_api.sample_viewed(uuid, text, inet), dmarcd_api.sample_shown(uuid, text, inet),
	dmarcd_api.sample_original(uuid, text, inet) TO dmarcd_web;
GRANT SELECT ON dmarcd_api.audit TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
