-- SPDX-License-Identifier: Apache-2.0
-- Two sessions that want the same month: the second one's catalog cache may not yet know of the
-- table that the first one has just committed, so the name being taken is a success too.
CREATE OR REPLACE FUNCTION dmarcd.ensure_month(wanted date) RETURNS void
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
	BEGIN
		EXECUTE format('CREATE TABLE dmarcd.%I PARTITION OF dmarcd.record FOR VALUES FROM (%L) TO (%L)',
			name, first, (first + interval '1 month')::date);
	EXCEPTION WHEN duplicate_table THEN
		NULL;
	END;
END $$;
