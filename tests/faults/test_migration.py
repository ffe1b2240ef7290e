#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A migration cut off at every statement that it runs in the server, and at every message between:
nothing of it remains, and the next one does the whole. With FAULTS=all: at every answer, too.

usage: test_migration.py BIN_DIR
"""
import fault
import flow
import proxy

# A sequence goes on counting when its transaction does not.
KILL_AT = """CREATE SCHEMA trap; CREATE SEQUENCE trap.statements;
CREATE FUNCTION trap.count() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
IF nextval('trap.statements') = nullif(current_setting('trap.at', true), '')::bigint THEN
PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;
CREATE EVENT TRIGGER trap ON ddl_command_start EXECUTE FUNCTION trap.count()"""
OURS = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'dmarcd%'"


class Migration(fault.FaultTest):
    def setUp(self):
        super().setUp()
        self.server = self.own_server()
        self.configure(self.maildir, dsn=self.server.create("dmarcd"))

    def psql(self, *statements):
        return self.server.psql("dmarcd", *(word for statement in statements for word in ("-c", statement)))

    def test_killed_at_every_statement(self):
        self.psql(KILL_AT)
        at, code = 0, flow.EX_UNAVAILABLE
        while code == flow.EX_UNAVAILABLE:
            at += 1
            self.psql("ALTER SEQUENCE trap.statements RESTART", "ALTER DATABASE dmarcd SET trap.at = %d" % at)
            code = self.dmarcd("migrate", code=(flow.EX_OK, flow.EX_UNAVAILABLE)).returncode
            self.assertEqual(self.psql(OURS), "2" if code == flow.EX_OK else "0", at)
        self.assertGreater(at, 50)
        self.psql("DROP EVENT TRIGGER trap")
        self.dmarcd("migrate")
        self.put_good()
        self.put_broken()
        self.dmarcd("ingest", "--once", code=flow.EX_DATAERR)
        self.check()

    def test_cut_at_every_message(self):
        """An answer to COMMIT that is lost leaves the whole, any other loss nothing."""
        at, seen = 0, 0

        def trouble(message):
            nonlocal seen
            if fault.ALL or message.toward == proxy.SERVER or message.kind == proxy.READY:
                seen += 1
                return proxy.CUT if seen == at else proxy.PASS
            return proxy.PASS

        between = proxy.Proxy(self.server, self.path("proxy"), trouble)
        self.addCleanup(between.close)
        self.configure(self.maildir, dsn=between.dsn("dmarcd"))
        code = flow.EX_UNAVAILABLE
        while code == flow.EX_UNAVAILABLE:
            at, seen = at + 1, 0
            code = self.dmarcd("migrate", code=(flow.EX_OK, flow.EX_UNAVAILABLE)).returncode
            if code == flow.EX_UNAVAILABLE and self.psql(OURS) != "0":
                self.assertEqual(self.psql(OURS), "2")
                self.psql("DROP SCHEMA dmarcd, dmarcd_api CASCADE")
        self.assertGreater(at, 20)
        self.put_good()
        at = 0
        self.dmarcd("ingest", "--once")
        self.check()


if __name__ == "__main__":
    flow.main()
