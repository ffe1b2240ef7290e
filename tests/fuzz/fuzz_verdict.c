// SPDX-License-Identifier: Apache-2.0
/*
 * A worker's verdict, from hostile bytes: what the reader accepts is written
 * again, read again, and says the same. A request that is read writes itself.
 */
#include "tests/fuzz/fuzz.h"

#include "model/verdict_wire.h"
#include "model/verify_request.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define TEXT_BYTES ((size_t)64 << 20)

static void keep(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

static void add_json(struct buf *out, const struct verdict *verdict)
{
	struct json json;
	json_init(&json, out);
	verdict_json(&json, verdict);
}

static void check_verdict(struct str bytes)
{
	struct verdict_reader *first = verdict_reader_open(), *second = verdict_reader_open();
	struct buf frames, said, again;
	struct wire_writer writer;
	buf_init(&frames, TEXT_BYTES);
	buf_init(&said, TEXT_BYTES);
	buf_init(&again, TEXT_BYTES);
	const struct verdict *verdict = verdict_reader_add(first, bytes) ? verdict_reader_finish(first) : NULL;
	if (verdict) {
		wire_writer_init(&writer, keep, &frames);
		wire_write_hello(&writer);
		verdict_write(&writer, verdict);
		wire_writer_fini(&writer);
		if (!verdict_reader_add(second, buf_str(&frames)) || !verdict_reader_finish(second))
			die("a verdict that was read cannot be read again");
		add_json(&said, verdict);
		add_json(&again, verdict_reader_finish(second));
		if (!str_eq(buf_str(&said), buf_str(&again)))
			die("a verdict says something else the second time");
	}
	verdict_reader_close(&first);
	verdict_reader_close(&second);
	buf_fini(&frames);
	buf_fini(&said);
	buf_fini(&again);
}

static void check_request(struct str bytes)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct verify_request request;
	struct buf again;
	buf_init(&again, TEXT_BYTES);
	if (verify_request_get(bytes, arena, &request)) {
		verify_request_put(&again, &request);
		if (!str_eq(buf_str(&again), bytes))
			die("a request is spelled in two ways");
	}
	buf_fini(&again);
	arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str input = {(const char *)bytes, len};
	check_verdict(input);
	check_request(input);
	return 0;
}
