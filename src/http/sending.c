#include "http/sending.h"

#include <stdlib.h>
#include <string.h>

static bool add_headers(struct MHD_Response *response, const char *type,
			const char *caching)
{
	static const char *const always[][2] = {
		{"Content-Security-Policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; "
		 "img-src 'self'; connect-src 'self'; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (MHD_add_response_header(response, always[i][0],
					    always[i][1]) != MHD_YES)
			return false;
	return MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				       type) == MHD_YES &&
	       MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
				       caching) == MHD_YES;
}

enum MHD_Result http_send(struct MHD_Connection *connection, unsigned status,
			  struct MHD_Response *response, const char *type,
			  const char *caching)
{
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (add_headers(response, type, caching))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- of several pieces ---------------------------------------------------- */

int pieces_reserve(struct pieces *pieces, size_t count)
{
	*pieces = (struct pieces){0};
	pieces->list = calloc(count, sizeof(*pieces->list));
	pieces->blobs = calloc(count, sizeof(struct blob *));
	if (pieces->list && pieces->blobs)
		return 0;
	pieces_release(pieces);
	return -1;
}

void pieces_add(struct pieces *pieces, struct span bytes, struct blob *blob)
{
	pieces->list[pieces->count++] = bytes;
	pieces->size += bytes.size;
	if (blob)
		pieces->blobs[pieces->blob_count++] = blob;
}

void pieces_release(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->blob_count; i++)
		blob_drop(pieces->blobs[i]);
	free(pieces->blobs);
	free(pieces->list);
	*pieces = (struct pieces){0};
}

static void free_pieces(void *pieces)
{
	pieces_release(pieces);
	free(pieces);
}

/* From the first piece on that is not used up, which is used up piece by piece.
 */
static ssize_t read_pieces(void *cls, uint64_t position, char *out, size_t room)
{
	struct pieces *pieces = cls;
	size_t taken = 0;

	(void)position;
	while (taken < room && pieces->next < pieces->count) {
		struct span *piece = &pieces->list[pieces->next];
		size_t size = piece->size;

		if (size > room - taken)
			size = room - taken;
		if (size > 0)
			memcpy(out + taken, piece->data, size);
		taken += size;
		*piece = span_make(piece->data + size, piece->size - size);
		pieces->next += piece->size == 0;
	}
	return taken > 0 ? (ssize_t)taken : MHD_CONTENT_READER_END_OF_STREAM;
}

/* Not by MHD_create_response_from_iovec(): of 0.9.75 it ends the program where
 * there are more pieces than the connection has memory for. */
struct MHD_Response *http_respond_pieces(struct pieces *pieces)
{
	struct pieces *held = malloc(sizeof(*held));
	struct MHD_Response *response = NULL;

	if (held) {
		*held = *pieces;
		response = MHD_create_response_from_callback(
			pieces->size, BLOCK_BYTES, read_pieces, held,
			free_pieces);
	}
	if (!response) {
		pieces_release(pieces);
		free(held);
	}
	return response;
}

static void drop(void *blob)
{
	blob_drop(blob);
}

struct MHD_Response *http_respond(struct blob *blob)
{
	struct MHD_Response *response;

	if (!blob)
		return NULL;
	response = MHD_create_response_from_buffer_with_free_callback_cls(
		blob->size, blob->data, drop, blob);
	if (!response)
		blob_drop(blob);
	return response;
}

struct MHD_Response *http_respond_bytes(struct span bytes)
{
	struct pieces pieces;

	if (pieces_reserve(&pieces, 1) != 0)
		return NULL;
	pieces_add(&pieces, bytes, NULL);
	return http_respond_pieces(&pieces);
}

enum MHD_Result http_send_line(struct MHD_Connection *connection,
			       unsigned status, const char *line)
{
	struct buffer bytes = {0};

	buffer_append_text(&bytes, line);
	return http_send(connection, status, http_respond(blob_take(&bytes)),
			 TYPE_TEXT, NO_STORE);
}
