// SPDX-License-Identifier: Apache-2.0
#include "web/original.h"

#include "base/clock.h"
#include "pool/gzip.h"
#include "store/query.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 * 1024)

struct originals_reader {
	struct pool *pool;
	const struct limits *limits;
	pthread_mutex_t mutex;
};

struct originals_reader *originals_reader_open(struct pool *pool, const struct limits *limits)
{
	struct originals_reader *reader = calloc(1, sizeof(*reader));
	if (!reader || pthread_mutex_init(&reader->mutex, NULL) != 0)
		die_out_of_memory();
	reader->pool = pool;
	reader->limits = limits;
	return reader;
}

void originals_reader_close(struct originals_reader **reader)
{
	if (!*reader)
		return;
	(void)pthread_mutex_destroy(&(*reader)->mutex);
	free(*reader);
	*reader = NULL;
}

static int hex_value(char c)
{
	return ascii_is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);
		if (done < 0 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/* gzip in hex -> a memfd with the mail's bytes; -1 when that fails. */
static int unpack(struct str hex, uint64_t max_bytes, uint64_t *bytes_r)
{
	struct buf packed, bytes;
	int fd = memfd_create("original", MFD_CLOEXEC);
	buf_init(&packed, hex.len / 2);
	buf_init(&bytes, max_bytes + PIECE_BYTES);
	for (size_t i = 0; i + 1 < hex.len; i += 2)
		buf_add_char(&packed, (char)(hex_value(hex.ptr[i]) << 4 | hex_value(hex.ptr[i + 1])));
	bool good = fd >= 0 && gzip_unpack(buf_str(&packed), &bytes) && write_all(fd, bytes.ptr, bytes.len);
	*bytes_r = bytes.len;
	buf_fini(&packed);
	buf_fini(&bytes);
	if (good || fd < 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void on_bytes(void *context, struct str bytes)
{
	buf_add_str(context, bytes);
}

static enum err extract(struct originals_reader *reader, int fd, uint64_t bytes, uint32_t report_no, struct buf *out,
	struct error *error)
{
	struct job_done done;
	struct job job = {
		.kind = JOB_EXTRACT,
		.fd = fd,
		.bytes = bytes,
		.report_no = report_no,
		.now_epoch_secs = clock_epoch_secs(),
		.on_bytes = on_bytes,
		.context = out,
	};
	(void)pthread_mutex_lock(&reader->mutex);
	pool_run(reader->pool, &job, &done);
	(void)pthread_mutex_unlock(&reader->mutex);
	if (done.end == JOB_DONE && out->len > 0)
		return ERR_OK;
	return error_set(error, ERR_PERM, "the worker could not unpack it: %s", done.detail.text);
}

enum err original_read(struct originals_reader *reader, struct store *store, struct str key, struct buf *out,
	struct error *error)
{
	struct rows *rows = NULL;
	uint64_t bytes = 0;
	uint32_t report_no = 0;
	int fd = -1;
	enum err err = query_open(store, "SELECT encode(dmarcd_api.original(mail_sha256), 'hex') AS packed, report_no "
		"FROM dmarcd_api.report WHERE report_key = $1::uuid", &key, 1, false, &rows, error);
	if (!err && query_next(rows) && query_get(rows, "packed").len > 0) {
		report_no = (uint32_t)query_get_i64(rows, "report_no");
		fd = unpack(query_get(rows, "packed"), limits_file_bytes(reader->limits), &bytes);
	}
	query_close(&rows);
	if (err)
		return err;
	if (fd < 0 || !reader->pool) {
		if (fd >= 0)
			(void)close(fd);
		return error_set(error, ERR_NOTFOUND, "the original of this report is not kept");
	}
	err = extract(reader, fd, bytes, report_no, out, error);
	(void)close(fd);
	return err;
}
