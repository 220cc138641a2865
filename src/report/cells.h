/*
 * cells: text in columns of a terminal.
 *
 * A width counts columns, as wcwidth() has them: 2 for a wide character, 0 for
 * one that combines with the one before it. The locale's LC_CTYPE must be one
 * of UTF-8. What could move the cursor stands as an escape (core/keytext.h).
 */
#ifndef REPORT_CELLS_H
#define REPORT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/span.h"

/* A text, UTF-8, in a pair of quotes or not. */
struct cell {
	struct span text;
	bool quoted;
};

/* The width of the cell; measuring stops where it is above `enough`. */
size_t cell_width(struct cell cell, size_t enough);

/*
 * Appends the cell in exactly so many columns, at least 3: filled up with
 * spaces, or cut, with an ellipsis at its end ("..." without `unicode`).
 */
void cell_append(struct buffer *out, struct cell cell, size_t width,
		 bool unicode);

void cell_append_spaces(struct buffer *out, size_t count);

/* Appends the number right-aligned in so many columns. */
void cell_append_number(struct buffer *out, uint64_t number, size_t width);

/*
 * Moves what stands in out from `start`, ASCII, to the right of so many
 * columns; does nothing when it is wider.
 */
void cell_align_right(struct buffer *out, size_t start, size_t width);

/*
 * Shares the room between columns of these widths: the narrow ones keep what
 * they need, the wide ones get the same. The sum is at most `room`, which is at
 * least `count`.
 */
void cell_share_room(size_t *widths, size_t count, size_t room);

#endif
