-- SPDX-License-Identifier: Apache-2.0
-- What the verifier finds: of the mails that brought reports, of the samples in failure reports, of
-- the mails of the sample Maildirs. Each verdict keeps the answers of the DNS that it rests on.

-- A mail that waits for its verdict, queued with its rows. Whoever takes it moves due_at ahead first, so
-- that a mail whose judge dies is due again.
CREATE TABLE dmarcd.verify_job (
	sha256 bytea PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('report', 'sample')),
	queued_at timestamptz NOT NULL,
	due_at timestamptz NOT NULL,
	tries integer NOT NULL DEFAULT 0,
	problem text NOT NULL DEFAULT '', -- of the last try
	packed bytea -- gzip of the bytes, where no original is kept
);
ALTER TABLE dmarcd.verify_job ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX verify_job_due ON dmarcd.verify_job (due_at);

CREATE TABLE dmarcd.verdict (
	sha256 bytea NOT NULL,
	part integer NOT NULL, -- 0: the mail; n: the sample in its report number n - 1
	kind text NOT NULL CHECK (kind IN ('report', 'failure', 'sample')),
	judged_at timestamptz NOT NULL, -- the present of its judge: t= and x= are held against it
	-- what was known beside the message
	ip inet,
	helo text,
	mail_from text,
	headers_only boolean NOT NULL DEFAULT false,
	trusted_hops text[] NOT NULL DEFAULT '{}',
	authserv_ids text[] NOT NULL DEFAULT '{}',
	-- what was found: words of RFC 8601
	spf text NOT NULL,
	dkim text NOT NULL, -- the best of its signatures
	dmarc text NOT NULL,
	arc text NOT NULL,
	author_domain text,
	verdict text NOT NULL, -- `dmarcd check --json` to the letter
	answers text NOT NULL, -- a replay file
	PRIMARY KEY (sha256, part)
);

-- A later mail with a report that was known already: its verdict may speak for the report too.
CREATE TABLE dmarcd.report_copy (
	mail_sha256 bytea NOT NULL,
	report_no integer NOT NULL,
	policy_domain text NOT NULL,
	day date NOT NULL,
	report_key uuid NOT NULL,
	member text,
	PRIMARY KEY (mail_sha256, report_no)
);
CREATE INDEX report_copy_report ON dmarcd.report_copy (report_key);

ALTER TABLE dmarcd.report ADD COLUMN provenance_domain text; -- that authenticates its mail
ALTER TABLE dmarcd.report ADD COLUMN provenance_reasons text[]; -- codes: doc/sql.md
ALTER TABLE dmarcd.report ADD COLUMN provenance_mail bytea; -- whose verdict it is
ALTER TABLE dmarcd.report ADD COLUMN judged_at timestamptz;

-- A method of a failure report: what its reporter said, and what we find.
CREATE TABLE dmarcd.recheck (
	policy_domain text NOT NULL,
	day date NOT NULL,
	report_key uuid NOT NULL,
	method text NOT NULL,
	reporter text,
	ours text,
	difference text NOT NULL,
	detail text NOT NULL,
	PRIMARY KEY (policy_domain, day, report_key, method)
);

-- Mail that our MTAs sent: evidence of its own kind. The bytes go when retention says so.
CREATE TABLE dmarcd.sample (
	sha256 bytea PRIMARY KEY,
	maildir text NOT NULL,
	file text NOT NULL,
	bytes bigint NOT NULL,
	taken_at timestamptz NOT NULL,
	arrived_at timestamptz NOT NULL, -- in the Maildir
	day date NOT NULL, -- UTC day of that
	problem text NOT NULL DEFAULT '', -- why it is not judged, a code
	packed bytea, -- gzip
	mta text, -- from here on as judged; '' for one that is not in the inventory
	found_by text, -- ip, helo, received, probe
	domain text, -- of the author
	source_ip inet,
	helo text,
	probe text,
	spf_aligned boolean,
	dkim_aligned boolean,
	authres_agrees integer, -- results of the receiving host that are ours too
	authres_differs text[] -- those that are not
);
ALTER TABLE dmarcd.sample ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX sample_day ON dmarcd.sample (day);

-- A message that was made to be sent through an MTA, known again by its id.
CREATE TABLE dmarcd.probe (
	id text PRIMARY KEY,
	mta text NOT NULL,
	domain text NOT NULL,
	made_at timestamptz NOT NULL
);

-- Who looked at whose mail. Written by functions of the owner's alone.
CREATE TABLE dmarcd.audit (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL DEFAULT now(),
	who text NOT NULL,
	address inet,
	what text NOT NULL,
	object text NOT NULL
);
CREATE INDEX audit_at ON dmarcd.audit (at);

GRANT SELECT, INSERT, UPDATE, DELETE ON dmarcd.verify_job, dmarcd.verdict, dmarcd.report_copy, dmarcd.recheck,
	dmarcd.sample, dmarcd.probe TO dmarcd_ingest;
GRANT SELECT ON dmarcd.verify_job, dmarcd.verdict, dmarcd.report_copy, dmarcd.recheck, dmarcd.sample,
	dmarcd.probe TO dmarcd_monitor;

-- ---- sums by provenance ----

-- What the rows of a report add to the sums of days: the rule of store/put_sums.h, for what is changed later.
CREATE FUNCTION dmarcd.shares(of_domain text, of_day date, of_report uuid)
RETURNS TABLE (day date, part integer, estimated boolean, reporter text, source text, header_from text,
	spf_aligned text, dkim_aligned text, disposition text, messages bigint)
LANGUAGE sql STABLE AS $$
	SELECT of_day + d.n, d.n, s.estimated, s.reporter, coalesce(host(r.source_ip), ''),
		coalesce(r.header_from, ''), r.spf_aligned, r.dkim_aligned, r.disposition,
		r.messages / s.days + CASE WHEN d.n = 0 THEN r.messages % s.days ELSE 0 END
	FROM (SELECT w.end_at - w.begin_at > interval '26 hours' AS estimated,
			dmarcd.reporter_of(w.org_name, w.email) AS reporter,
			CASE WHEN w.end_at - w.begin_at > interval '26 hours'
			THEN least(((w.end_at - interval '1 second') AT TIME ZONE 'UTC')::date - w.day + 1, 4000,
				greatest(1500000 / greatest(w.records, 1), 1))::integer ELSE 1 END AS days
		FROM dmarcd.report w
		WHERE w.policy_domain = of_domain AND w.day = of_day AND w.report_key = of_report
			AND w.kind = 'aggregate' OFFSET 0) AS s
	CROSS JOIN LATERAL (SELECT t.source_ip, t.header_from, t.spf_aligned, t.dkim_aligned, t.disposition,
			t.messages FROM dmarcd.record t
		WHERE t.policy_domain = of_domain AND t.day = of_day AND t.report_key = of_report OFFSET 0) AS r
	CROSS JOIN LATERAL generate_series(0, CASE WHEN r.messages < s.days THEN 0 ELSE s.days - 1 END) AS d(n)
$$;
REVOKE ALL ON FUNCTION dmarcd.shares(text, date, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dmarcd.shares(text, date, uuid) TO dmarcd_ingest;

ALTER TABLE dmarcd.daily_source ADD COLUMN provenance text NOT NULL DEFAULT 'pending';
ALTER TABLE dmarcd.daily_source ALTER COLUMN provenance DROP DEFAULT;
ALTER TABLE dmarcd.daily_reporter ADD COLUMN provenance text NOT NULL DEFAULT 'pending';
ALTER TABLE dmarcd.daily_reporter ALTER COLUMN provenance DROP DEFAULT;
ALTER TABLE dmarcd.daily_reporter DROP CONSTRAINT daily_reporter_pkey;
ALTER TABLE dmarcd.daily_reporter ADD PRIMARY KEY (policy_domain, day, reporter, provenance);

-- Until here a report was pending or local: what local ones added moves over.
CREATE UNLOGGED TABLE dmarcd.moved_share AS
SELECT r.policy_domain, p.sign, p.provenance, s.*
FROM dmarcd.report r CROSS JOIN LATERAL dmarcd.shares(r.policy_domain, r.day, r.report_key) s
CROSS JOIN (VALUES (-1, 'pending'), (1, 'local')) AS p(sign, provenance)
WHERE r.provenance = 'local' AND NOT r.conflict AND r.kind = 'aggregate';
INSERT INTO dmarcd.daily_source (policy_domain, day, source, provenance, messages, spf_aligned, dkim_aligned,
	dmarc_pass, rejected, quarantined, records)
SELECT policy_domain, day, source, provenance, sum(sign * messages),
	coalesce(sum(sign * messages) FILTER (WHERE spf_aligned = 'pass'), 0),
	coalesce(sum(sign * messages) FILTER (WHERE dkim_aligned = 'pass'), 0),
	coalesce(sum(sign * messages) FILTER (WHERE 'pass' IN (spf_aligned, dkim_aligned)), 0),
	coalesce(sum(sign * messages) FILTER (WHERE disposition = 'reject'), 0),
	coalesce(sum(sign * messages) FILTER (WHERE disposition = 'quarantine'), 0),
	coalesce(sum(sign) FILTER (WHERE part = 0), 0)
FROM dmarcd.moved_share GROUP BY 1, 2, 3, 4;
INSERT INTO dmarcd.daily_source_added SELECT DISTINCT policy_domain, day FROM dmarcd.moved_share;
INSERT INTO dmarcd.daily_reporter AS t (policy_domain, day, reporter, provenance, messages, dmarc_pass, records,
	reports)
SELECT policy_domain, day, reporter, provenance, sum(messages), sum(pass), sum(records), sum(reports)
FROM (SELECT policy_domain, day, reporter, provenance, sign * messages AS messages,
		CASE WHEN 'pass' IN (spf_aligned, dkim_aligned) THEN sign * messages ELSE 0 END AS pass,
		CASE WHEN part = 0 THEN sign ELSE 0 END AS records, 0 AS reports FROM dmarcd.moved_share
	UNION ALL SELECT r.policy_domain, r.day, dmarcd.reporter_of(r.org_name, r.email), p.provenance, 0, 0, 0, p.sign
	FROM dmarcd.report r CROSS JOIN (VALUES (-1, 'pending'), (1, 'local')) AS p(sign, provenance)
	WHERE r.provenance = 'local' AND NOT r.conflict AND r.kind = 'aggregate') AS counts
GROUP BY 1, 2, 3, 4
ON CONFLICT (policy_domain, day, reporter, provenance) DO UPDATE SET messages = t.messages + excluded.messages,
	dmarc_pass = t.dmarc_pass + excluded.dmarc_pass, records = t.records + excluded.records,
	reports = t.reports + excluded.reports;
DELETE FROM dmarcd.daily_reporter WHERE messages = 0 AND records = 0 AND reports = 0;
DROP TABLE dmarcd.moved_share;

-- Mails that are here already wait for their verdict too, the newest first.
INSERT INTO dmarcd.verify_job (sha256, kind, queued_at, due_at)
SELECT m.sha256, 'report', now(), now() - row_number() OVER (ORDER BY m.taken_at) * interval '1 millisecond'
FROM dmarcd.mail m WHERE EXISTS (SELECT FROM dmarcd.report r
	WHERE r.mail_sha256 = m.sha256 AND r.provenance = 'pending');

-- From weak to strong.
CREATE FUNCTION dmarcd.provenance_rank(provenance text) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
	SELECT array_position('{pending,unverified,contradicted,local,plausible,verified}'::text[], provenance)
$$;
REVOKE ALL ON FUNCTION dmarcd.provenance_rank(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dmarcd.provenance_rank(text) TO dmarcd_ingest;

-- ---- views ----

CREATE OR REPLACE VIEW dmarcd_api.report AS
SELECT r.report_key, encode(r.mail_sha256, 'hex') AS mail_sha256, r.kind, r.org_name, r.email, r.report_id,
	r.policy_domain, r.begin_at, r.end_at, r.schema, r.records, r.messages, r.dmarc_pass, r.provenance,
	r.conflict, r.issues, r.day, r.contact, r.member, r.version, r.generator, r.errors, r.policy,
	r.stored_at, r.report_no, dmarcd.reporter_of(r.org_name, r.email) AS reporter,
	r.provenance_domain, r.provenance_reasons, encode(r.provenance_mail, 'hex') AS provenance_mail, r.judged_at
FROM dmarcd.report r;

-- Sums of reports that were taken away, or judged, leave rows of nothing behind until they are merged.
CREATE OR REPLACE VIEW dmarcd_api.daily AS
SELECT day, policy_domain, header_from, spf_aligned = 'pass' AS spf_aligned,
	dkim_aligned = 'pass' AS dkim_aligned,
	(spf_aligned = 'pass' OR dkim_aligned = 'pass') AS dmarc_pass, disposition, provenance, estimated,
	sum(messages) AS messages, sum(records)::bigint AS records
FROM dmarcd.daily_cell
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
HAVING sum(messages) <> 0 OR sum(records) <> 0;

CREATE OR REPLACE VIEW dmarcd_api.sources AS
SELECT nullif(source, '')::inet AS source_ip, policy_domain, day, sum(messages) AS messages,
	sum(spf_aligned) AS spf_aligned, sum(dkim_aligned) AS dkim_aligned, sum(dmarc_pass) AS dmarc_pass,
	sum(rejected) AS rejected, sum(quarantined) AS quarantined, sum(records)::bigint AS records, provenance
FROM dmarcd.daily_source
GROUP BY policy_domain, day, source, provenance
HAVING sum(messages) <> 0 OR sum(records) <> 0;

CREATE OR REPLACE VIEW dmarcd_api.reporters AS
SELECT reporter, policy_domain, day, messages, dmarc_pass, records, reports, provenance
FROM dmarcd.daily_reporter WHERE messages <> 0 OR records <> 0 OR reports <> 0;

CREATE VIEW dmarcd_api.verdict AS
SELECT encode(sha256, 'hex') AS sha256, part, kind, judged_at, ip, helo, mail_from, headers_only, spf, dkim, dmarc,
	arc, author_domain, verdict
FROM dmarcd.verdict;
COMMENT ON VIEW dmarcd_api.verdict IS 'what the verifier found of a mail or sample, as JSON with its trace';

CREATE VIEW dmarcd_api.recheck AS
SELECT report_key, policy_domain, day, method, reporter, ours, difference, detail FROM dmarcd.recheck;
COMMENT ON VIEW dmarcd_api.recheck IS 'what a failure report says of its sample beside what we find';

CREATE VIEW dmarcd_api.verify_queue AS
SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= now()) AS due, count(*) FILTER (WHERE tries > 0) AS tried,
	min(queued_at) AS oldest_at, min(due_at) AS next_at,
	(SELECT problem FROM dmarcd.verify_job WHERE problem <> '' ORDER BY due_at DESC LIMIT 1) AS problem
FROM dmarcd.verify_job;
COMMENT ON VIEW dmarcd_api.verify_queue IS 'mails that wait for their verdict';

GRANT SELECT ON dmarcd_api.verdict, dmarcd_api.recheck, dmarcd_api.verify_queue
	TO dmarcd_read, dmarcd_web, dmarcd_ingest, dmarcd_monitor;
