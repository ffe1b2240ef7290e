// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include "base/ip.h"
#include "model/digest.h"
#include "pool/gzip.h"
#include "web/assets.h"
#include "web/deadlines.h"
#include "web/listen.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define THREADS 4u
#define POOL_BYTES ((size_t)8 * 1024) /* what libmicrohttpd needs of it for itself and for an answer's headers */
#define PIECE_BYTES ((size_t)32 * 1024)
#define ETAG_BYTES (SHA256_HEX_BYTES + 8)
#define PACKED_BYTES_MIN 1024 /* smaller answers fit a packet or two as they are */

#define HEARD_OUT_BYTES ((uint64_t)1024 * 1024) /* beyond the limit, of a body without a length: to be told so */
#define REFUSED_AT_ONCE 64u /* beyond the limit: accepted only to be closed */

struct server {
	struct MHD_Daemon *daemon;
	atomic_uint connections;
	const struct respond *respond;
	struct deadlines *deadlines;
};

static const char csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/* Of what a stranger wrote and a browser might open. */
static const char csp_sandbox[] = "default-src 'none'; script-src 'none'; style-src 'none'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'; sandbox";

/* One request that is being answered. */
struct exchange {
	const struct server *server;
	struct MHD_Connection *connection;
	struct str path;
	bool ends; /* nothing behind it on the connection can be believed */
};

enum keep { KEEP_NOT, KEEP_ASKING, KEEP_FOR_EVER };

static void add_headers(struct MHD_Response *response, enum keep keep, const char *policy)
{
	static const char *const cache[] = {
		[KEEP_NOT] = "no-store",
		[KEEP_ASKING] = "private, no-cache",
		[KEEP_FOR_EVER] = "public, max-age=31536000, immutable",
	};
	static const char *const headers[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	(void)MHD_add_response_header(response, "Content-Security-Policy", policy);
	(void)MHD_add_response_header(response, "Cache-Control", cache[keep]);
}

static struct deadline *deadline_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result queue(const struct exchange *exchange, unsigned status, struct MHD_Response *response,
	size_t bytes)
{
	struct MHD_Connection *connection = exchange->connection;
	deadline_writing(exchange->server->deadlines, deadline_of(connection), bytes);
	metrics_answered(exchange->server->respond->metrics, exchange->path, status);
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static bool is_known(struct MHD_Connection *connection, const char *etag)
{
	const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	return known && (strcmp(known, "*") == 0 || str_find(str_from(known), str_from(etag)) != SIZE_MAX);
}

/* One for each coding: RFC 9110, section 8.8.3.3. */
static void format_etag(const struct buf *body, bool packed, char text[ETAG_BYTES])
{
	char hex[SHA256_HEX_BYTES];
	struct sha256 sum = sha256_of(body->ptr, body->len);
	(void)snprintf(text, ETAG_BYTES, "\"%s%s\"", sha256_hex(&sum, hex), packed ? "-gzip" : "");
}

static enum asset_coding coding_for(const struct exchange *exchange, enum asset_coding best)
{
	return asset_coding_for(str_from(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
		"Accept-Encoding")), best);
}

static bool pack(struct buf *body)
{
	struct buf packed;
	buf_init(&packed, ANSWER_BYTES_MAX * 2);
	bool good = gzip_pack_bytes(buf_str(body), &packed);
	if (!good) {
		buf_fini(&packed);
		return false;
	}
	buf_fini(body);
	*body = packed;
	return true;
}

/* Takes the body over. */
static enum MHD_Result send_answer(const struct exchange *exchange, struct answer *answer)
{
	char etag[ETAG_BYTES];
	struct buf *body = &answer->body;
	bool packed = body->len >= PACKED_BYTES_MIN && coding_for(exchange, ASSET_GZIP) == ASSET_GZIP;
	if (answer->status == 200 && !answer->personal) {
		format_etag(body, packed, etag);
		if (is_known(exchange->connection, etag)) {
			answer->status = 304;
			buf_reset(body);
		}
	}
	packed = packed && body->len > 0 && pack(body);
	size_t bytes = body->len;
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes, body->ptr, MHD_RESPMEM_MUST_COPY);
	buf_fini(body);
	if (!response)
		return MHD_NO;
	bool good = (answer->status == 200 || answer->status == 304) && !answer->personal;
	add_headers(response, good ? KEEP_ASKING : KEEP_NOT, csp);
	(void)MHD_add_response_header(response, "Content-Type", answer->type);
	if (good)
		(void)MHD_add_response_header(response, "ETag", etag);
	(void)MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (packed)
		(void)MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (exchange->ends)
		(void)MHD_add_response_header(response, "Connection", "close");
	if (answer->status == 405)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (answer->status == 503)
		(void)MHD_add_response_header(response, "Retry-After", "10");
	return queue(exchange, answer->status, response, bytes);
}

/* ---- downloads ---- */

struct download {
	struct exchange exchange; /* its path is gone by then */
	struct export *export;
};

/* Asked for the next piece only when the one before is on its way. */
static ssize_t read_download(void *context, uint64_t at, char *bytes, size_t max)
{
	const struct download *download = context;
	const struct exchange *exchange = &download->exchange;
	ssize_t got = export_read(download->export, bytes, max);
	(void)at;
	if (got <= 0)
		return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
	deadline_taken(exchange->server->deadlines, deadline_of(exchange->connection), (size_t)got);
	return got;
}

static void end_download(void *context)
{
	struct download *download = context;
	export_close(&download->export);
	free(download);
}

/* Takes body and export over. */
static enum MHD_Result send_export(const struct exchange *exchange, struct answer *answer)
{
	char disposition[128];
	struct download *download = calloc(1, sizeof(*download));
	if (!download)
		die_out_of_memory();
	*download = (struct download){*exchange, answer->export};
	download->exchange.path = STR_NONE;
	buf_fini(&answer->body);
	int64_t known = export_bytes(answer->export);
	uint64_t bytes = known < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)known;
	struct MHD_Response *response = MHD_create_response_from_callback(bytes, PIECE_BYTES, read_download, download,
		end_download);
	if (!response) {
		end_download(download);
		return MHD_NO;
	}
	add_headers(response, KEEP_NOT, csp_sandbox);
	(void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", answer->file_name);
	(void)MHD_add_response_header(response, "Content-Type", answer->type);
	(void)MHD_add_response_header(response, "Content-Disposition", disposition);
	return queue(exchange, answer->status, response, 0);
}

static enum MHD_Result send_message(const struct exchange *exchange, unsigned status, const char *title,
	const char *text)
{
	struct answer answer = {0};
	buf_init(&answer.body, ANSWER_BYTES_MAX);
	respond_message(exchange->server->respond, false, status, title, text, &answer);
	return send_answer(exchange, &answer);
}

static enum MHD_Result send_asset(const struct exchange *exchange, const struct asset *asset, bool keep)
{
	bool same = is_known(exchange->connection, asset->etag);
	enum asset_coding coding = coding_for(exchange, ASSET_BROTLI);
	struct str bytes = same ? STR("") : asset_bytes(asset, coding);
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes.len, (void *)(uintptr_t)bytes.ptr,
		MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	add_headers(response, keep ? KEEP_FOR_EVER : KEEP_ASKING, csp);
	(void)MHD_add_response_header(response, "Content-Type", asset->type);
	(void)MHD_add_response_header(response, "ETag", asset->etag);
	(void)MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (coding != ASSET_PLAIN && !same)
		(void)MHD_add_response_header(response, "Content-Encoding", coding == ASSET_BROTLI ? "br" : "gzip");
	return queue(exchange, same ? 304 : 200, response, bytes.len);
}

struct asked {
	char *uri; /* as it was sent: libmicrohttpd cuts the query string off the URL */
	bool headers_read;
	size_t body_bytes;
};

static void *keep_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context, (void)connection;
	struct asked *asked = calloc(1, sizeof(*asked));
	char *copy = strdup(uri);
	if (!asked || !copy)
		die_out_of_memory();
	asked->uri = copy;
	/* Parameters are read from the copy. The library would list them in the connection's memory, and
	 * one for which a list of thousands is too long is neither answered nor closed. */
	char *query = strchr(uri, '?');
	if (query && query[1])
		query[1] = '\0';
	return asked;
}

static void forget_uri(void *context, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode how)
{
	const struct server *server = context;
	struct asked *asked = *request;
	(void)how;
	deadline_reading(server->deadlines, deadline_of(connection));
	if (!asked)
		return;
	free(asked->uri);
	free(asked);
	*request = NULL;
}

/* libmicrohttpd alone would leave them waiting for each other's end. */
static enum MHD_Result is_welcome(void *context, const struct sockaddr *address, socklen_t bytes)
{
	struct server *server = context;
	(void)address, (void)bytes;
	return atomic_load(&server->connections) < server->respond->web->limits->http_connections ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **deadline,
	enum MHD_ConnectionNotificationCode what)
{
	struct server *server = context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		(void)atomic_fetch_add(&server->connections, 1);
		int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		*deadline = deadline_add(server->deadlines, fd);
	} else {
		(void)atomic_fetch_sub(&server->connections, 1);
		deadline_remove(server->deadlines, *deadline);
		*deadline = NULL;
	}
}

/* A body that says it is too large is refused before it is sent. */
static bool is_body_too_large(struct MHD_Connection *connection, uint64_t most)
{
	uint64_t bytes = 0;
	struct str length = str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length"));
	return length.ptr && !str_to_u64(str_trim(length), most, &bytes);
}

static enum MHD_Result add_field(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	size_t *bytes = context;
	(void)kind;
	*bytes += strlen(key) + strlen(": \r\n") + (value ? strlen(value) : 0);
	return MHD_YES;
}

static size_t header_bytes(struct MHD_Connection *connection, const char *method, const char *uri)
{
	size_t bytes = strlen(method) + strlen(uri) + strlen("  HTTP/1.1\r\n\r\n");
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_field, &bytes);
	return bytes;
}

struct said {
	unsigned lengths, hosts;
};

static enum MHD_Result count_said(void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct said *said = context;
	(void)kind, (void)value;
	said->lengths += str_eq_nocase(str_from(key), STR("Content-Length")) ||
		str_eq_nocase(str_from(key), STR("Transfer-Encoding"));
	said->hosts += str_eq_nocase(str_from(key), STR("Host"));
	return MHD_YES;
}

/* RFC 9112, sections 6.3 and 3.2: two ideas of where the body ends are how a second request is smuggled in,
 * and two of the host how one gets past a proxy. */
static bool is_ambiguous(struct MHD_Connection *connection)
{
	struct said said = {0};
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, count_said, &said);
	return said.lengths > 1 || said.hosts > 1;
}

/* Any other than chunked, which is all that can be read: where such a body ends is not known. */
static bool is_coding_unknown(struct MHD_Connection *connection)
{
	struct str coding = str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding"));
	return coding.ptr && !str_eq_nocase(str_trim(coding), STR("chunked"));
}

/* What is answered before a body is heard, if anything: status 0 is none. */
struct refusal {
	unsigned status;
	bool ends; /* the connection, too */
	const char *title, *text;
};

static struct refusal refuse_head(struct MHD_Connection *connection, const char *method, const char *uri,
	const struct limits *limits)
{
	if (is_ambiguous(connection))
		return (struct refusal){400, true, "Not understood",
			"The length or the host of this request is said twice."};
	if (header_bytes(connection, method, uri) > limits->http_header_bytes)
		return (struct refusal){431, true, "Too large", "This server reads no such headers."};
	if (is_coding_unknown(connection))
		return (struct refusal){501, true, "Not understood", "This server reads no such transfer coding."};
	/* Another answer at the first call would end the connection behind it. */
	if (is_body_too_large(connection, limits->http_body_bytes))
		return (struct refusal){413, false, "Too large", "This server takes no such body."};
	return (struct refusal){0};
}

/* Of the other end, which may be a proxy's; what a header says of who is behind it anybody may write. */
static struct str address_of(struct MHD_Connection *connection, char text[IP_TEXT_BYTES])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	const void *any = address;
	const void *bytes = !address ? NULL :
		address->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)any)->sin_addr :
		address->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)any)->sin6_addr :
		NULL;
	return bytes && inet_ntop(address->sa_family, bytes, text, IP_TEXT_BYTES) ? str_from(text) : STR_NONE;
}

/* RFC 9112, section 3.2: "/path?query", or the same behind "http://host", which then stands for Host. */
struct target {
	struct str host, path, query;
};

static struct target target_of(struct MHD_Connection *connection, struct str uri)
{
	struct target target = {.host = str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"))};
	size_t scheme = str_starts_nocase(uri, STR("http://")) ? 7 : str_starts_nocase(uri, STR("https://")) ? 8 : 0;
	if (scheme > 0) {
		uri = str_from_offset(uri, scheme);
		size_t end = 0;
		while (end < uri.len && uri.ptr[end] != '/' && uri.ptr[end] != '?')
			end++;
		target.host = str_sub(uri, 0, end);
		uri = str_from_offset(uri, end);
	}
	target.path = str_sub(uri, 0, str_find_char(uri, '?'));
	target.query = target.path.len < uri.len ? str_from_offset(uri, target.path.len + 1) : STR_NONE;
	if (scheme > 0 && target.path.len == 0)
		target.path = STR("/");
	return target;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes, void **request)
{
	const struct server *server = context;
	const struct respond *respond = server->respond;
	const struct limits *limits = respond->web->limits;
	struct asked *asked = *request;
	const struct target target = target_of(connection, str_from(asked->uri));
	struct exchange exchange = {.server = server, .connection = connection, .path = target.path};
	struct answer answer;
	(void)url, (void)version, (void)upload;
	struct refusal refusal = {0};
	if (!asked->headers_read)
		refusal = refuse_head(connection, method, asked->uri, limits);
	else if (*upload_bytes == 0 && asked->body_bytes > limits->http_body_bytes)
		refusal = (struct refusal){413, true, "Too large", "This server takes no such body."};
	if (refusal.status) {
		exchange.ends = refusal.ends;
		return send_message(&exchange, refusal.status, refusal.title, refusal.text);
	}
	if (!asked->headers_read || *upload_bytes > 0) {
		asked->headers_read = true;
		asked->body_bytes += *upload_bytes;
		*upload_bytes = 0;
		return asked->body_bytes <= limits->http_body_bytes + HEARD_OUT_BYTES ? MHD_YES : MHD_NO;
	}
	deadline_working(server->deadlines, deadline_of(connection));
	if (!target.host.ptr || !listen_host_is_ours(target.host, respond->web->public_url))
		return send_message(&exchange, 421, "Not for this server",
			"The name you used is not one of this server. http: {public_url: …} tells it its name.");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_message(&exchange, 405, "Not allowed", "This server answers GET and HEAD.");
	const struct asset *asset = asset_find(target.path);
	if (asset)
		return send_asset(&exchange, asset, true);
	/* What browsers ask for beside a page that names no icon: an original document. */
	if (str_eq(target.path, STR("/favicon.ico")))
		return send_asset(&exchange, asset_find(str_from(asset_path("favicon.svg"))), false);
	char address[IP_TEXT_BYTES];
	respond_get(respond, target.path, target.query, address_of(connection, address), &answer);
	return answer.export ? send_export(&exchange, &answer) : send_answer(&exchange, &answer);
}

enum err server_start(const struct respond *respond, int listen_fd, struct server **server_r, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	if (!server)
		die_out_of_memory();
	server->respond = respond;
	const struct limits *limits = respond->web->limits;
	server->deadlines = deadlines_open((unsigned)limits->http_request_secs, (unsigned)limits->http_answer_secs);
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, is_welcome, server,
		on_request, server,
		MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_THREAD_POOL_SIZE, THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)limits->http_connections + REFUSED_AT_ONCE,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)limits->http_connections_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)limits->http_idle_secs,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES + 2 * (size_t)limits->http_header_bytes,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, keep_uri, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, forget_uri, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_END);
	*server_r = server;
	if (server->daemon)
		return ERR_OK;
	deadlines_close(&server->deadlines);
	free(server);
	*server_r = NULL;
	return error_set(error, ERR_TEMP, "cannot start the HTTP server");
}

void server_stop(struct server **server)
{
	if (!*server)
		return;
	MHD_stop_daemon((*server)->daemon);
	deadlines_close(&(*server)->deadlines);
	free(*server);
	*server = NULL;
}
