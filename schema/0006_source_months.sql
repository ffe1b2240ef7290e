-- SPDX-License-Identifier: Apache-2.0
-- The sums by source are nearly as many as the rows they are of: they lie in partitions of months
-- too, so that a month goes by dropping both.
ALTER TABLE dmarcd.daily_source RENAME TO daily_source_before;
ALTER INDEX dmarcd.daily_source_pkey RENAME TO daily_source_before_pkey;

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
) PARTITION BY RANGE (day);
CREATE TABLE dmarcd.daily_source_default PARTITION OF dmarcd.daily_source DEFAULT;

CREATE OR REPLACE FUNCTION dmarcd.ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	first date := date_trunc('month', wanted)::date;
	parent text;
	name text;
BEGIN
	IF first < date '2010-01-01' OR first > current_date + 400 THEN
		RETURN;
	END IF;
	FOREACH parent IN ARRAY ARRAY['record', 'daily_source'] LOOP
		name := parent || to_char(first, '_YYYY_MM');
		CONTINUE WHEN to_regclass('dmarcd.' || name) IS NOT NULL;
		PERFORM pg_advisory_xact_lock(hashtext('dmarcd.ensure_month'));
		BEGIN
			EXECUTE format('CREATE TABLE dmarcd.%I PARTITION OF dmarcd.%I FOR VALUES FROM (%L) TO (%L)',
				name, parent, first, (first + interval '1 month')::date);
		EXCEPTION WHEN duplicate_table OR check_violation THEN
			NULL;
		END;
	END LOOP;
END $$;

SELECT dmarcd.ensure_month(month) FROM (SELECT DISTINCT date_trunc('month', day)::date AS month
	FROM dmarcd.daily_source_before) AS months;
INSERT INTO dmarcd.daily_source SELECT * FROM dmarcd.daily_source_before;

CREATE OR REPLACE VIEW dmarcd_api.sources AS
SELECT nullif(source, '')::inet AS source_ip, policy_domain, day, messages, spf_aligned, dkim_aligned,
	dmarc_pass, rejected, quarantined, records
FROM dmarcd.daily_source;

DROP TABLE dmarcd.daily_source_before;
GRANT SELECT, INSERT, UPDATE, DELETE ON dmarcd.daily_source TO dmarcd_ingest;
GRANT SELECT ON dmarcd.daily_source TO dmarcd_monitor;
