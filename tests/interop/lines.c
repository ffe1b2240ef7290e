// SPDX-License-Identifier: Apache-2.0
#include "tests/interop/lines.h"

#include "base/buf.h"
#include "dns/replay.h"
#include "dns/session.h"

#include <stdio.h>
#include <stdlib.h>

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

struct str lines_unhex(struct arena *arena, struct str hex)
{
	char *bytes = arena_alloc(arena, hex.len / 2 + 1);
	for (size_t i = 0; i + 1 < hex.len; i += 2)
		bytes[i / 2] = (char)(digit(hex.ptr[i]) * 16 + digit(hex.ptr[i + 1]));
	return (struct str){bytes, hex.len / 2};
}

static void answer_one(struct str request, struct str zone, void (*answer)(struct arena *, struct str, struct dns *))
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct dns *replay;
	struct error error;
	if (dns_replay_open(arena, STR("zone"), zone, &replay, &error) != ERR_OK)
		die("%s", error.text);
	answer(arena, request, dns_session_dns(dns_session_open(arena, replay, 1000)));
	(void)fflush(stdout);
	arena_close(&arena);
}

void lines_answer(void (*answer)(struct arena *arena, struct str request, struct dns *dns))
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	struct buf request, zone;
	buf_init(&request, (size_t)16 << 20);
	buf_init(&zone, (size_t)8 << 20);
	while ((len = getline(&line, &room, stdin)) > 0) {
		if (request.len == 0) {
			buf_add(&request, line, (size_t)len - 1);
		} else if (len > 1) {
			buf_add(&zone, line, (size_t)len);
		} else {
			answer_one(buf_str(&request), buf_str(&zone), answer);
			buf_reset(&request);
			buf_reset(&zone);
		}
	}
	free(line);
	buf_fini(&request);
	buf_fini(&zone);
}
