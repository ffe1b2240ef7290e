// SPDX-License-Identifier: Apache-2.0
/*
 * Absolute deadlines of client connections, which libmicrohttpd has not: its
 * timeout begins anew with each byte. A connection that is late is shut down;
 * libmicrohttpd then meets its end and closes it.
 */
#pragma once

#include <stddef.h>

struct deadlines;
struct deadline;

/* For a whole request, and for an answer beside what its length needs. */
struct deadlines *deadlines_open(unsigned read_secs, unsigned write_secs);
/* After the last connection is removed. */
void deadlines_close(struct deadlines **deadlines);

/* The descriptor stays the caller's and open until deadline_remove(). */
struct deadline *deadline_add(struct deadlines *deadlines, int fd);
void deadline_remove(struct deadlines *deadlines, struct deadline *deadline);

/* A whole request is due. */
void deadline_reading(struct deadlines *deadlines, struct deadline *deadline);
/* We are at work: there is none. */
void deadline_working(struct deadlines *deadlines, struct deadline *deadline);
/* An answer of so many bytes is to be taken by the client. */
void deadline_writing(struct deadlines *deadlines, struct deadline *deadline, size_t bytes);
/* ... and of one whose length is not known, that begun with none, so many more: the same rate, and never
 * a whole deadline without any. */
void deadline_taken(struct deadlines *deadlines, struct deadline *deadline, size_t bytes);
