// SPDX-License-Identifier: Apache-2.0
/* Which mails share a process of the real worker: asked as a pool asks, all at once, so that none waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "model/job.h"
#include "model/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 8
#define WAIT_MSECS 60000
#define SMALL_RECORDS 120
#define LARGE_RECORDS 400
#define RECORD \
	"<record><row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated><disposition>none" \
	"</disposition></policy_evaluated></row><identifiers><header_from>example.com</header_from></identifiers>" \
	"</record>"

struct asked {
	enum job_kind kind;
	int records;
	uint64_t process_mails;
};

static pid_t template;
static int control;
static int outputs[JOBS_MAX];

static int open_template(void **state)
{
	int pair[2];
	struct job_message ready;
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	template = fork();
	if (template == 0) {
		if (pair[1] == JOB_CONTROL_FD)
			(void)fcntl(pair[1], F_SETFD, 0);
		else
			(void)dup2(pair[1], JOB_CONTROL_FD);
		(void)execl(getenv("DMARCD_WORKER"), "dmarcd-worker", "--template", (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	control = pair[0];
	assert_int_equal(job_receive(control, &ready, sizeof(ready), NULL), 1);
	assert_int_equal(ready.kind, JOB_MESSAGE_READY);
	return 0;
}

static int close_template(void **state)
{
	int status;
	(void)state;
	(void)close(control);
	assert_int_equal(waitpid(template, &status, 0), template);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Its frames do not fit into the pipe: who writes them waits there to be looked at. */
static void ask(const struct asked *asked, bool bare, int number)
{
	struct buf text;
	int pipe[2], pair[2] = {-1, -1};
	buf_init(&text, (size_t)1 << 20);
	buf_add_str(&text, STR("<feedback><report_metadata><org_name>acme</org_name><report_id>1</report_id>"
		"<date_range><begin>1700000000</begin><end>1700086399</end></date_range></report_metadata>"
		"<policy_published><domain>example.com</domain><p>none</p></policy_published>"));
	for (int i = 0; i < asked->records; i++)
		buf_add_str(&text, STR(RECORD));
	buf_add_str(&text, STR("</feedback>"));
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	assert_true(fcntl(pipe[1], F_SETPIPE_SZ, 4096) >= 0);
	struct job_request request = {.version = JOB_VERSION, .kind = asked->kind, .bare = bare, .bytes = text.len,
		.now_epoch_secs = 1790000000, .limits = limits_default()};
	request.limits.process_mails = asked->process_mails;
	if (asked->kind == JOB_PARSE)
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(job_send(control, &request, sizeof(request),
		(const int[JOB_FDS]){fd, pipe[1], pair[0], pair[1]}));
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(fd);
	(void)close(pipe[1]);
	outputs[number] = pipe[0];
	buf_fini(&text);
}

/* 0: none. */
static long child_pid(void)
{
	char path[64], text[64] = "";
	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)template, (long)template);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	const long pid = fgets(text, sizeof(text), file) ? strtol(text, NULL, 10) : 0;
	(void)fclose(file);
	return pid;
}

static long wait_for_writer(int number)
{
	struct pollfd wait = {.fd = outputs[number], .events = POLLIN};
	assert_int_equal(poll(&wait, 1, WAIT_MSECS), 1);
	return child_pid();
}

static int wait_for_frames(int number, struct buf *frames)
{
	char piece[4096];
	ssize_t got;
	struct job_message message;
	while ((got = read(outputs[number], piece, sizeof(piece))) > 0)
		buf_add(frames, piece, (size_t)got);
	(void)close(outputs[number]);
	assert_int_equal(job_receive(control, &message, sizeof(message), NULL), 1);
	assert_int_equal(message.kind, JOB_MESSAGE_ENDED);
	return message.status;
}

static int wait_for_end(int number)
{
	struct buf frames;
	buf_init(&frames, (size_t)1 << 20);
	const int status = wait_for_frames(number, &frames);
	buf_fini(&frames);
	return status;
}

/* Letters for the processes, in the order of the jobs: "aab" if the third had another than the first two. */
static const char *processes(const struct asked *asked, int count)
{
	static char letters[JOBS_MAX + 1];
	long pid, before = 0;
	char letter = 'a' - 1;
	for (int i = 0; i < count; i++)
		ask(&asked[i], false, i);
	for (int i = 0; i < count; i++) {
		pid = wait_for_writer(i);
		assert_true(pid > 0);
		letter = (char)(letter + (pid != before));
		letters[i] = letter;
		before = pid;
		assert_int_equal(wait_for_end(i), 0);
	}
	letters[count] = '\0';
	return letters;
}

static void test_so_many_share(void **state)
{
	const struct asked three = {JOB_PARSE, SMALL_RECORDS, 3};
	(void)state;
	assert_string_equal(processes((const struct asked[]){three, three, three, three, three}, 5), "aaabb");
}

static void test_each_has_its_own(void **state)
{
	const struct asked one = {JOB_PARSE, SMALL_RECORDS, 1};
	(void)state;
	assert_string_equal(processes((const struct asked[]){one, one, one}, 3), "abc");
}

static void test_large_has_its_own(void **state)
{
	const struct asked small = {JOB_PARSE, SMALL_RECORDS, 16}, large = {JOB_PARSE, LARGE_RECORDS, 16};
	(void)state;
	assert_string_equal(processes((const struct asked[]){small, large, large, small, small}, 5), "abcdd");
}

static void test_other_work_has_its_own(void **state)
{
	const struct asked parse = {JOB_PARSE, SMALL_RECORDS, 16}, extract = {JOB_EXTRACT, SMALL_RECORDS, 16},
		other_limits = {JOB_PARSE, SMALL_RECORDS, 17};
	(void)state;
	assert_string_equal(processes((const struct asked[]){parse, extract, extract, parse, other_limits}, 5),
		"abcde");
}

/* The mail it held is told to have died with it; the next has a fresh process. */
static void test_killed(void **state)
{
	const struct asked asked = {JOB_PARSE, SMALL_RECORDS, 16};
	(void)state;
	for (int i = 0; i < 3; i++)
		ask(&asked, false, i);
	long first = wait_for_writer(0);
	assert_int_equal(wait_for_end(0), 0);
	assert_int_equal(wait_for_writer(1), first);
	assert_int_equal(kill((pid_t)first, SIGKILL), 0);
	int status = wait_for_end(1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_not_equal(wait_for_writer(2), first);
	assert_int_equal(wait_for_end(2), 0);
}

/* With nothing more to read it does not stay: the test's own time limit ends a wait in vain. */
static void test_does_not_stay(void **state)
{
	const struct asked asked = {JOB_PARSE, SMALL_RECORDS, 16};
	(void)state;
	assert_string_equal(processes(&asked, 1), "a");
	while (child_pid() != 0)
		(void)poll(NULL, 0, 1);
}

/* What a sum needs is the same, the rest stays behind. */
static void test_bare_records(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	(void)state;
	for (int bare = 0; bare <= 1; bare++) {
		struct buf frames;
		struct frame frame;
		struct aggregate_record record;
		int records = 0;
		buf_init(&frames, (size_t)1 << 20);
		ask(&(struct asked){JOB_PARSE, SMALL_RECORDS, 16}, bare, 0);
		assert_int_equal(wait_for_frames(0, &frames), 0);
		for (struct str rest = buf_str(&frames); wire_next(&rest, &frame) > 0;) {
			if (frame.type != FRAME_RECORD)
				continue;
			assert_true(wire_read_record(frame.payload, arena, &record));
			assert_int_equal(record.messages, 1);
			assert_int_equal(record.header_from.len > 0, !bare);
			records++;
		}
		assert_int_equal(records, SMALL_RECORDS);
		buf_fini(&frames);
	}
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_so_many_share, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_each_has_its_own, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_large_has_its_own, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_other_work_has_its_own, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_killed, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_does_not_stay, open_template, close_template),
		cmocka_unit_test_setup_teardown(test_bare_records, open_template, close_template),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
