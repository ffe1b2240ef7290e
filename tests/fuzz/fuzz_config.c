// SPDX-License-Identifier: Apache-2.0
/*
 * A configuration file: refused with its place, or what `config show` prints of
 * it is read back to the same, and its JSON is JSON.
 */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/utf8.h"
#include "daemon/config/config.h"

/* The configuration as YAML into out. False: refused. */
static bool show(const char *path, struct buf *out)
{
	struct config *config = NULL;
	struct error error = {0};
	enum err err = config_load(path, &config, &error);
	if (err) {
		struct str place = str_from(error.text);
		if (err != ERR_INVALID || !str_starts(place, str_from(path)) || !utf8_valid(place))
			die("refused without its place: %s", error.text);
		return false;
	}
	struct buf json;
	json_error_t json_error;
	buf_init(&json, SIZE_MAX / 4);
	config_write(config, out);
	config_write_json(config, &json);
	json_t *value = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, &json_error);
	if (!json_is_object(value))
		die("no JSON: %s", json_error.text);
	json_decref(value);
	buf_fini(&json);
	config_free(&config);
	return true;
}

static void put(int fd, struct str text)
{
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text.ptr, text.len, 0) != (ssize_t)text.len)
		die("memfd");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char path[64];
	struct buf first, again;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	buf_init(&first, SIZE_MAX / 4);
	buf_init(&again, SIZE_MAX / 4);
	put(fd, (struct str){len > 0 ? (const char *)bytes : "", len});
	if (show(path, &first)) {
		put(fd, buf_str(&first));
		if (!show(path, &again) || !str_eq(buf_str(&first), buf_str(&again)))
			die("shown:\n%s\nread back:\n%s", buf_cstr(&first), buf_cstr(&again));
	}
	buf_fini(&first);
	buf_fini(&again);
	close(fd);
	return 0;
}
