// SPDX-License-Identifier: Apache-2.0
#include "web/original.h"

#include "base/clock.h"
#include "base/write.h"
#include "pool/gzip.h"
#include "store/query.h"
#include "web/noted.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* -1 when that fails. */
static int unpack(struct str packed, uint64_t max_bytes, uint64_t *bytes_r)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);
	if (fd < 0 || gzip_unpack_to(packed, max_bytes, fd, bytes_r))
		return fd;
	(void)close(fd);
	return -1;
}

/* A worker is not believed that it keeps to the limits. */
struct sink {
	int fd;
	uint64_t bytes, max_bytes;
	bool failed;
};

static void on_bytes(void *context, struct str bytes)
{
	struct sink *sink = context;
	sink->bytes += bytes.len;
	sink->failed |= sink->bytes > sink->max_bytes || !write_all(sink->fd, bytes.ptr, bytes.len);
}

static enum err extract(struct originals_reader *reader, int mail_fd, uint64_t bytes, uint32_t report_no,
	struct sink *sink, struct error *error)
{
	struct job_done done;
	struct job job = {
		.kind = JOB_EXTRACT,
		.fd = mail_fd,
		.bytes = bytes,
		.report_no = report_no,
		.now_epoch_secs = clock_epoch_secs(),
		.on_bytes = on_bytes,
		.context = sink,
	};
	pool_run(reader->pool, &job, &done);
	if (done.end != JOB_DONE || sink->bytes == 0)
		return error_set(error, ERR_PERM, "the worker could not unpack it: %s", done.detail.text);
	if (sink->failed || lseek(sink->fd, 0, SEEK_SET) != 0)
		return error_set(error, ERR_PERM, "the original found no room in memory");
	return ERR_OK;
}

/* In pieces, so that libpq never holds all of it twice over as hex. */
static const char select_pieces[] =
	"SELECT encode(substring(o.packed FROM n FOR 1048576), 'hex') AS piece, o.report_no FROM "
	"(SELECT dmarcd_api.original(mail_sha256) AS packed, report_no FROM dmarcd_api.report "
	"WHERE report_key = $1::uuid OFFSET 0) o, generate_series(1, octet_length(o.packed), 1048576) AS n ORDER BY n";

static const char select_sample_pieces[] =
	"SELECT encode(substring(o.packed FROM n FOR 1048576), 'hex') AS piece, o.report_no FROM "
	"dmarcd_api.sample_original($1::uuid, $2, $3::inet) o, generate_series(1, octet_length(o.packed), 1048576) "
	"AS n "
	"ORDER BY n";

static enum err is_sample(struct store *store, struct str key, bool *sample_r, struct error *error)
{
	struct rows *rows = NULL;
	enum err err = query_open(store, "SELECT FROM dmarcd_api.report WHERE report_key = $1::uuid AND kind = "
	"'failure'",
		&key, 1, false, &rows, error);
	*sample_r = !err && query_count(rows) > 0;
	query_close(&rows);
	return err;
}

/* The gzip of the mail; empty when it is not kept. */
static enum err fetch(struct store *store, const struct request *request, struct str key, bool *personal_r,
	struct buf *packed, uint32_t *report_no_r, struct error *error)
{
	struct rows *rows = NULL;
	const struct str params[] = {key, STR("-"), request->address};
	enum err err = is_sample(store, key, personal_r, error);
	if (!err)
		err = *personal_r ? noted_query(request->web, select_sample_pieces, params, 3, &rows, error) :
			query_open(store, select_pieces, &key, 1, true, &rows, error);
	if (err)
		return err;
	while (query_next(rows)) {
		struct str hex = query_get(rows, "piece");
		*report_no_r = (uint32_t)query_get_i64(rows, "report_no");
		for (size_t i = 0; i + 1 < hex.len; i += 2)
			buf_add_char(packed, (char)(hex_value(hex.ptr[i]) << 4 | hex_value(hex.ptr[i + 1])));
	}
	if (query_failed(rows, error))
		err = ERR_TEMP;
	query_close(&rows);
	return err;
}

static enum err read_one(struct originals_reader *reader, struct store *store, const struct request *request,
	struct str key, bool *personal_r, struct sink *sink, struct error *error)
{
	struct buf packed;
	uint64_t bytes = 0;
	uint32_t report_no = 0;
	buf_init(&packed, limits_file_bytes(reader->limits) * 2);
	enum err err = fetch(store, request, key, personal_r, &packed, &report_no, error);
	int fd = !err && packed.len > 0 ? unpack(buf_str(&packed), limits_file_bytes(reader->limits),
		&bytes) : -1;
	buf_fini(&packed);
	if (!err && (fd < 0 || !reader->pool))
		err = error_set(error, ERR_NOTFOUND, "the original of this report is not kept");
	if (!err)
		err = extract(reader, fd, bytes, report_no, sink, error);
	if (fd >= 0)
		(void)close(fd);
	return err;
}

enum err original_read(struct originals_reader *reader, struct store *store, const struct request *request,
	struct str key, bool *personal_r, int *fd_r, uint64_t *bytes_r, struct error *error)
{
	struct sink sink = {.fd = memfd_create("original", MFD_CLOEXEC), .max_bytes = reader->limits->unpacked_bytes};
	if (sink.fd < 0)
		return error_set(error, ERR_TEMP, "no memory file");
	(void)pthread_mutex_lock(&reader->mutex);
	enum err err = read_one(reader, store, request, key, personal_r, &sink, error);
	(void)pthread_mutex_unlock(&reader->mutex);
	*fd_r = sink.fd;
	*bytes_r = sink.bytes;
	if (!err)
		return ERR_OK;
	(void)close(sink.fd);
	return err;
}
