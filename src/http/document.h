/*
 * document: a window, and how the program is doing, as JSON for the page.
 *
 * Rows are those that report prints; around them is what cJSON makes. It holds
 * numbers as doubles, so that counts, sums and keys go past it.
 */
#ifndef HTTP_DOCUMENT_H
#define HTTP_DOCUMENT_H

#include "base/buffer.h"
#include "core/frozen.h"
#include "http/http.h"

/* Rows of a document, and bytes of keys in them, at most. */
#define DOCUMENT_ROWS	   ((size_t)100)
#define DOCUMENT_KEY_BYTES ((size_t)64 << 10)

/*
 * Appends the document of a window: its largest groups. A buffer that failed
 * says that memory is out.
 */
void document_window(struct buffer *out, const struct report_options *options,
		     const char *id, const struct snapshot *shown);

/* Appends an array of all rows, as --format json prints them. */
void document_rows(struct buffer *out, const struct report_options *options,
		   const struct snapshot *shown);

/* What is known of the program besides its windows. */
struct program {
	const struct http_options *options;
	const char *run; /* see history.h */
	struct http_live live;
	const struct http_source *sources;
	int64_t now_ns; /* our time */
	int64_t window_ns;
};

/* Appends how it is doing, as an object. */
void document_status(struct buffer *out, const struct program *program);

/* "up", "down", .. */
const char *source_state_name(enum http_source_state state);
bool source_state_is_up(enum http_source_state state);

/* By how much it is behind; 0: there is nothing to be behind of. */
int64_t program_behind_ns(const struct program *program);

/* Bytes of memory that are resident. */
uint64_t program_resident(void);

#endif
