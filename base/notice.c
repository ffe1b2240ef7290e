// SPDX-License-Identifier: Apache-2.0
#include "base/notice.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int notice_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		notice_say(fd, NULL);
	return fd;
}

void notice_say(int notice, const char *text)
{
	char block[NOTICE_BYTES];
	(void)memset(block, '\n', sizeof(block));
	int len = text ? snprintf(block, sizeof(block), "%s", text) : 0;
	if (len >= 0 && (size_t)len < sizeof(block))
		block[len] = '\n';
	block[sizeof(block) - 1] = '\n';
	(void)!pwrite(notice, block, sizeof(block), 0);
}

bool notice_read(const char *path, char text[NOTICE_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got = fd >= 0 ? pread(fd, text, NOTICE_BYTES - 1, 0) : 0;
	if (fd >= 0)
		(void)close(fd);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text[0] != '\0';
}
