-- SPDX-License-Identifier: Apache-2.0
-- Sums by source are nearly as many as the rows they are of: to look each up in order to add to it costs
-- as much as the rows themselves. So they are added as rows of their own, a source of a day may have
-- several, and the view adds them up; where that is so is noted, and they are merged later.
ALTER TABLE dmarcd.daily_source DROP CONSTRAINT daily_source_pkey;
CREATE INDEX daily_source_key ON dmarcd.daily_source (policy_domain, day, source);

-- Domains and days with rows that may have to be merged. Written and taken, never changed: no key.
CREATE TABLE dmarcd.daily_source_added (
	policy_domain text NOT NULL,
	day date NOT NULL
);

CREATE OR REPLACE VIEW dmarcd_api.sources AS
SELECT nullif(source, '')::inet AS source_ip, policy_domain, day, sum(messages) AS messages,
	sum(spf_aligned) AS spf_aligned, sum(dkim_aligned) AS dkim_aligned, sum(dmarc_pass) AS dmarc_pass,
	sum(rejected) AS rejected, sum(quarantined) AS quarantined, sum(records)::bigint AS records
FROM dmarcd.daily_source
GROUP BY policy_domain, day, source
HAVING sum(messages) <> 0 OR sum(records) <> 0; -- of reports that were taken away

GRANT SELECT, INSERT, DELETE ON dmarcd.daily_source_added TO dmarcd_ingest;
GRANT SELECT ON dmarcd.daily_source_added TO dmarcd_monitor;
