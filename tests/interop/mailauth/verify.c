// SPDX-License-Identifier: Apache-2.0
/* Our side: libdmarcverify over the lines of cases.tsv on standard input; the id and the verdict's JSON a line. */
#include <dmarcverify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (1 << 20)

static char message[BYTES_MAX], zone[BYTES_MAX], indicator[BYTES_MAX];

static size_t slurp(const char *path, char *bytes)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(66);
	}
	size_t len = fread(bytes, 1, BYTES_MAX, file);
	fclose(file);
	return len;
}

static char *column(char **rest)
{
	char *at = *rest, *tab = strpbrk(at, "\t\n");
	*rest = tab + 1;
	*tab = '\0';
	return at;
}

int main(int argc, char **argv)
{
	char line[8192], path[4096], problem[200];
	long long now = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line, *id = column(&rest);
		size_t len = slurp(column(&rest), message);
		snprintf(path, sizeof(path), "%s.txt", column(&rest));
		struct dmarcverify_replay *replay = dmarcverify_replay_open(zone, slurp(path, zone), problem,
			sizeof(problem));
		if (!replay) {
			fprintf(stderr, "%s: %s\n", path, problem);
			return 65;
		}
		struct dmarcverify_dns dns = {dmarcverify_replay_query, replay};
		struct dmarcverify *handle = dmarcverify_open();
		dmarcverify_set(handle, DMARCVERIFY_IP, column(&rest), SIZE_MAX);
		dmarcverify_set(handle, DMARCVERIFY_HELO, column(&rest), SIZE_MAX);
		dmarcverify_set(handle, DMARCVERIFY_MAIL_FROM, column(&rest), SIZE_MAX);
		const char *svg = column(&rest);
		if (svg[0] != '\0')
			dmarcverify_set(handle, DMARCVERIFY_BIMI_INDICATOR, indicator, slurp(svg, indicator));
		struct dmarcverify_result *result = dmarcverify_check(handle, &dns, now, message, len);
		printf("%s\t%s\n", id, dmarcverify_json(result));
		dmarcverify_free(result);
		dmarcverify_close(handle);
		dmarcverify_replay_close(replay);
	}
	return 0;
}
