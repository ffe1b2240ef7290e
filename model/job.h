// SPDX-License-Identifier: Apache-2.0
/*
 * What a pool and a worker's template say to each other, one message a packet
 * on a SOCK_SEQPACKET pair. Both are the same build on the same machine, so
 * the messages are plain structs; the version guards against a half upgrade.
 */
#pragma once

#include "model/limits.h"

#define JOB_VERSION 4u
#define JOB_FDS 4 /* of one request */
#define JOB_STATUS_NO_PROCESS (-1) /* no status of waitpid(): fork() failed */
#define JOB_CONTROL_FD 3 /* where a template finds its end of the pair */

/* Template -> pool, once: confined and ready. steps: enum confine_step. */
/* Template -> pool, after each job: its process has ended. */
enum job_message_kind { JOB_MESSAGE_READY = 1, JOB_MESSAGE_ENDED };

struct job_message {
	uint32_t version;
	uint32_t kind;
	uint32_t steps;  /* READY */
	int32_t status;  /* ENDED: as waitpid() gives it, or JOB_STATUS_NO_PROCESS */
};

enum job_kind {
	JOB_PARSE = 1, /* a mail or bare file -> reports */
	JOB_EXTRACT,   /* the same input -> the unpacked bytes of one report (BYTES frames) */
	JOB_VERIFY,    /* a model/verify_request.h -> a verdict */
};

/* Pool -> template, with descriptors: the input, the pipe for frames, and for JOB_VERIFY a socket to
 * whoever answers for the DNS (dns/relay.h; -1: nobody), for JOB_PARSE the two ends of a SOCK_SEQPACKET pair,
 * of which a template can make none, for a process that is to read more than this (-1: it is not). */
struct job_request {
	uint32_t version;
	uint32_t kind;      /* enum job_kind */
	uint32_t report_no;
	uint16_t bare;      /* JOB_PARSE: of records only what their sums need is wanted */
	uint16_t more;      /* from the template to its child: another may follow */
	uint64_t bytes;
	int64_t now_epoch_secs;
	struct limits limits;
};

/* Sends one packet with up to JOB_FDS descriptors (-1: none, at the end only). False when the other
 * side is gone. */
bool job_send(int socket, const void *message, size_t bytes, const int fds[JOB_FDS]);

/* Receives one packet of exactly this size. 1: got it (fds_r filled, -1: none;
 * fds_r NULL: none wanted); 0: the other side is gone, or sent something else;
 * -1: nothing there yet (a non-blocking socket). */
int job_receive(int socket, void *message, size_t bytes, int fds_r[JOB_FDS]);
