#include "output/progress.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

#define COLUMNS_DEFAULT 80
#define BAR_COLUMNS	20
#define BAR_NARROW	10

/* Beyond, the time left is not worth saying. */
#define LEFT_MOST_S 1e7

/* The line so far; text that does not fit whole is left out. */
struct line {
	struct buffer *out;
	size_t used; /* columns */
	size_t room; /* columns in all */
};

/* Columns of text in which every character takes one. */
static size_t text_columns(struct span text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.size; i++)
		columns += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return columns;
}

/* The bytes of the first characters, so many of them; there are more. */
static size_t prefix_size(struct span text, size_t columns)
{
	size_t size = 0;

	while (text_columns(span_make(text.data, size + 1)) <= columns)
		size++;
	return size;
}

/* Appends the part and empties it. The first is cut if need be. */
static void line_add(struct line *line, struct buffer *part)
{
	size_t gap = line->used > 0 ? 2 : 0;
	size_t columns = text_columns(buffer_span(part));
	bool fits = line->used + gap + columns <= line->room;

	if (fits) {
		buffer_append(line->out, "  ", gap);
		buffer_append_span(line->out, buffer_span(part));
		line->used += gap + columns;
	} else if (line->used == 0) {
		buffer_append(line->out, part->data,
			      prefix_size(buffer_span(part), line->room));
		line->used = line->room;
	}
	buffer_clear(part);
}

/* 1204 is 1,204. */
static void append_thousands(struct buffer *out, uint64_t number)
{
	if (number >= 1000) {
		append_thousands(out, number / 1000);
		buffer_printf(out, ",%03" PRIu64, number % 1000);
	} else {
		buffer_append_number(out, number);
	}
}

/* Whole seconds, the one that runs included: 0 only when it is over. */
static void append_countdown(struct buffer *out, int64_t left_ns)
{
	int64_t seconds = left_ns / NS_PER_S + (left_ns % NS_PER_S > 0);

	if (seconds <= 0)
		buffer_append_text(out, "0s");
	else
		duration_append(out, seconds * NS_PER_S);
}

static void append_redial(struct buffer *out, const struct progress *progress)
{
	buffer_append_text(out, "dialling again in ");
	if (progress->redial_in_ns < 10 * NS_PER_S)
		duration_append(out, progress->redial_in_ns);
	else
		append_countdown(out, progress->redial_in_ns);
}

/* One connection: what it does. */
static void append_state(struct buffer *out, const struct progress *progress)
{
	if (progress->up > 0) {
		buffer_append_text(out,
				   progress->local ? "reading" : "connected");
	} else if (progress->dialling > 0) {
		buffer_append_text(out, progress->local ? "opening..."
					: progress->begun
						? "connection lost, dialling..."
						: "dialling...");
	} else if (progress->waiting > 0) {
		buffer_append_text(out, progress->begun ? "connection lost, "
							: "not connected, ");
		append_redial(out, progress);
	} else {
		buffer_append_text(out, "ended");
	}
}

/* Several: how many are there, and what the others do. */
static void append_states(struct buffer *out, const struct progress *progress)
{
	size_t all = progress->up + progress->dialling + progress->waiting +
		     progress->over;

	buffer_printf(out, "%zu of %zu %s", progress->up, all,
		      progress->local ? "open" : "connected");
	if (progress->dialling > 0)
		buffer_printf(out, ", %zu dialling", progress->dialling);
	if (progress->waiting > 0) {
		buffer_append_text(out, ", ");
		append_redial(out, progress);
	}
	if (progress->over > 0)
		buffer_printf(out, ", %zu ended", progress->over);
}

static void append_bar(struct buffer *out, double share, size_t columns,
		       bool unicode)
{
	size_t eighths = (size_t)(share * (double)columns * 8);
	size_t full = eighths / 8;

	buffer_append_char(out, '[');
	for (size_t i = 0; i < columns; i++) {
		if (i < full) {
			buffer_append_text(out, unicode ? "\xe2\x96\x88" : "#");
		} else if (i == full && unicode && eighths % 8 > 0) {
			/* U+2589 lacks one eighth, and so on. */
			char block[] = "\xe2\x96\x88";

			block[2] = (char)(block[2] + (int)(8 - eighths % 8));
			buffer_append_text(out, block);
		} else {
			buffer_append_char(out, ' ');
		}
	}
	buffer_append_char(out, ']');
}

static void add_file_parts(struct line *line, struct buffer *part,
			   const struct progress *progress)
{
	uint64_t size = progress->size_bytes;
	/* A file may have grown since it was asked for its size. */
	uint64_t done =
		progress->read_bytes < size ? progress->read_bytes : size;
	double share = (double)done / (double)size;
	double left_s;

	append_bar(part, share, line->room < 60 ? BAR_NARROW : BAR_COLUMNS,
		   progress->unicode);
	line_add(line, part);
	buffer_printf(part, "%3u %%", (unsigned)(share * 100));
	line_add(line, part);
	if (progress->bytes_rate < 1)
		return;
	bytes_append(part, (uint64_t)progress->bytes_rate);
	buffer_append_text(part, "/s");
	line_add(line, part);
	left_s = (double)(size - done) / progress->bytes_rate;
	if (left_s > LEFT_MOST_S)
		return;
	append_countdown(part, (int64_t)(left_s * (double)NS_PER_S));
	buffer_append_text(part, " left");
	line_add(line, part);
}

static void add_window_parts(struct line *line, struct buffer *part,
			     const struct progress *progress)
{
	bool ends = progress->ends_in_ns != TIME_NEVER;
	bool is_file = progress->size_bytes > 0;

	append_thousands(part, progress->orders);
	buffer_append_text(part, progress->orders == 1 ? " order" : " orders");
	if (!ends && !is_file) {
		buffer_append_text(part, " in ");
		append_countdown(part, progress->open_for_ns);
	}
	line_add(line, part);
	if (is_file)
		return;
	if (progress->rate < 9.95 && progress->rate > 0)
		buffer_printf(part, "%.1f", progress->rate);
	else
		append_thousands(part, (uint64_t)(progress->rate + 0.5));
	buffer_append_text(part, "/s");
	line_add(line, part);
	if (ends) {
		append_countdown(part, progress->ends_in_ns);
		buffer_append_text(part, " left");
		line_add(line, part);
	}
	if (progress->has_watermark) {
		buffer_append_text(part, "watermark ");
		append_countdown(part, progress->behind_ns);
		buffer_append_text(part, " behind");
		line_add(line, part);
	}
}

void progress_format(struct buffer *out, const struct progress *progress)
{
	size_t columns =
		progress->columns > 0 ? progress->columns : COLUMNS_DEFAULT;
	struct line line = {.out = out, .room = columns - 1};
	struct buffer part = {0};
	size_t sources = progress->up + progress->dialling + progress->waiting +
			 progress->over;

	if (progress->size_bytes > 0) {
		add_file_parts(&line, &part, progress);
	} else {
		if (sources > 1)
			append_states(&part, progress);
		else
			append_state(&part, progress);
		line_add(&line, &part);
	}
	if (progress->begun)
		add_window_parts(&line, &part, progress);
	buffer_release(&part);
}
