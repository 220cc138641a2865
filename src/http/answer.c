/*
 * From a request to its answer.
 */
#include <string.h>
#include <strings.h>

#include "core/keytext.h"
#include "http/assets.h"
#include "http/guard.h"
#include "http/sending.h"
#include "http/server.h"

/* Line and headers of a request. */
#define REQUEST_MAX_BYTES ((size_t)16 << 10)

/* --- the program ---------------------------------------------------------- */

static enum MHD_Result send_status(struct http *http,
				   struct MHD_Connection *connection)
{
	struct buffer status = {0};

	document_status(&status, &http->program);
	return http_send(connection, MHD_HTTP_OK,
			 http_respond(blob_take(&status)), TYPE_JSON, NO_STORE);
}

/* The name of a file may have newlines in it, or move a cursor. */
static void append_source(struct buffer *text, const char *name,
			  const struct http_source *source)
{
	keytext_append_shown(text, span_of(name));
	buffer_append_text(text, ": ");
	buffer_append_text(text, source_state_name(source->state));
	if (source->why) {
		buffer_append_text(text, ": ");
		keytext_append_shown(text, span_of(source->why));
	}
	buffer_append_char(text, '\n');
}

static enum MHD_Result send_health(struct http *http,
				   struct MHD_Connection *connection)
{
	const struct program *program = &http->program;
	struct buffer text = {0};

	for (size_t i = 0; i < program->options->source_count; i++)
		if (!source_state_is_up(program->sources[i].state))
			append_source(&text, program->options->sources[i],
				      &program->sources[i]);
	if (text.size == 0 && !text.failed)
		return http_send_line(connection, MHD_HTTP_OK, "ok\n");
	return http_send(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			 http_respond(blob_take(&text)), TYPE_TEXT, NO_STORE);
}

/* Of an answer of unknown size libmicrohttpd 0.9.75 sends an end even where
 * only the head was asked for. */
static enum MHD_Result send_events_head(struct MHD_Connection *connection)
{
	return http_send(connection, MHD_HTTP_OK,
			 http_respond_bytes(span_of("")), "text/event-stream",
			 NO_STORE);
}

static enum MHD_Result send_events(struct http *http,
				   struct MHD_Connection *connection)
{
	const char *id = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, "Last-Event-ID");

	if (!id)
		id = MHD_lookup_connection_value(
			connection, MHD_GET_ARGUMENT_KIND, "after");
	return http_send(connection, MHD_HTTP_OK,
			 events_follow(http, connection, id),
			 "text/event-stream", NO_STORE);
}

/* Every browser does; who says that it does not, by q=0, is none. */
static bool takes_gzip(struct MHD_Connection *connection)
{
	const char *accepted = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);

	return accepted && strstr(accepted, "gzip") &&
	       !strstr(accepted, "gzip;q=0");
}

/* Is it what the client has? It sends a list of tags, each in its quotes, or
 * "*" for any (RFC 9110 13.1.2). */
static bool is_known(struct MHD_Connection *connection, const char *tag)
{
	const char *known = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);

	return known && (strcmp(known, "*") == 0 || strstr(known, tag));
}

static enum MHD_Result send_asset(struct MHD_Connection *connection,
				  const struct asset *asset)
{
	bool gzip = takes_gzip(connection);
	const struct asset_content *content =
		gzip ? &asset->gzip : &asset->plain;
	bool known = is_known(connection, content->tag);
	struct MHD_Response *response = http_respond_bytes(span_make(
		(const char *)content->data, known ? 0 : content->size));

	if (response &&
	    ((gzip && MHD_add_response_header(response,
					      MHD_HTTP_HEADER_CONTENT_ENCODING,
					      "gzip") != MHD_YES) ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
				     "Accept-Encoding") != MHD_YES ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG,
				     content->tag) != MHD_YES)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return http_send(connection,
			 known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response,
			 asset->type, "no-cache");
}

/* --- requests ------------------------------------------------------------- */

static enum MHD_Result route(struct http *http,
			     struct MHD_Connection *connection, const char *url)
{
	static const struct {
		const char *path;
		enum MHD_Result (*send)(struct http *http,
					struct MHD_Connection *connection);
	} routes[] = {
		{"/events", send_events},     {"/api/windows", answer_windows},
		{"/api/window", answer_rows}, {"/api/status", send_status},
		{"/metrics", answer_metrics}, {"/healthz", send_health},
	};

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(url, routes[i].path) == 0)
			return routes[i].send(http, connection);
	for (size_t i = 0; i < asset_count; i++)
		if (strcmp(url, assets[i].path) == 0)
			return send_asset(connection, &assets[i]);
	return http_send_line(connection, MHD_HTTP_NOT_FOUND,
			      "there is nothing here\n");
}

static enum MHD_Result send_not_allowed(struct MHD_Connection *connection)
{
	struct MHD_Response *response =
		http_respond_bytes(span_of("only GET and HEAD are answered\n"));

	if (response && MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
						"GET, HEAD") != MHD_YES) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return http_send(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response,
			 TYPE_TEXT, NO_STORE);
}

/* Is there a body, which nobody wants? */
static bool has_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strspn(length, "0") != strlen(length)) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

struct counted {
	const char *name;
	unsigned count;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind,
				    const char *name, const char *value)
{
	struct counted *counted = cls;

	(void)kind;
	(void)value;
	counted->count += strcasecmp(name, counted->name) == 0;
	return MHD_YES;
}

static unsigned count_headers(struct MHD_Connection *connection,
			      const char *name)
{
	struct counted counted = {.name = name};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header,
				  &counted);
	return counted.count;
}

static bool is_too_large(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info && info->header_size > REQUEST_MAX_BYTES;
}

/* Of one site that is not ours, or of several. */
static bool is_foreign(struct MHD_Connection *connection, const char *host)
{
	const char *origin = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);

	return origin &&
	       (!guard_origin(origin, host) ||
		count_headers(connection, MHD_HTTP_HEADER_ORIGIN) > 1);
}

/*
 * True: it is refused, with *result. A HTTP/1.0 without a Host, too: nobody
 * sends such any more.
 */
static bool refuse(const struct http *http, struct MHD_Connection *connection,
		   const char *method, enum MHD_Result *result)
{
	const char *host = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	if (is_too_large(connection))
		*result = http_send_line(
			connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
			"the request is too large\n");
	else if (!host || *host == '\0' ||
		 count_headers(connection, MHD_HTTP_HEADER_HOST) != 1)
		*result = http_send_line(connection, MHD_HTTP_BAD_REQUEST,
					 "the request names no Host, or "
					 "several\n");
	else if (!guard_host(host, http->options.address, http->own_name))
		*result = http_send_line(
			connection, MHD_HTTP_FORBIDDEN,
			"this Host is none of ours: ask for an address in "
			"digits, localhost, this machine's name, or the "
			"ADDRESS of --http\n");
	else if (is_foreign(connection, host))
		*result =
			http_send_line(connection, MHD_HTTP_FORBIDDEN,
				       "requests from other sites (Origin) are "
				       "not answered\n");
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		 strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		*result = send_not_allowed(connection);
	else if (has_body(connection))
		*result = http_send_line(connection, MHD_HTTP_BAD_REQUEST,
					 "a request has no body here\n");
	else
		return false;
	return true;
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd has 8 parameters. */
enum MHD_Result http_answer(void *cls, struct MHD_Connection *connection,
			    const char *url, const char *method,
			    const char *version, const char *upload_data,
			    size_t *upload_data_size, void **request)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *known = info ? info->socket_context : NULL;
	enum MHD_Result result;
	bool begins = !*request;
	bool follows;

	(void)version;
	(void)upload_data;
	if (!known)
		return MHD_NO;
	*request = known;
	*upload_data_size = 0;
	/* At first there are only headers. What is refused ends there. */
	if (begins && !refuse(http, connection, method, &result))
		return MHD_YES;
	follows = !begins && strcmp(url, "/events") == 0;
	connections_set(&http->connections, known,
			follows ? CONNECTION_FOLLOWING : CONNECTION_ANSWERED,
			http->clock.mono_ns);
	if (follows && strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		return send_events_head(connection);
	return begins ? result : route(http, connection, url);
}
