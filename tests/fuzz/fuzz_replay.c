// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over every file of the folders named, without libFuzzer. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATH_BYTES 4096
#define FILE_BYTES_MAX (1 << 20)

static int replay_file(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)
		return 0;
	FILE *file = fopen(path, "rbe");
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	if (file == NULL || bytes == NULL)
		die("could not read %s", path);
	size_t len = fread(bytes, 1, (size_t)st.st_size, file);
	fclose(file);
	(void)LLVMFuzzerTestOneInput(bytes, len);
	free(bytes);
	return 1;
}

static int replay_folder(const char *path)
{
	int files = 0;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char name[PATH_BYTES];
		int len = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (len > 0 && (size_t)len < sizeof(name))
			files += replay_file(name);
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;
	if (LLVMFuzzerInitialize)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		files += replay_folder(argv[i]);
	printf("%d files\n", files);
	if (files == 0 && getenv("CI") != NULL)
		die("nothing to replay: no corpus");
	return 0;
}
