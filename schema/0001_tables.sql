-- SPDX-License-Identifier: Apache-2.0
-- What dmarcd keeps: mails, reports, their rows, and the daily sums of them.
-- Migrations are immutable: a change is a new file.

DO $$
DECLARE
	wanted text;
BEGIN
	FOREACH wanted IN ARRAY ARRAY['dmarcd_ingest', 'dmarcd_web', 'dmarcd_monitor', 'dmarcd_read'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
			EXCEPTION
				WHEN duplicate_object OR unique_violation THEN NULL; -- another database, this moment
				WHEN insufficient_privilege THEN
					RAISE EXCEPTION 'role % is missing and may not be created', wanted
						USING HINT = 'let an administrator run: CREATE ROLE ' || wanted,
						ERRCODE = 'insufficient_privilege';
			END;
		END IF;
		-- so that whoever migrates may also act as each of them
		IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
			BEGIN
				EXECUTE format('GRANT %I TO %I', wanted, current_user);
			EXCEPTION WHEN insufficient_privilege THEN NULL;
			END;
		END IF;
	END LOOP;
END $$;

-- One row for each mail or file ever taken in, known by its bytes.
CREATE TABLE dmarcd.mail (
	sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
	outcome text NOT NULL CHECK (outcome IN ('stored', 'duplicate', 'not_a_report', 'quarantined')),
	code text NOT NULL DEFAULT '',
	reason text NOT NULL DEFAULT '',
	bytes bigint NOT NULL,
	file text NOT NULL,
	copies bigint NOT NULL DEFAULT 0,
	taken_at timestamptz NOT NULL,
	head_from text,
	head_subject text,
	head_message_id text,
	head_date text,
	head_date_at timestamptz
);
CREATE INDEX mail_taken ON dmarcd.mail (taken_at);

-- Where a mail was seen in a Maildir: each place counts once.
CREATE TABLE dmarcd.mail_sighting (
	sha256 bytea NOT NULL,
	maildir text NOT NULL,
	unique_name text NOT NULL,
	PRIMARY KEY (sha256, maildir, unique_name)
);

-- The bytes of a mail that gave reports, gzip, for reparse and drill-down.
CREATE TABLE dmarcd.original (
	sha256 bytea PRIMARY KEY,
	packed bytea NOT NULL,
	kept_at timestamptz NOT NULL
);
ALTER TABLE dmarcd.original ALTER COLUMN packed SET STORAGE EXTERNAL;

-- Which report stands for an identity. The first one does; a later one that
-- says something else is a conflict.
CREATE TABLE dmarcd.report_identity (
	identity bytea PRIMARY KEY,
	report_key uuid NOT NULL
);

CREATE TABLE dmarcd.report (
	policy_domain text NOT NULL, -- failure: the reported domain; TLS: ''
	day date NOT NULL,           -- UTC day of begin; failure: of arrival
	report_key uuid NOT NULL,
	kind text NOT NULL CHECK (kind IN ('aggregate', 'failure', 'tlsrpt')),
	mail_sha256 bytea NOT NULL,
	report_no integer NOT NULL,  -- within its mail, from 0
	identity bytea NOT NULL,
	content bytea NOT NULL,
	org_name text,
	email text,
	contact text,
	report_id text,
	begin_at timestamptz,
	end_at timestamptz,
	schema text NOT NULL,
	records bigint NOT NULL,
	messages numeric NOT NULL,
	dmarc_pass numeric NOT NULL,
	provenance text NOT NULL DEFAULT 'pending' CHECK (provenance IN
		('pending', 'local', 'verified', 'plausible', 'unverified', 'contradicted')),
	conflict boolean NOT NULL,
	issues bigint NOT NULL,
	member text,
	version text,
	generator text,
	errors jsonb,
	policy jsonb,
	stored_at timestamptz NOT NULL,
	PRIMARY KEY (policy_domain, day, report_key)
);
CREATE INDEX report_mail ON dmarcd.report (mail_sha256);
CREATE INDEX report_day ON dmarcd.report (day, report_key);
CREATE INDEX report_identity_key ON dmarcd.report (identity);

CREATE TABLE dmarcd.issue (
	policy_domain text NOT NULL,
	day date NOT NULL,
	report_key uuid NOT NULL,
	code text NOT NULL,
	detail text NOT NULL,
	count bigint NOT NULL,
	PRIMARY KEY (policy_domain, day, report_key, code)
);

-- Rows of aggregate reports. Words are normalised; *_raw holds what was sent
-- where that was another word.
CREATE TABLE dmarcd.record (
	policy_domain text NOT NULL,
	day date NOT NULL,
	report_key uuid NOT NULL,
	row_no integer NOT NULL,
	counted boolean NOT NULL, -- false: of a report in conflict
	source_ip inet,
	source_raw text,
	messages bigint NOT NULL,
	disposition text NOT NULL,
	disposition_raw text,
	spf_aligned text NOT NULL,
	spf_aligned_raw text,
	dkim_aligned text NOT NULL,
	dkim_aligned_raw text,
	header_from text,
	envelope_from text,
	envelope_to text,
	reasons jsonb,
	dkim jsonb,
	spf jsonb,
	PRIMARY KEY (policy_domain, day, report_key, row_no)
) PARTITION BY RANGE (day);
-- Dates before DMARC exist in samples only.
CREATE TABLE dmarcd.record_default PARTITION OF dmarcd.record DEFAULT;

-- The month's partition, made when its first report comes. Runs as the owner.
CREATE FUNCTION dmarcd.ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	first date := date_trunc('month', wanted)::date;
	name text := 'record_' || to_char(first, 'YYYY_MM');
BEGIN
	IF first < date '2010-01-01' OR first > current_date + 400 OR
		to_regclass('dmarcd.' || name) IS NOT NULL THEN
		RETURN;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('dmarcd.ensure_month'));
	IF to_regclass('dmarcd.' || name) IS NULL THEN
		EXECUTE format('CREATE TABLE dmarcd.%I PARTITION OF dmarcd.record FOR VALUES FROM (%L) TO (%L)',
			name, first, (first + interval '1 month')::date);
	END IF;
END $$;
REVOKE ALL ON FUNCTION dmarcd.ensure_month(date) FROM PUBLIC;

CREATE TABLE dmarcd.failure (
	policy_domain text NOT NULL, -- the reported domain, '' when not given
	day date NOT NULL,
	report_key uuid NOT NULL,
	arrived_at timestamptz,
	source_ip inet,
	fields jsonb NOT NULL, -- what the feedback part says, by its field names
	sample_headers text,
	sample_bytes bigint NOT NULL,
	sample_has_body boolean NOT NULL,
	PRIMARY KEY (policy_domain, day, report_key)
);

CREATE TABLE dmarcd.tls_policy (
	day date NOT NULL,
	report_key uuid NOT NULL,
	row_no integer NOT NULL,
	counted boolean NOT NULL,
	policy_type text,
	policy_domain text NOT NULL,
	policy_strings text,
	mx_hosts text,
	success bigint NOT NULL,
	failure bigint NOT NULL,
	PRIMARY KEY (policy_domain, day, report_key, row_no)
);
CREATE INDEX tls_policy_report ON dmarcd.tls_policy (report_key);

CREATE TABLE dmarcd.tls_detail (
	policy_domain text NOT NULL,
	day date NOT NULL,
	report_key uuid NOT NULL,
	row_no integer NOT NULL,
	detail_no integer NOT NULL,
	result_type text,
	sending_mta_ip text,
	receiving_mx_hostname text,
	receiving_mx_helo text,
	receiving_ip text,
	failed_sessions bigint NOT NULL,
	additional_information text,
	failure_reason_code text,
	PRIMARY KEY (policy_domain, day, report_key, row_no, detail_no)
);
CREATE INDEX tls_detail_report ON dmarcd.tls_detail (report_key);

-- Daily sums, kept in the transaction that stores the rows. Sums are numeric:
-- counts are hostile numbers up to 2^63-1.
CREATE TABLE dmarcd.daily_cell (
	policy_domain text NOT NULL,
	day date NOT NULL,
	header_from text NOT NULL,
	mta text NOT NULL DEFAULT '',
	class text NOT NULL DEFAULT '',
	spf_aligned text NOT NULL,
	dkim_aligned text NOT NULL,
	disposition text NOT NULL,
	provenance text NOT NULL,
	estimated boolean NOT NULL,
	messages numeric NOT NULL,
	records bigint NOT NULL,
	PRIMARY KEY (policy_domain, day, header_from, mta, class, spf_aligned, dkim_aligned, disposition,
		provenance, estimated)
);

CREATE TABLE dmarcd.daily_source (
	policy_domain text NOT NULL,
	day date NOT NULL,
	source text NOT NULL, -- the address, '' for none
	messages numeric NOT NULL,
	spf_aligned numeric NOT NULL,
	dkim_aligned numeric NOT NULL,
	dmarc_pass numeric NOT NULL,
	rejected numeric NOT NULL,
	quarantined numeric NOT NULL,
	records bigint NOT NULL,
	PRIMARY KEY (policy_domain, day, source)
);

CREATE TABLE dmarcd.daily_reporter (
	policy_domain text NOT NULL,
	day date NOT NULL,
	reporter text NOT NULL,
	messages numeric NOT NULL,
	dmarc_pass numeric NOT NULL,
	records bigint NOT NULL,
	reports bigint NOT NULL, -- on the day of its begin
	PRIMARY KEY (policy_domain, day, reporter)
);

-- Who a report is of, as pages group it: its name, else the domain of its address.
CREATE FUNCTION dmarcd.reporter_of(org_name text, email text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(nullif(btrim(org_name), ''), nullif(regexp_replace(email, '^.*@', ''), ''), '(unnamed)')
$$;

GRANT USAGE ON SCHEMA dmarcd TO dmarcd_ingest, dmarcd_monitor;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dmarcd TO dmarcd_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA dmarcd TO dmarcd_monitor;
GRANT EXECUTE ON FUNCTION dmarcd.ensure_month(date) TO dmarcd_ingest;
REVOKE INSERT, UPDATE, DELETE ON dmarcd.migration FROM dmarcd_ingest;
