// SPDX-License-Identifier: Apache-2.0
#include "model/job.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(JOB_FDS * sizeof(int))];
};

bool job_send(int socket, const void *message, size_t bytes, const int fds[JOB_FDS])
{
	union control control = {0};
	struct iovec part = {.iov_base = (void *)message, .iov_len = bytes};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	size_t count = 0;
	while (fds && count < JOB_FDS && fds[count] >= 0)
		count++;
	if (count > 0) {
		packet.msg_control = control.bytes;
		packet.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		(void)memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(socket, &packet, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)bytes;
}

int job_receive(int socket, void *message, size_t bytes, int fds_r[JOB_FDS])
{
	union control control = {0};
	struct iovec part = {.iov_base = message, .iov_len = bytes};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t got;
	do
		got = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return -1;
	int fds[JOB_FDS] = {-1, -1, -1, -1};
	for (struct cmsghdr *header = got >= 0 ? CMSG_FIRSTHDR(&packet) : NULL; header;
		header = CMSG_NXTHDR(&packet, header))
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
			header->cmsg_len <= CMSG_LEN(sizeof(fds)))
			(void)memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	if (got == (ssize_t)bytes && !(packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && fds_r) {
		(void)memcpy(fds_r, fds, sizeof(fds));
		return 1;
	}
	for (int i = 0; i < JOB_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	return got == (ssize_t)bytes && !fds_r ? 1 : 0;
}
