// SPDX-License-Identifier: Apache-2.0
#include "worker/shed.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What GMime, libarchive and libxml2 are linked with for encryption, files, other archives, regular
 * expressions and collation. */
static const char *const names[] = {"libacl.so", "libassuan.so", "libblkid.so", "libbz2.so", "libgcc_s.so",
	"libgio-2.0.so", "libgmodule-2.0.so", "libgpg-error.so", "libgpgme.so", "libicudata.so", "libicuuc.so",
	"liblz4.so", "liblzma.so", "libmount.so", "libnettle.so", "libpcre2-8.so", "libselinux.so",
	"libstdc++.so", "libzstd.so"};

static bool is_shed(const char *mapping)
{
	const char *name = strrchr(mapping, '/');
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(name + 1, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

void shed_libraries(void)
{
	char *line = NULL;
	size_t room = 0;
	FILE *maps = fopen("/proc/self/maps", "re");
	while (maps && getline(&line, &room, maps) > 0) {
		char *end = line;
		const unsigned long from = strtoul(line, &end, 16);
		const unsigned long to = *end == '-' ? strtoul(end + 1, &end, 16) : 0;
		line[strcspn(line, "\n")] = '\0';
		if (to > from && is_shed(line))
			(void)madvise((void *)from, to - from, MADV_DONTFORK);
	}
	free(line);
	if (maps)
		(void)fclose(maps);
}
