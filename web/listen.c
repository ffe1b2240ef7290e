// SPDX-License-Identifier: Apache-2.0
#include "web/listen.h"

#include "base/ip.h"
#include "web/port_owner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128
#define OWNER_BYTES ((size_t)256)

/* Host and port of "[::1]:8480", "127.0.0.1:8480" or a host alone. */
static struct str split_port(struct str text, struct str *port_r)
{
	*port_r = STR_NONE;
	if (str_starts(text, STR("["))) {
		size_t close = str_find_char(text, ']');
		if (close == SIZE_MAX)
			return STR_NONE;
		struct str rest = str_from_offset(text, close + 1);
		if (str_starts(rest, STR(":")))
			*port_r = str_from_offset(rest, 1);
		return str_sub(text, 1, close - 1);
	}
	size_t colon = str_rfind_char(text, ':');
	if (colon == SIZE_MAX)
		return text;
	*port_r = str_from_offset(text, colon + 1);
	return str_sub(text, 0, colon);
}

static bool fill_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *storage, socklen_t *len)
{
	(void)memset(storage, 0, sizeof(*storage));
	if (ip->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)storage;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		(void)memcpy(&in->sin_addr, ip->bytes, 4);
		*len = sizeof(*in);
		return true;
	}
	if (ip->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		(void)memcpy(&in6->sin6_addr, ip->bytes, 16);
		*len = sizeof(*in6);
		return true;
	}
	return false;
}

/* 0 or an errno value. */
static int listen_on(const struct ip *ip, uint16_t port, int *fd_r)
{
	struct sockaddr_storage storage;
	socklen_t len;
	int on = 1;
	if (!fill_address(ip, port, &storage, &len))
		return EINVAL;
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ip->family == 6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&storage, len) != 0 || listen(fd, BACKLOG) != 0) {
		int failed = errno;
		(void)close(fd);
		return failed;
	}
	*fd_r = fd;
	return 0;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof(storage);
	(void)getsockname(fd, (struct sockaddr *)&storage, &len);
	return ntohs(storage.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&storage)->sin6_port :
		((struct sockaddr_in *)&storage)->sin_port);
}

static enum err listen_error(const char *address, uint16_t port, unsigned tries, int failed, struct error *error)
{
	struct buf owner;
	if (failed != EADDRINUSE) {
		enum err err = failed == EACCES || failed == EPERM ? ERR_DENIED : ERR_TEMP;
		return error_errno(error, err, failed, "cannot listen on %s", address);
	}
	if (tries > 1) {
		(void)error_set(error, ERR_TEMP, "%s and the next %u ports are in use", address, tries - 1);
		error_hint(error, "see who has them: ss -ltnp; take others: --listen ADDR:PORT");
		return ERR_TEMP;
	}
	buf_init(&owner, OWNER_BYTES);
	buf_add_str(&owner, STR(" by "));
	if (!port_owner(port, &owner))
		owner.len = 0;
	(void)error_set(error, ERR_TEMP, "%s is in use%.*s", address, (int)owner.len, owner.len ? owner.ptr : "");
	error_hint(error, "stop it, or take another port: http: {listen: …}%s",
		owner.len ? "" : "; see who has it: ss -ltnp");
	buf_fini(&owner);
	return ERR_TEMP;
}

enum err listen_open(const char *address, unsigned tries, int *fd_r, char bound_r[LISTEN_TEXT_BYTES],
	struct error *error)
{
	struct str port_text;
	struct ip ip;
	uint64_t port;
	char text[IP_TEXT_BYTES];
	int failed = EADDRINUSE;
	struct str host = split_port(str_from(address), &port_text);
	if (str_eq(host, STR("localhost")))
		host = STR("127.0.0.1");
	if (!ip_parse(host, &ip) || !str_to_u64(port_text, 65535, &port))
		return error_set(error, ERR_INVALID, "\"%s\" is no address and port to listen on", address);
	for (unsigned i = 0; i < (tries ? tries : 1) && port + i <= 65535 && failed == EADDRINUSE; i++)
		failed = listen_on(&ip, (uint16_t)(port + i), fd_r);
	if (failed)
		return listen_error(address, (uint16_t)port, tries, failed, error);
	(void)snprintf(bound_r, LISTEN_TEXT_BYTES, ip.family == 6 ? "[%s]:%u" : "%s:%u", ip_format(&ip, text),
		(unsigned)port_of(*fd_r));
	return ERR_OK;
}

static struct str host_of_url(struct str url)
{
	size_t scheme = str_find(url, STR("://"));
	struct str rest = scheme == SIZE_MAX ? url : str_from_offset(url, scheme + 3), port;
	rest = str_sub(rest, 0, str_find_char(rest, '/'));
	return split_port(rest, &port);
}

bool listen_host_is_ours(struct str host, const char *public_url)
{
	struct str port;
	struct ip ip;
	uint64_t number;
	struct str name = split_port(host, &port);
	if (name.len == 0 || (port.ptr && !str_to_u64(port, 65535, &number)))
		return false;
	if (str_eq_nocase(name, STR("localhost")) || ip_parse(name, &ip))
		return true;
	return public_url && str_eq_nocase(name, host_of_url(str_from(public_url)));
}
