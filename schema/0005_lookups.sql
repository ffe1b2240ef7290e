-- SPDX-License-Identifier: Apache-2.0
-- Pages, `dmarcd mails` and programs ask the views for one mail by its hash in hex and for one
-- report by its key alone. Both tables have a row a mail or report, not a record, so
-- these indexes cost little.
CREATE INDEX mail_hex ON dmarcd.mail (encode(sha256, 'hex'));
CREATE INDEX report_mail_hex ON dmarcd.report (encode(mail_sha256, 'hex'));
CREATE INDEX report_by_key ON dmarcd.report (report_key);
