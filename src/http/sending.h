/*
 * sending: what every answer has in common.
 */
#ifndef HTTP_SENDING_H
#define HTTP_SENDING_H

#include <microhttpd.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"
#include "http/blob.h"

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"

/* How much is handed to libmicrohttpd at once. */
#define BLOCK_BYTES ((size_t)16 << 10)

/* What is never the same twice, and so not to be kept. */
#define NO_STORE "no-store"

/*
 * Queues the response with the headers that all have, and lets go of it. NULL:
 * memory is out, and the connection ends, as it does with MHD_NO.
 */
enum MHD_Result http_send(struct MHD_Connection *connection, unsigned status,
			  struct MHD_Response *response, const char *type,
			  const char *caching);

/* The same with a line of text, which is copied. */
enum MHD_Result http_send_line(struct MHD_Connection *connection,
			       unsigned status, const char *line);

/* A response of bytes that live for ever. */
struct MHD_Response *http_respond_bytes(struct span bytes);

/* A response of the blob, which is its own now. NULL stays NULL. */
struct MHD_Response *http_respond(struct blob *blob);

/* Pieces that a response is made of, and the blobs that they stand in. */
struct pieces {
	struct span *list;
	size_t count;
	size_t size; /* of all, in bytes */
	size_t next; /* not sent yet */
	struct blob **blobs;
	size_t blob_count;
};

/* Room for so many. -1: memory is out. */
int pieces_reserve(struct pieces *pieces, size_t count) MUST_CHECK;

/* The blob is theirs now; NULL: the bytes live for ever. */
void pieces_add(struct pieces *pieces, struct span bytes, struct blob *blob);
void pieces_release(struct pieces *pieces);

/* A response of them, which are its own now. NULL: memory is out. */
struct MHD_Response *http_respond_pieces(struct pieces *pieces);

#endif
