// SPDX-License-Identifier: Apache-2.0
/*
 * An evidence document by anybody never passes without roots, and never at all
 * unless its logo is an indicator with the digest that stands in it; what
 * fails says why. The bytes are also tried as a bare logotype extension and
 * as the file of roots.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "verifier/bimi/logotype.h"
#include "verifier/bimi/vmc.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void check(struct arena *arena, const struct vmc_request *request)
{
	struct vmc vmc;
	vmc_check(arena, request, &vmc);
	if (vmc.state == VMC_PASS)
		die("a pass that nobody signed");
	if (!vmc.reason || vmc.detail.len == 0 || !utf8_valid(vmc.detail))
		die("no reason");
	if (vmc.state != VMC_FAIL && (!vmc.svg.valid || !vmc.hash_algorithm || vmc.sha256.len != 64))
		die("not failed, and yet not in order");
	if (!utf8_valid(vmc.organization) || !utf8_valid(vmc.names) || !utf8_valid(vmc.mark_type))
		die("a text that is not UTF-8");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len};
	struct vmc_request request = {.evidence = text, .now_epoch_secs = FUZZ_NOW, .domain = STR("cnn.com"),
		.org_domain = STR("cnn.com"), .selector = STR("default"),
		.evidence_bytes_max = VMC_BYTES, .svg_bytes_max = SVG_BYTES};
	struct logotype logotype;
	const char *detail;
	check(arena, &request);
	request.now_epoch_secs = 1640000000; /* inside the validity of what the corpus holds */
	check(arena, &request);
	request.evidence = STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	request.roots = &text;
	request.roots_count = 1;
	check(arena, &request);
	if (!logotype_parse(arena, text, &logotype, &detail) && !detail)
		die("no detail");
	arena_close(&arena);
	return 0;
}
