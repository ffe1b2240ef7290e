// SPDX-License-Identifier: Apache-2.0
/*
 * TLS reports (RFC 8460 section 4.4); tlsrpt_read() is declared in
 * parser/payload.h with the other readers. The whole document is in memory
 * while it is read, which limits.json_bytes bounds.
 */
#pragma once

/* Once, before confinement: jansson seeds its hash tables from the system. */
void tlsrpt_init(void);
