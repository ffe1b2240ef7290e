-- SPDX-License-Identifier: Apache-2.0
-- A report that stood in the text of its mail may be what the mail's author only quoted. Of a report's first mail
-- its issues tell; of a later one, this.

ALTER TABLE dmarcd.report_copy ADD COLUMN in_text boolean NOT NULL DEFAULT false;
