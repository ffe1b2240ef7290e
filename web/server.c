// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include "web/assets.h"
#include "web/listen.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECTIONS_LIMIT 1024u
#define CONNECTIONS_PER_ADDRESS 32u
#define IDLE_SECS 10u
#define HEADER_BYTES ((size_t)16 * 1024)
#define THREADS 4u

struct server {
	struct MHD_Daemon *daemon;
	const struct respond *respond;
};

static const char csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static void add_headers(struct MHD_Response *response, bool keep)
{
	static const char *const headers[][2] = {
		{"Content-Security-Policy", csp},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	(void)MHD_add_response_header(response, "Cache-Control", keep ? "public, max-age=31536000, immutable" :
		"private, no-store");
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Takes the body over. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
	struct buf *body = &answer->body;
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->ptr,
		MHD_RESPMEM_MUST_COPY);
	buf_fini(body);
	if (!response)
		return MHD_NO;
	add_headers(response, false);
	(void)MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->file_name)
		(void)MHD_add_response_header(response, "Content-Disposition", "attachment; filename=\"dmarcd.csv\"");
	if (answer->status == 405)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (answer->status == 503)
		(void)MHD_add_response_header(response, "Retry-After", "10");
	return queue(connection, answer->status, response);
}

static enum MHD_Result send_message(struct MHD_Connection *connection, const struct respond *respond, unsigned status,
	const char *title, const char *text)
{
	struct answer answer = {0};
	buf_init(&answer.body, ANSWER_BYTES_MAX);
	respond_message(respond, false, status, title, text, &answer);
	return send_answer(connection, &answer);
}

/* RFC 9110 section 12.5.3, without weights: the smaller one that is named. */
static enum asset_coding coding_for(struct MHD_Connection *connection)
{
	struct str accepted = str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding"));
	struct str piece;
	bool gzip = false;
	while (accepted.ptr && str_split(&accepted, ',', &piece)) {
		piece = str_trim(piece);
		if (str_eq_nocase(piece, STR("br")))
			return ASSET_BROTLI;
		gzip |= str_eq_nocase(piece, STR("gzip"));
	}
	return gzip ? ASSET_GZIP : ASSET_PLAIN;
}

static enum MHD_Result send_asset(struct MHD_Connection *connection, const struct asset *asset, bool keep)
{
	const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	bool same = known && (strcmp(known, "*") == 0 || str_find(str_from(known),
		str_from(asset->etag)) != SIZE_MAX);
	enum asset_coding coding = coding_for(connection);
	struct str bytes = same ? STR("") : asset_bytes(asset, coding);
	struct MHD_Response *response = MHD_create_response_from_buffer(bytes.len, (void *)(uintptr_t)bytes.ptr,
		MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	add_headers(response, keep);
	(void)MHD_add_response_header(response, "Content-Type", asset->type);
	(void)MHD_add_response_header(response, "ETag", asset->etag);
	(void)MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (coding != ASSET_PLAIN && !same)
		(void)MHD_add_response_header(response, "Content-Encoding", coding == ASSET_BROTLI ? "br" : "gzip");
	return queue(connection, same ? 304 : 200, response);
}

struct asked {
	char *uri; /* as it was sent: libmicrohttpd cuts the query string off the URL */
	bool headers_read;
};

static void *keep_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context, (void)connection;
	struct asked *asked = calloc(1, sizeof(*asked));
	char *copy = strdup(uri);
	if (!asked || !copy)
		die_out_of_memory();
	asked->uri = copy;
	return asked;
}

static void forget_uri(void *context, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode how)
{
	struct asked *asked = *request;
	(void)context, (void)connection, (void)how;
	if (!asked)
		return;
	free(asked->uri);
	free(asked);
	*request = NULL;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method,
	const char *version, const char *upload, size_t *upload_bytes, void **request)
{
	const struct server *server = context;
	const struct respond *respond = server->respond;
	struct asked *asked = *request;
	struct str uri = str_from(asked->uri), path = str_sub(uri, 0, str_find_char(uri, '?'));
	struct str query = path.len < uri.len ? str_from_offset(uri, path.len + 1) : STR_NONE;
	struct answer answer;
	(void)url, (void)version, (void)upload;
	/* An answer at the first call would end the connection behind it. */
	if (!asked->headers_read || *upload_bytes > 0) {
		asked->headers_read = true;
		*upload_bytes = 0;
		return MHD_YES;
	}
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
	if (!host || !listen_host_is_ours(str_from(host), respond->web->public_url))
		return send_message(connection, respond, 421, "Not for this server",
			"The name you used is not one of this server. http: {public_url: …} tells it its name.");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_message(connection, respond, 405, "Not allowed", "This server answers GET and HEAD.");
	const struct asset *asset = asset_find(path);
	if (asset)
		return send_asset(connection, asset, true);
	/* What browsers ask for beside a page that names no icon: an original document. */
	if (str_eq(path, STR("/favicon.ico")))
		return send_asset(connection, asset_find(str_from(asset_path("favicon.svg"))), false);
	respond_get(respond, path, query, &answer);
	return send_answer(connection, &answer);
}

enum err server_start(const struct respond *respond, int listen_fd, struct server **server_r, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	if (!server)
		die_out_of_memory();
	server->respond = respond;
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
		on_request, server,
		MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_THREAD_POOL_SIZE, THREADS,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_LIMIT,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_BYTES * 2,
		MHD_OPTION_URI_LOG_CALLBACK, keep_uri, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, forget_uri, NULL,
		MHD_OPTION_END);
	*server_r = server;
	if (server->daemon)
		return ERR_OK;
	free(server);
	*server_r = NULL;
	return error_set(error, ERR_TEMP, "cannot start the HTTP server");
}

void server_stop(struct server **server)
{
	if (!*server)
		return;
	MHD_stop_daemon((*server)->daemon);
	free(*server);
	*server = NULL;
}
