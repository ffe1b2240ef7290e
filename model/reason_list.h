// SPDX-License-Identifier: Apache-2.0
/* REASON(NAME, "stable.code", sentence). No include guard: an X-macro list. */
REASON(NONE, "", "")

/* not_a_report */
REASON(NOT_MAIL_REPORT, "not_a_report.mail", "the mail holds no DMARC or TLS report")
REASON(NOT_BOUNCE, "not_a_report.bounce", "the mail is a delivery status notification")
REASON(NOT_ABUSE, "not_a_report.abuse", "the mail is an abuse complaint, not an authentication failure report")
REASON(NOT_AUTO_REPLY, "not_a_report.auto_reply", "the mail is an automatic answer")
REASON(NOT_ERROR_REPORT, "not_a_report.error_report", "the mail says that a report was too large to be sent")

/* files and mail */
REASON(FILE_TOO_LARGE, "file.too_large", "the file is larger than limits.mail_bytes, or limits.report_bytes where it is a bare document")
REASON(FILE_EMPTY, "file.empty", "the file is empty")
REASON(FILE_UNREADABLE, "file.unreadable", "the file cannot be read")
REASON(FILE_UNKNOWN, "file.unknown", "the file is neither a mail nor XML, JSON, zip or gzip")
REASON(MAIL_HEADERS, "mail.headers_too_large", "the headers are larger or more than allowed")
REASON(MAIL_PARTS, "mail.too_many_parts", "the mail has more parts or levels than allowed")
REASON(MAIL_ENCRYPTED, "mail.encrypted", "the mail is encrypted")
REASON(MAIL_SMIME, "mail.smime", "the S/MIME wrapper cannot be opened")
REASON(MAIL_ATTACHMENTS, "mail.too_many_attachments", "the mail has more attachments or reports than allowed")

/* archives */
REASON(ARCHIVE_EMPTY, "archive.empty", "the archive or attachment is empty")
REASON(ARCHIVE_NO_REPORT, "archive.no_report", "the archive holds no report")
REASON(ARCHIVE_DAMAGED, "archive.damaged", "the archive is damaged or cut short")
REASON(ARCHIVE_METHOD, "archive.method", "the archive uses a compression method that is not read")
REASON(ARCHIVE_ENCRYPTED, "archive.encrypted", "the archive is protected by a password")
REASON(ARCHIVE_FORMAT, "archive.format", "the attachment is an archive of a kind that is not read")
REASON(ARCHIVE_TOO_LARGE, "archive.too_large", "the archive unpacks to more than allowed")
REASON(ARCHIVE_RATIO, "archive.ratio", "the archive unpacks to far more than its size")
REASON(ARCHIVE_DEPTH, "archive.depth", "archives are nested deeper than allowed")
REASON(ARCHIVE_ENTRIES, "archive.entries", "the archive has more members, or longer names, than allowed")
REASON(ARCHIVE_STALLED, "archive.stalled", "the archive data never ends")

/* XML */
REASON(XML_MALFORMED, "xml.malformed", "the XML is not well-formed")
REASON(XML_DOCTYPE, "xml.doctype", "the XML has a DOCTYPE or entity declaration, which no report has")
REASON(XML_ENTITY, "xml.entity", "the XML uses an entity that is not defined")
REASON(XML_ENCODING, "xml.encoding", "the XML is in an encoding that is not read")
REASON(XML_ROOT, "xml.root", "the XML is not a DMARC report")
REASON(XML_SECOND_ROOT, "xml.second_root", "a second document follows the report")
REASON(XML_DEPTH, "xml.depth", "the XML is nested deeper than allowed")
REASON(XML_TAG_TOO_LARGE, "xml.tag_too_large", "an XML tag is longer, or has more attributes, than allowed")
REASON(XML_TEXT_TOO_LARGE, "xml.text_too_large", "an XML text is longer than allowed")
REASON(XML_ELEMENTS, "xml.elements", "the XML has more elements, or more different names, than allowed")
REASON(XML_TOO_LARGE, "xml.too_large", "the report is larger than limits.report_bytes")

/* aggregate reports */
REASON(REPORT_DATES, "report.dates", "the period of the report is missing or impossible")
REASON(REPORT_METADATA, "report.metadata", "the report has no report_metadata")
REASON(REPORT_ID, "report.id", "the report id is longer than allowed")
REASON(REPORT_DOMAIN, "report.domain", "the report names no valid policy domain")
REASON(REPORT_RECORDS, "report.records", "the report has more records than allowed")
REASON(RECORD_COUNT, "record.count", "a count is not a whole number from 0 to 2^63-1")

/* failure and TLS reports */
REASON(FAILURE_MALFORMED, "failure.malformed", "the failure report cannot be read")
REASON(TLS_MALFORMED, "tls.malformed", "the JSON is not well-formed")
REASON(TLS_SHAPE, "tls.shape", "the JSON is not a TLS report")
REASON(TLS_COUNT, "tls.count", "a session count is not a whole number from 0 to 2^63-1")
REASON(TLS_DATES, "tls.dates", "the period of the TLS report is missing or impossible")
REASON(TLS_TOO_LARGE, "tls.too_large", "the TLS report is larger, deeper or has more entries than allowed")

/* the worker and the store */
REASON(WORKER_CRASHED, "worker.crashed", "the parser crashed on this mail, twice")
REASON(WORKER_TIMEOUT, "worker.timeout", "the parser did not finish in time, twice")
REASON(WORKER_MEMORY, "worker.memory", "the parser needed more memory than allowed")
REASON(WORKER_PROTOCOL, "worker.protocol", "the parser's answer was not valid")
REASON(STORE_REJECTED, "store.rejected", "the database refused the rows of this mail")
REASON(FILE_CHANGING, "file.changing", "the file was still changing a second after it was first read")
