// SPDX-License-Identifier: Apache-2.0
#include "ingest/load.h"

#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)256 * 1024)

struct load {
	uint64_t limit_bytes;
	const char *spill_directory;
	struct digest *digest;
	char *chunk;
	size_t chunk_used;
	int fd;          /* where the bytes of the mail at hand go */
	uint64_t bytes;
	bool spilled;
	int failed;      /* errno of the first failure */
	const char *doing;
};

struct load *load_open(uint64_t limit_bytes, const char *spill_directory)
{
	struct load *load = malloc(sizeof(*load));
	char *chunk = malloc(CHUNK_BYTES);
	if (!load || !chunk)
		die_out_of_memory();
	*load = (struct load){
		.limit_bytes = limit_bytes,
		.spill_directory = spill_directory,
		.digest = digest_open(),
		.chunk = chunk,
		.fd = -1,
	};
	return load;
}

void load_close(struct load **load)
{
	if (!*load)
		return;
	if ((*load)->fd >= 0)
		(void)close((*load)->fd);
	digest_close(&(*load)->digest);
	free((*load)->chunk);
	free(*load);
	*load = NULL;
}

static void fail(struct load *load, const char *doing)
{
	if (load->failed)
		return;
	load->failed = errno;
	load->doing = doing;
}

void load_begin(struct load *load)
{
	if (load->fd >= 0)
		(void)close(load->fd);
	(void)digest_take(load->digest);
	load->bytes = 0;
	load->chunk_used = 0;
	load->spilled = false;
	load->failed = 0;
	load->fd = memfd_create("mail", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (load->fd < 0)
		fail(load, "make a memory file");
}

static void keep(struct load *load, const char *bytes, size_t len)
{
	if (!load->failed && !write_all(load->fd, bytes, len))
		fail(load, "keep the mail's bytes");
}

/* From memory to disk, once the limit is passed. */
static void spill(struct load *load)
{
	int memory = load->fd;
	off_t offset = 0;
	ssize_t got = 1;
	load->spilled = true;
	load->fd = open(load->spill_directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (load->fd < 0)
		fail(load, "make a file for a large mail");
	char piece[8192];
	while (!load->failed && (got = pread(memory, piece, sizeof(piece), offset)) > 0) {
		keep(load, piece, (size_t)got);
		offset += got;
	}
	if (got < 0)
		fail(load, "read a memory file");
	(void)close(memory);
}

static void flush(struct load *load)
{
	if (!load->failed) {
		digest_add(load->digest, load->chunk, load->chunk_used);
		load->bytes += load->chunk_used;
		if (load->bytes > load->limit_bytes && !load->spilled)
			spill(load);
		keep(load, load->chunk, load->chunk_used);
	}
	load->chunk_used = 0;
}

void load_add(struct load *load, const void *bytes, size_t len)
{
	const char *from = bytes;
	while (len > 0) {
		size_t room = CHUNK_BYTES - load->chunk_used;
		size_t part = len < room ? len : room;
		(void)memcpy(load->chunk + load->chunk_used, from, part);
		load->chunk_used += part;
		from += part;
		len -= part;
		if (load->chunk_used == CHUNK_BYTES)
			flush(load);
	}
}

enum err load_end(struct load *load, struct taken *taken, struct error *error)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	flush(load);
	if (!load->failed && !load->spilled && fcntl(load->fd, F_ADD_SEALS, seals) != 0)
		fail(load, "seal a memory file");
	if (load->failed)
		return error_errno(error, ERR_TEMP, load->failed, "cannot %s", load->doing);
	taken->fd = load->fd;
	load->fd = -1;
	taken->bytes = load->bytes;
	taken->too_large = load->spilled;
	taken->sha256 = digest_take(load->digest);
	return ERR_OK;
}

enum err load_fd(struct load *load, int fd, struct taken *taken, struct error *error)
{
	load_begin(load);
	for (;;) {
		ssize_t got = read(fd, load->chunk + load->chunk_used, CHUNK_BYTES - load->chunk_used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(error, ERR_PERM, errno, "cannot read %.*s",
				STR_FMT(taken->source.file));
		if (got == 0)
			return load_end(load, taken, error);
		load->chunk_used += (size_t)got;
		if (load->chunk_used == CHUNK_BYTES)
			flush(load);
	}
}
