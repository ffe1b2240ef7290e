// SPDX-License-Identifier: Apache-2.0
#include "evidence/repeat.h"

#include "base/write.h"
#include "evidence/outcome.h"
#include "evidence/request.h"
#include "evidence/sample_judge.h"
#include "pool/gzip.h"

#include <sys/mman.h>
#include <unistd.h>

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static void take_piece(void *context, struct str bytes)
{
	buf_add_str(context, bytes);
}

static enum err ended(const struct job_done *done, struct error *error)
{
	if (done->end == JOB_DONE)
		return ERR_OK;
	*error = done->detail;
	return error->code = done->end == JOB_UNAVAILABLE ? ERR_TEMP : ERR_PERM;
}

static enum err extract(const struct repeat *repeat, uint64_t report_no, struct buf *bytes, struct error *error)
{
	struct job_done done = {.end = JOB_UNAVAILABLE, .detail = {.text = "no memory file can be had"}};
	struct job job = {.kind = JOB_EXTRACT, .fd = memfd_create("mail", MFD_CLOEXEC), .dns_fd = -1,
		.bytes = bytes->len, .report_no = (uint32_t)report_no, .on_bytes = take_piece, .context = bytes};
	if (job.fd >= 0 && write_all(job.fd, bytes->ptr, bytes->len) && lseek(job.fd, 0, SEEK_SET) == 0) {
		buf_reset(bytes);
		pool_run(repeat->pool, &job, &done);
	}
	close_fd(job.fd);
	return ended(&done, error);
}

enum err repeat_bytes(const struct repeat *repeat, const struct stored_verdict *stored, struct buf *bytes,
	struct error *error)
{
	uint64_t part = stored->row.part;
	buf_reset(bytes);
	if (!stored->mail.packed.ptr || !gzip_unpack(stored->mail.packed, bytes))
		return error_set(error, ERR_NOTFOUND, "its bytes are gone");
	if (part == 0)
		return ERR_OK;
	if (part > stored->mail.claims.count)
		return error_set(error, ERR_NOTFOUND, "its report is gone");
	return extract(repeat, stored->mail.claims.at[part - 1].report_no, bytes, error);
}

static enum err fill(const struct repeat *repeat, struct arena *arena, const struct stored_verdict *stored,
	const struct verdict *verdict, struct repeated *repeated, struct error *error)
{
	if (verdict->refused.len > 0)
		return error_set(error, ERR_INVALID, "%.*s", STR_FMT(verdict->refused));
	outcome_row(arena, verdict, &repeated->row);
	if (stored->mail.kind == JUDGED_SAMPLE && repeat->inventory) {
		repeated->sample = ARENA_NEW(arena, struct sample_finding);
		sample_judge(repeat->inventory, verdict, arena, repeated->sample);
	}
	repeated->findings_count = stored->row.part == 0 ? stored->mail.claims.count : 1;
	repeated->findings = ARENA_ARRAY(arena, repeated->findings_count + 1, struct report_finding);
	if (stored->row.part > 0)
		outcome_recheck(arena, verdict, &repeated->findings[0]);
	else if (!outcome_findings(arena, &stored->mail, verdict, repeated->findings))
		return error_set(error, ERR_PERM, "the worker's verdict is not what was asked for");
	return ERR_OK;
}

enum err repeat_verdict(const struct repeat *repeat, struct arena *arena, const struct stored_verdict *stored,
	struct str bytes, struct str answers_file, struct str answers, struct repeated *repeated_r, struct error *error)
{
	struct job_done done = {.end = JOB_UNAVAILABLE, .detail = {.text = "no memory file can be had"}};
	struct job job = {.kind = JOB_VERIFY, .dns_fd = -1, .now_epoch_secs = stored->row.judged_epoch_secs,
		.verdict = repeat->reader};
	struct verify_request request = request_of(&stored->mail, &stored->row, bytes);
	request.replay = answers;
	request.replay_file = answers_file;
	*repeated_r = (struct repeated){.row = stored->row};
	enum err err = answers.ptr ? ERR_OK : repeat->dns->job(repeat->dns->context, &job.dns_fd, error);
	if (err)
		return err;
	job.fd = request_fd(&request, &job.bytes);
	if (job.fd >= 0)
		pool_run(repeat->pool, &job, &done);
	close_fd(job.fd);
	close_fd(job.dns_fd);
	err = ended(&done, error);
	return err ? err : fill(repeat, arena, stored, verdict_reader_finish(repeat->reader), repeated_r, error);
}
