// SPDX-License-Identifier: Apache-2.0
/*
 * How a process gives up what it does not need, for good: resource limits,
 * no_new_privs, Landlock (no file system at all), seccomp (an allow-list of
 * system calls). After it open(), socket(), connect() and execve() fail with
 * EPERM or EACCES; anything stranger kills the process.
 *
 * Kernels and containers differ, so each step says whether it holds.
 * Sanitizers need what the filters forbid: in such builds Landlock, filters
 * and the address space limit are left out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum confine_step {
	CONFINE_NO_NEW_PRIVS = 1 << 0,
	CONFINE_RLIMITS = 1 << 1,
	CONFINE_LANDLOCK = 1 << 2,
	CONFINE_SECCOMP = 1 << 3,
	CONFINE_PROVED = 1 << 4, /* the self-test found every door closed */
	CONFINE_ALL = (1 << 5) - 1,
};

/* A template: everything, but that it may fork. Returns the steps that hold. */
unsigned confine_template(void);

/* A child of a template, before it reads hostile bytes: limits for one mail and
 * no more fork(). False when a limit could not be set. */
bool confine_child(uint64_t memory_bytes, uint64_t cpu_secs);

/* The process that asks the DNS, before it starts its threads: no files, no new process, no program, of
 * sockets only those of the internet. Returns the steps that hold, CONFINE_PROVED among them when each
 * closed door was tried. */
unsigned confine_resolver(void);

/* Tries open(), socket(), connect() and execve(), and fork() in a confined
 * child: CONFINE_PROVED when all of them fail, else 0. Harmless where nothing
 * is confined. */
unsigned confine_self_test(void);

/* "no_new_privs rlimits landlock seccomp", and what is missing behind "; without". */
#define CONFINE_TEXT_BYTES 160
const char *confine_text(unsigned steps, char text[CONFINE_TEXT_BYTES]);
