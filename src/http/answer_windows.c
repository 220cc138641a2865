/*
 * Answers that windows are rendered for: those that many ask for are rendered
 * once.
 */
#include <stdio.h>

#include "base/units.h"
#include "http/metrics.h"
#include "http/sending.h"
#include "http/server.h"

/* Answers of windows that are over may be in slow hands: so much of that. */
#define RETIRED_MAX_BYTES ((size_t)64 << 20)

/* So much of other windows is still being read that no more is rendered. */
static bool is_full(const struct http *http)
{
	return http->retired_bytes > RETIRED_MAX_BYTES;
}

static enum MHD_Result send_busy(struct MHD_Connection *connection)
{
	return http_send_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "too many answers are still being read\n");
}

enum MHD_Result answer_rows(struct http *http,
			    struct MHD_Connection *connection)
{
	const struct handed *newest = http->newest;
	struct buffer rows = {0};

	if (!newest) {
		buffer_append_text(&rows, "[]");
		return http_send(connection, MHD_HTTP_OK,
				 http_respond(blob_take(&rows)), TYPE_JSON,
				 NO_STORE);
	}
	if (!http->rows) {
		struct report_options options = news_options(http, newest);

		if (is_full(http))
			return send_busy(connection);
		document_rows(&rows, &options, &newest->shown->snapshot);
		http->rows = blob_take(&rows);
		if (!http->rows)
			return MHD_NO;
	}
	return http_send(connection, MHD_HTTP_OK,
			 http_respond(blob_hold(http->rows)), TYPE_JSON,
			 NO_STORE);
}

/* "[", the last so many documents with commas between them, "]". */
static struct MHD_Response *respond_windows(const struct history *history,
					    uint64_t count)
{
	const char *before = "";
	struct pieces pieces;

	if (pieces_reserve(&pieces, 2 * count + 2) != 0)
		return NULL;
	pieces_add(&pieces, span_of("["), NULL);
	for (uint64_t i = 0; i < count; i++) {
		const struct kept *kept = history_window(
			history, history->newest - count + 1 + i);

		if (!kept)
			continue;
		pieces_add(&pieces, span_of(before), NULL);
		pieces_add(&pieces, kept->document, blob_hold(kept->event));
		before = ",";
	}
	pieces_add(&pieces, span_of("]"), NULL);
	return http_respond_pieces(&pieces);
}

enum MHD_Result answer_windows(struct http *http,
			       struct MHD_Connection *connection)
{
	const struct history *history = &http->history;
	const char *last = MHD_lookup_connection_value(
		connection, MHD_GET_ARGUMENT_KIND, "last");
	uint64_t kept = history->newest + 1 - history_oldest(history);
	uint64_t count = kept;
	struct error why;
	char line[sizeof(why.message) + 16];

	if (last && count_parse(last, 0, &count, &why) != 0) {
		snprintf(line, sizeof(line), "last: %s\n", why.message);
		return http_send_line(connection, MHD_HTTP_BAD_REQUEST, line);
	}
	return http_send(connection, MHD_HTTP_OK,
			 respond_windows(history, count < kept ? count : kept),
			 TYPE_JSON, NO_STORE);
}

/* Of the window, if there is one, and of the process, whose bytes it takes. */
static struct MHD_Response *respond_metrics(struct blob *window,
					    struct buffer *process)
{
	struct blob *rest = blob_take(process);
	struct pieces pieces;

	if (!rest)
		return NULL;
	if (pieces_reserve(&pieces, 2) != 0) {
		blob_drop(rest);
		return NULL;
	}
	if (window)
		pieces_add(&pieces, span_make(window->data, window->size),
			   blob_hold(window));
	pieces_add(&pieces, span_make(rest->data, rest->size), rest);
	return http_respond_pieces(&pieces);
}

enum MHD_Result answer_metrics(struct http *http,
			       struct MHD_Connection *connection)
{
	const struct handed *newest = http->newest;
	struct buffer process = {0};
	struct buffer window = {0};
	struct error why;

	if (newest && newest->whole && !http->metrics) {
		struct report_options options = news_options(http, newest);

		if (is_full(http))
			return send_busy(connection);
		if (metrics_window(&window, &options, &newest->whole->snapshot,
				   &why) != 0) {
			buffer_release(&window);
			buffer_printf(&process, "%s\n", why.message);
			return http_send(connection,
					 MHD_HTTP_INTERNAL_SERVER_ERROR,
					 http_respond(blob_take(&process)),
					 TYPE_TEXT, NO_STORE);
		}
		http->metrics = blob_take(&window);
	}
	metrics_process(&process, &http->program);
	return http_send(connection, MHD_HTTP_OK,
			 respond_metrics(http->metrics, &process),
			 "text/plain; version=0.0.4; charset=utf-8", NO_STORE);
}
