// SPDX-License-Identifier: Apache-2.0
#include "evidence/request.h"

#include "base/write.h"

#include <sys/mman.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX ((size_t)512 * 1024 * 1024)

void request_hints(const struct judged_mail *mail, uint64_t part, const struct verify_list *trusted_hops,
	const struct verify_list *authserv_ids, struct verdict_row *row_r)
{
	*row_r = (struct verdict_row){.sha256 = mail->sha256, .part = part, .kind = mail->kind};
	if (part == 0) {
		row_r->trusted_hops = *trusted_hops;
		row_r->authserv_ids = *authserv_ids;
		row_r->pairs = mail->pairs;
		return;
	}
	const struct judged_report *report = &mail->reports[part - 1];
	row_r->kind = JUDGED_FAILURE;
	row_r->ip = report->source_ip;
	row_r->mail_from = report->original_mail_from;
	row_r->headers_only = !report->has_body;
}

struct verify_request request_of(const struct judged_mail *mail, const struct verdict_row *row, struct str message)
{
	struct verify_request request = {
		.what = VERIFY_MESSAGE,
		.trace = true,
		.headers_only = row->headers_only,
		.ip = row->ip,
		.helo = row->helo,
		.mail_from = row->mail_from,
		/* Part of the hints, so that the same ones give the same verdict on another host. */
		.receiver = row->authserv_ids.count > 0 ? row->authserv_ids.at[0] : STR_NONE,
		.trusted_hops = row->trusted_hops,
		.authserv_ids = row->authserv_ids,
		.message = message,
	};
	if (row->part == 0) {
		request.claims = mail->claims;
		request.pairs = row->pairs;
	} else {
		request.has_reporter = true;
		request.reporter = mail->reports[row->part - 1].reporter;
	}
	return request;
}

int request_fd(const struct verify_request *request, uint64_t *bytes_r)
{
	struct buf bytes;
	buf_init(&bytes, REQUEST_BYTES_MAX);
	verify_request_put(&bytes, request);
	int fd = bytes.overflow ? -1 : memfd_create("request", MFD_CLOEXEC);
	if (fd >= 0 && (!write_all(fd, bytes.ptr, bytes.len) || lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	*bytes_r = bytes.len;
	buf_fini(&bytes);
	return fd;
}
