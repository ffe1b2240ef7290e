// SPDX-License-Identifier: Apache-2.0
#include "web/deadlines.h"

#include "base/clock.h"
#include "base/error.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define WRITE_BYTES_PER_SEC (32 * 1024) /* on top, so that a large answer may take its time */
#define LOOK_SECS 1
#define NEVER INT64_MAX

struct deadline {
	struct deadline *next, **link; /* link: what points here */
	int fd;
	int64_t due_msecs;
	int64_t last_msecs; /* of an answer whose length is not known: due at the rate so far */
};

struct deadlines {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	pthread_t thread;
	struct deadline *first;
	unsigned read_secs, write_secs;
	bool ending;
};

static void shut_late(struct deadlines *deadlines, int64_t now)
{
	for (struct deadline *deadline = deadlines->first; deadline; deadline = deadline->next) {
		if (deadline->due_msecs > now)
			continue;
		(void)shutdown(deadline->fd, SHUT_RDWR);
		deadline->due_msecs = NEVER;
	}
}

static void *watch(void *context)
{
	struct deadlines *deadlines = context;
	(void)pthread_mutex_lock(&deadlines->mutex);
	while (!deadlines->ending) {
		struct timespec until;
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_SECS;
		(void)pthread_cond_timedwait(&deadlines->ended, &deadlines->mutex, &until);
		shut_late(deadlines, clock_monotonic_msecs());
	}
	(void)pthread_mutex_unlock(&deadlines->mutex);
	return NULL;
}

struct deadlines *deadlines_open(unsigned read_secs, unsigned write_secs)
{
	struct deadlines *deadlines = calloc(1, sizeof(*deadlines));
	pthread_condattr_t attributes;
	if (!deadlines)
		die_out_of_memory();
	deadlines->read_secs = read_secs;
	deadlines->write_secs = write_secs;
	if (pthread_condattr_init(&attributes) != 0 || pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
		pthread_mutex_init(&deadlines->mutex, NULL) != 0 ||
		pthread_cond_init(&deadlines->ended, &attributes) != 0 ||
		pthread_create(&deadlines->thread, NULL, watch, deadlines) != 0)
		die_out_of_memory();
	(void)pthread_condattr_destroy(&attributes);
	return deadlines;
}

void deadlines_close(struct deadlines **deadlines)
{
	if (!*deadlines)
		return;
	(void)pthread_mutex_lock(&(*deadlines)->mutex);
	(*deadlines)->ending = true;
	(void)pthread_cond_signal(&(*deadlines)->ended);
	(void)pthread_mutex_unlock(&(*deadlines)->mutex);
	(void)pthread_join((*deadlines)->thread, NULL);
	(void)pthread_cond_destroy(&(*deadlines)->ended);
	(void)pthread_mutex_destroy(&(*deadlines)->mutex);
	free(*deadlines);
	*deadlines = NULL;
}

struct deadline *deadline_add(struct deadlines *deadlines, int fd)
{
	struct deadline *deadline = calloc(1, sizeof(*deadline));
	if (!deadline)
		die_out_of_memory();
	deadline->fd = fd;
	deadline->due_msecs = NEVER;
	(void)pthread_mutex_lock(&deadlines->mutex);
	deadline->next = deadlines->first;
	deadline->link = &deadlines->first;
	if (deadline->next)
		deadline->next->link = &deadline->next;
	deadlines->first = deadline;
	(void)pthread_mutex_unlock(&deadlines->mutex);
	deadline_reading(deadlines, deadline);
	return deadline;
}

void deadline_remove(struct deadlines *deadlines, struct deadline *deadline)
{
	(void)pthread_mutex_lock(&deadlines->mutex);
	*deadline->link = deadline->next;
	if (deadline->next)
		deadline->next->link = deadline->link;
	(void)pthread_mutex_unlock(&deadlines->mutex);
	free(deadline);
}

static void set_due(struct deadlines *deadlines, struct deadline *deadline, int64_t due_msecs)
{
	(void)pthread_mutex_lock(&deadlines->mutex);
	deadline->due_msecs = due_msecs;
	(void)pthread_mutex_unlock(&deadlines->mutex);
}

void deadline_reading(struct deadlines *deadlines, struct deadline *deadline)
{
	set_due(deadlines, deadline, clock_monotonic_msecs() + (int64_t)deadlines->read_secs * 1000);
}

void deadline_working(struct deadlines *deadlines, struct deadline *deadline)
{
	set_due(deadlines, deadline, NEVER);
}

void deadline_writing(struct deadlines *deadlines, struct deadline *deadline, size_t bytes)
{
	int64_t secs = (int64_t)deadlines->write_secs + (int64_t)(bytes / WRITE_BYTES_PER_SEC);
	deadline->last_msecs = clock_monotonic_msecs() + secs * 1000;
	set_due(deadlines, deadline, deadline->last_msecs);
}

void deadline_taken(struct deadlines *deadlines, struct deadline *deadline, size_t bytes)
{
	int64_t still = clock_monotonic_msecs() + (int64_t)deadlines->write_secs * 1000;
	deadline->last_msecs += (int64_t)(bytes * 1000 / WRITE_BYTES_PER_SEC);
	set_due(deadlines, deadline, deadline->last_msecs < still ? deadline->last_msecs : still);
}
