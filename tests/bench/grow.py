# SPDX-License-Identifier: Apache-2.0
"""A large store out of a small one: its reports again and again under other keys, over a year."""

COPY = """
SET session_replication_role = replica;
SELECT dmarcd.ensure_month(m::date) FROM (SELECT DISTINCT date_trunc('month', day - {days}) AS m
    FROM dmarcd.report) AS months;
INSERT INTO dmarcd.report_identity SELECT sha256(identity || '{no}'), md5(report_key || '{no}')::uuid
    FROM seed.report_identity;
INSERT INTO dmarcd.report SELECT policy_domain, day - {days}, md5(report_key || '{no}')::uuid, kind, mail_sha256,
    report_no, sha256(identity || '{no}'), content, org_name, email, contact, report_id, begin_at, end_at, schema,
    records, messages, dmarc_pass, provenance, conflict, issues, member, version, generator, errors, policy,
    stored_at FROM seed.report;
INSERT INTO dmarcd.record SELECT policy_domain, day - {days}, md5(report_key || '{no}')::uuid, row_no, counted,
    source_ip, source_raw, messages, disposition, disposition_raw, spf_aligned, spf_aligned_raw, dkim_aligned,
    dkim_aligned_raw, header_from, envelope_from, envelope_to, reasons, dkim, spf FROM seed.record;
"""

SUMS = """
SET session_replication_role = replica;
TRUNCATE dmarcd.daily_source;
INSERT INTO dmarcd.daily_source SELECT policy_domain, day, coalesce(host(source_ip), ''), sum(messages),
    coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass'), 0),
    coalesce(sum(messages) FILTER (WHERE dkim_aligned = 'pass'), 0),
    coalesce(sum(messages) FILTER (WHERE 'pass' IN (spf_aligned, dkim_aligned)), 0),
    coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0),
    coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0), count(*), 'pending'
    FROM dmarcd.record WHERE counted GROUP BY 1, 2, 3;
VACUUM ANALYZE;
"""


def to(server, database, records):
    """Until there are that many; the sums by source are made to fit."""
    server.psql(database, "-c", "CREATE SCHEMA seed",
                *(argument for table in ("report_identity", "report", "record")
                  for argument in ("-c", "CREATE TABLE seed.%s AS SELECT * FROM dmarcd.%s" % (table, table))))
    each = int(server.psql(database, "-c", "SELECT count(*) FROM seed.record"))
    for no in range(1, records // each + 1):
        server.psql(database, "-c", "BEGIN;" + COPY.format(no=no, days=no * 9 % 360) + "COMMIT")
    for statement in SUMS.strip().split(";\n"):
        if statement:
            server.psql(database, "-c", "SET session_replication_role = replica", "-c", statement.rstrip(";"))
    server.psql(database, "-c", "DROP SCHEMA seed CASCADE", "-c", "CHECKPOINT")
