-- SPDX-License-Identifier: Apache-2.0
-- A month that retention dropped while its rows were on their way has them in the default
-- partition, and no partition of its own can be made: more of them go there too, and no report
-- is refused for it.
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
	EXCEPTION WHEN duplicate_table OR check_violation THEN
		NULL;
	END;
END $$;
