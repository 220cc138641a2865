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

/* Lets go of the response, which may be NULL: memory is out. */
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

/* One line. */
enum MHD_Result http_send_line(struct MHD_Connection *connection,
			       unsigned status, const char *line)
{
	size_t size = strlen(line);

	return http_send(connection, status,
			 MHD_create_response_from_buffer(size,
							 (void *)(size_t)line,
							 MHD_RESPMEM_MUST_COPY),
			 TYPE_TEXT, NO_STORE);
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
	struct MHD_IoVec *piece = &pieces->list[pieces->count++];

	piece->iov_base = bytes.data;
	piece->iov_len = bytes.size;
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

struct MHD_Response *http_respond_pieces(struct pieces *pieces)
{
	struct pieces *held = malloc(sizeof(*held));
	struct MHD_Response *response = NULL;

	if (held) {
		*held = *pieces;
		response = MHD_create_response_from_iovec(
			held->list, (unsigned)held->count, free_pieces, held);
	}
	if (!response) {
		pieces_release(pieces);
		free(held);
	}
	return response;
}

struct MHD_Response *http_respond(struct blob *blob)
{
	struct pieces pieces;

	if (!blob)
		return NULL;
	if (pieces_reserve(&pieces, 1) != 0) {
		blob_drop(blob);
		return NULL;
	}
	pieces_add(&pieces, span_make(blob->data, blob->size), blob);
	return http_respond_pieces(&pieces);
}
