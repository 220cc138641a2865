#include "report/live.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/keytext.h"
#include "report/headline.h"
#include "report/layout.h"

#define HOME	    "\033[H"
#define ERASE_LINE  "\033[K" /* to its end */
#define ERASE_BELOW "\033[J"

#define LINES_DEFAULT 24
#define LINES_LEAST   2

static size_t terminal_lines(const struct report *report)
{
	size_t lines = report->options.lines;

	if (lines == 0)
		return LINES_DEFAULT;
	return lines < LINES_LEAST ? LINES_LEAST : lines;
}

/* Lines of the table that the terminal shows: the status line has one. */
static size_t table_lines(const struct report *report)
{
	size_t lines = terminal_lines(report) - 1;
	size_t below = report->options.lines_below;
	size_t columns = report->options.columns;
	size_t width = layout_columns(&report->options);
	size_t folds = 1;

	lines -= below < lines / 2 ? below : lines / 2;
	/* So narrow that a line of the table takes several there. */
	for (size_t fit = columns; fit > 0 && fit < width; fit += columns)
		folds++;
	return lines > folds ? lines / folds : 1;
}

void live_end_line(const struct report *report, struct buffer *out)
{
	if (report->options.live)
		buffer_append_text(out, ERASE_LINE);
	buffer_append_char(out, '\n');
}

void live_open(struct report *report, struct buffer *out)
{
	if (!report->follows) {
		/* Wherever the cursor is: what is above it is scrolled up. */
		for (size_t i = 1; i < terminal_lines(report); i++)
			buffer_append_char(out, '\n');
	}
	buffer_append_text(out, HOME);
	/* The headline that said the day is gone. */
	report->day_shown = false;
}

/* Keeps so many lines behind `start`; returns how many there are. */
static size_t keep_lines(struct buffer *out, size_t start, size_t most)
{
	size_t lines = 0;

	for (size_t i = start; i < out->size; i++) {
		if (out->data[i] == '\n' && ++lines == most)
			out->size = i + 1;
	}
	return lines;
}

bool live_fit(struct report *report, struct buffer *out, size_t start)
{
	size_t lines = table_lines(report);
	size_t room = lines - keep_lines(out, start, lines);

	report->rest_shown = room > 0;
	if (report->row_end < room)
		return true;
	/* One line has the headings, and one says how many are left out. */
	report->row_end = room >= 3 ? room - 2 : 0;
	return report->row_end > 0;
}

/* "... 12 more groups and (other), 345 orders" */
static void append_rest(const struct report *report, struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const struct row *last = &snapshot->rows[snapshot->row_count - 1];
	bool other = last->group == GROUP_OTHER;
	size_t groups = snapshot->row_count - report->row_end - other;
	size_t columns = layout_columns(&report->options);
	uint64_t orders = 0;
	char text[160];
	int size = snprintf(text, sizeof(text), "...");

	for (const struct row *row = &snapshot->rows[report->row_end];
	     row <= last; row++)
		orders += row->count;
	if (groups > 0)
		size += snprintf(text + size, sizeof(text) - (size_t)size,
				 " %zu more group%s%s", groups,
				 groups == 1 ? "" : "s", other ? " and" : "");
	snprintf(text + size, sizeof(text) - (size_t)size,
		 "%s, %" PRIu64 " order%s", other ? " " TEXT_OTHER : "", orders,
		 orders == 1 ? "" : "s");
	if (strlen(text) < columns)
		columns = strlen(text);
	if (report->options.color)
		buffer_append_text(out, COLOR_DIM);
	cell_append(out, (struct cell){span_of(text), false}, columns,
		    report->options.unicode);
	if (report->options.color)
		buffer_append_text(out, COLOR_OFF);
	live_end_line(report, out);
}

void live_close(const struct report *report, struct buffer *out)
{
	if (report->row_end < report->snapshot->row_count && report->rest_shown)
		append_rest(report, out);
	buffer_append_text(out, ERASE_BELOW);
}
