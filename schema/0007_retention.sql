-- SPDX-License-Identifier: Apache-2.0
-- Up to when retention has forgotten what was too old. A clock that jumps ahead of it is not believed
-- at once: each run comes two days nearer.
CREATE TABLE dmarcd.retention (at timestamptz NOT NULL);
INSERT INTO dmarcd.retention VALUES (now());
