/* SPDX-License-Identifier: Apache-2.0 */
/* verify MESSAGE ANSWERS IP MAIL_FROM: SPF, DKIM and DMARC of a message, the DNS being a text file. */
#include <dmarcverify.h>
#include <stdio.h>
#include <time.h>

static char message[1 << 20], answers[1 << 20];

static size_t slurp(const char *path, char *bytes, size_t max)
{
	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(bytes, 1, max, file) : 0;
	return file && fclose(file) == 0 ? len : 0;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 64;
	size_t len = slurp(argv[1], message, sizeof(message)), answers_len = slurp(argv[2], answers, sizeof(answers));
	struct dmarcverify_replay *replay = dmarcverify_replay_open(answers, answers_len, NULL, 0);
	struct dmarcverify_dns dns = {dmarcverify_replay_query, replay};
	struct dmarcverify *handle = dmarcverify_open();
	if (!replay || dmarcverify_set(handle, DMARCVERIFY_IP, argv[3], SIZE_MAX) != 0 ||
		dmarcverify_set(handle, DMARCVERIFY_MAIL_FROM, argv[4], SIZE_MAX) != 0)
		return 65;
	struct dmarcverify_result *result = dmarcverify_check(handle, &dns, time(NULL), message, len);
	for (size_t i = 0; i < dmarcverify_count(result, "dkim"); i++)
		printf("dkim=%s ", dmarcverify_get(result, "dkim", i, "result"));
	printf("spf=%s ", dmarcverify_get(result, "spf", 0, "result"));
	printf("dmarc=%s\n", dmarcverify_get(result, "dmarc", 0, "result"));
	dmarcverify_free(result);
	dmarcverify_close(handle);
	dmarcverify_replay_close(replay);
}
