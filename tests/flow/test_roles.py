#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each database role may do, all of it, asked of the catalogue; whatever is more is a mistake.

usage: test_roles.py BIN_DIR
"""
import flow

ROLES = ("dmarcd_ingest", "dmarcd_monitor", "dmarcd_read", "dmarcd_web")
KINDS = {"r": "table", "p": "table", "v": "view", "S": "sequence", "m": "view", "f": "table"}
TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
# Helpers that tell nothing which the views do not tell; the views call them.
HARMLESS = {"dmarcd.reporter_of", "dmarcd_api.schema_version", *("dmarcd.mask" + part for part in (
    "", "_local", "_addresses", "_field", "_headers", "_fields", "_verdict"))}
ORIGINAL = "dmarcd_api.original"
# Each notes in the audit that it was called.
NOTED = {"dmarcd_api.sample_viewed", "dmarcd_api.sample_shown", "dmarcd_api.sample_original"}

RELATIONS = """
SELECT r, n.nspname || '.' || c.relname, c.relkind, p FROM unnest('{%s}'::text[]) r,
  pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest('{%s}'::text[]) p
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (has_table_privilege(r, c.oid, p)
    OR (p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(r, c.oid, p)))
""" % (",".join(ROLES), ",".join(TABLE_RIGHTS))
SEQUENCES = """
SELECT r, c.relname FROM unnest('{%s}'::text[]) r, pg_class c WHERE c.relkind = 'S'
  AND has_sequence_privilege(r, c.oid, 'USAGE, SELECT, UPDATE')""" % ",".join(ROLES)
FUNCTIONS = """
SELECT r, n.nspname || '.' || f.proname FROM unnest('{%s}'::text[]) r,
  pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_function_privilege(r, f.oid, 'EXECUTE')
""" % ",".join(ROLES)
SCHEMAS = """
SELECT r, n.nspname, p FROM unnest('{%s}'::text[]) r, pg_namespace n, unnest('{USAGE,CREATE}'::text[]) p
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(r, n.oid, p)
""" % ",".join(ROLES)
OWNED = """
SELECT pg_get_userbyid(relowner), relname FROM pg_class WHERE pg_get_userbyid(relowner) = ANY('{%s}')
UNION ALL SELECT pg_get_userbyid(proowner), proname FROM pg_proc WHERE pg_get_userbyid(proowner) = ANY('{%s}')
UNION ALL SELECT pg_get_userbyid(nspowner), nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) = ANY('{%s}')
""" % ((",".join(ROLES),) * 3)
MIGHTY = """
SELECT rolname FROM pg_roles WHERE rolname = ANY('{%s}')
  AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
UNION ALL SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
WHERE m.rolname = ANY('{%s}')""" % ((",".join(ROLES),) * 2)
# Definers run with their owner's rights: a search path of the caller's would be a way in.
LOOSE_DEFINERS = """
SELECT f.proname FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname ~ '^dmarcd'
  AND prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY(proconfig), false)"""

# Ways to fill a disk that are everybody's in a cluster as it is made.
ELSEWHERE = """
SELECT r, datname, p FROM unnest('{%s}'::text[]) r, pg_database, unnest('{CONNECT,CREATE,TEMPORARY}'::text[]) p
WHERE datname NOT IN (current_database(), 'template0') AND has_database_privilege(r, oid, p)""" % ",".join(ROLES)
LARGE_OBJECTS = """
SELECT r, p.oid::regprocedure FROM unnest('{%s}'::text[]) r, pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace
  AND proname ~ '^lo_(creat|from_bytea|import)' AND has_function_privilege(r, p.oid, 'EXECUTE')""" % ",".join(ROLES)


def allowed_on(role, relation, kind):
    """The rights that a role is meant to have, by the kind and place of a relation."""
    schema = relation.split(".")[0]
    if schema == "dmarcd_api" and kind == "view":
        return {"SELECT"}
    if schema != "dmarcd" or kind != "table":
        return set()
    if relation == "dmarcd.audit":
        return set()
    if role == "dmarcd_monitor":
        return {"SELECT"}
    if role == "dmarcd_ingest":
        return {"SELECT"} if relation == "dmarcd.migration" else ROWS
    return set()


class Rights:
    """Of any flow test: the rights in the configured database."""

    def check_rights(self):
        more, seen = [], set()
        for role, relation, kind, right in self.sql(RELATIONS):
            seen.add((role, KINDS[kind]))
            if right not in allowed_on(role, relation, KINDS[kind]):
                more.append((role, relation, right))
        self.assertEqual(more, [])
        self.assertLessEqual({(role, "view") for role in ROLES}, seen)
        self.assertNotIn(("dmarcd_web", "table"), seen)
        self.assertEqual(self.sql(SEQUENCES), [])
        self.check_functions()
        self.assertEqual(set(self.sql(SCHEMAS)) - {(role, "public", "USAGE") for role in ROLES}, {
            *((role, "dmarcd_api", "USAGE") for role in ROLES),
            ("dmarcd_ingest", "dmarcd", "USAGE"), ("dmarcd_monitor", "dmarcd", "USAGE")})
        for nothing in (OWNED, MIGHTY, LOOSE_DEFINERS):
            self.assertEqual(self.sql(nothing), [], nothing)

    def check_functions(self):
        found = {}
        for role, function in self.sql(FUNCTIONS):
            found.setdefault(role, set()).add(function)
        self.assertEqual(found, {
            "dmarcd_read": HARMLESS,
            "dmarcd_web": HARMLESS | {ORIGINAL} | NOTED,
            "dmarcd_monitor": HARMLESS | {ORIGINAL},
            "dmarcd_ingest": HARMLESS | {ORIGINAL, "dmarcd.ensure_month", "dmarcd.shares", "dmarcd.rests_on_alignment",
                                         "dmarcd.provenance_rank"},
        })


class Roles(Rights, flow.FlowTest):
    def test_private_cluster(self):
        self.configure()
        self.check_rights()
        rights = self.sql("SELECT r, p FROM unnest('{dmarcd_ingest,dmarcd_read,dmarcd_web}'::text[]) r, "
                          "unnest('{CREATE,TEMPORARY}'::text[]) p "
                          "WHERE has_database_privilege(r, current_database(), p)")
        self.assertEqual(rights, [])
        self.assertEqual(self.sql(ELSEWHERE), [])
        self.assertEqual(self.sql(LARGE_OBJECTS), [])

    def test_server_of_ones_own(self):
        server = flow.Server(self.path("server")).start()
        try:
            self.configure(dsn=server.create("reports"))
            self.dmarcd("migrate")
            self.check_rights()
            self.check_a_right_too_many(server)
        finally:
            server.stop()

    def check_a_right_too_many(self, server):
        """The test finds what it is for, and the server refuses what no role may do."""
        server.psql("reports", "-c", "GRANT SELECT (file) ON dmarcd.mail TO dmarcd_web")
        self.assertRaises(AssertionError, self.check_rights)
        server.psql("reports", "-c", "REVOKE SELECT (file) ON dmarcd.mail FROM dmarcd_web")
        server.psql("reports", "-c", "CREATE TABLE dmarcd.account (name text)")
        for role, statement in (("dmarcd_ingest", "CREATE TABLE dmarcd.t ()"),
                                ("dmarcd_ingest", "DROP TABLE dmarcd.mail"),
                                ("dmarcd_ingest", "ALTER TABLE dmarcd.mail ADD x text"),
                                ("dmarcd_ingest", "SELECT name FROM dmarcd.account"),
                                ("dmarcd_ingest", "UPDATE dmarcd.migration SET sha256 = ''"),
                                ("dmarcd_web", "SELECT file FROM dmarcd.mail"),
                                ("dmarcd_web", "DELETE FROM dmarcd_api.audit"),
                                ("dmarcd_read", "SELECT dmarcd_api.original('')")):
            with self.assertRaisesRegex(AssertionError, "permission denied|must be owner", msg=statement):
                server.psql("reports", "-c", "SET ROLE " + role, "-c", statement)


if __name__ == "__main__":
    flow.main()
