#include <inttypes.h>
#include <stdio.h>

#include "core/keytext.h"
#include "report/cells.h"
#include "report/headline.h"
#include "report/internal.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST	20
#define GAP		2 /* between two columns */
#define KEY_LEAST	3
#define SHARE_WIDTH	6 /* "100.0%" */
#define BAR_LEAST	8
#define BAR_MOST	40

static size_t table_columns(const struct report *report)
{
	size_t columns = report->options.columns;

	if (columns == 0)
		return COLUMNS_DEFAULT;
	return columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns;
}

static struct cell name_cell(const struct report *report, size_t column)
{
	return (struct cell){span_of(report->options.key_names[column]), false};
}

static struct cell part_cell(const struct key_part *part)
{
	return (struct cell){part->text, keytext_is_quoted(part)};
}

static void widen(size_t *width, struct cell cell, size_t enough)
{
	size_t needed;

	/* Beyond the whole width it is cut anyway. */
	if (*width > enough)
		return;
	needed = cell_width(cell, enough);
	if (needed > *width)
		*width = needed;
}

static void measure_row(struct table_layout *layout, const struct row *row,
			size_t key_count, size_t enough)
{
	const unsigned char *key = row->key;

	if (row->count > layout->largest)
		layout->largest = row->count;
	for (size_t i = 0; i < key_count; i++) {
		struct cell cell = {span_of(TEXT_OTHER), false};

		if (row->key) {
			struct key_part part = key_next(&key);

			cell = part_cell(&part);
		}
		widen(&layout->key_widths[i], cell, enough);
	}
}

static size_t number_width(const char *heading, uint64_t largest)
{
	size_t least = strlen(heading);
	size_t digits = (size_t)snprintf(NULL, 0, "%" PRIu64, largest);

	return digits > least ? digits : least;
}

static void measure(struct report *report, size_t columns)
{
	const struct snapshot *snapshot = report->snapshot;
	struct table_layout *layout = &report->layout;
	uint64_t largest_total = 0;

	*layout = (struct table_layout){0};
	layout->key_columns = report->options.key_count;
	for (size_t i = 0; i < layout->key_columns; i++)
		layout->key_widths[i] = KEY_LEAST;
	for (size_t i = 0; i < layout->key_columns; i++)
		widen(&layout->key_widths[i], name_cell(report, i), columns);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct row *row = &snapshot->rows[i];

		measure_row(layout, row, layout->key_columns, columns);
		if (row->total > largest_total)
			largest_total = row->total;
	}
	layout->count_width = number_width("count", layout->largest);
	layout->total_width = number_width("total", largest_total);
}

/* What the keys take side by side. */
static size_t keys_width(const struct table_layout *layout)
{
	size_t width = (layout->key_columns - 1) * GAP;

	for (size_t i = 0; i < layout->key_columns; i++)
		width += layout->key_widths[i];
	return width;
}

static size_t keys_least(const struct table_layout *layout)
{
	return layout->key_columns * (KEY_LEAST + GAP) - GAP;
}

/* What the counts and totals take, with the gaps before them. */
static size_t numbers_width(const struct table_layout *layout)
{
	size_t width = GAP + layout->count_width;

	if (layout->total_width > 0)
		width += GAP + layout->total_width;
	return width;
}

/*
 * Keys come before shares, unless they are so long that they are cut in any
 * case and have half of the line; shares before bars.
 */
static void lay_out(struct table_layout *layout, size_t columns)
{
	size_t numbers = numbers_width(layout);
	size_t share = GAP + SHARE_WIDTH;
	size_t room;

	if (keys_least(layout) + numbers > columns) {
		layout->total_width = 0;
		numbers = numbers_width(layout);
	}
	room = columns > numbers ? columns - numbers : KEY_LEAST;
	while (layout->key_columns > 1 && keys_least(layout) > room)
		layout->key_columns--;

	layout->shares = keys_width(layout) + share <= room ||
			 (room >= columns / 2 + share &&
			  keys_least(layout) + share <= room);
	if (layout->shares)
		room -= share;
	cell_share_room(layout->key_widths, layout->key_columns,
			room - (layout->key_columns - 1) * GAP);
	room -= keys_width(layout);
	if (layout->shares && room >= GAP + BAR_LEAST)
		layout->bar_width = room - GAP;
	if (layout->bar_width > BAR_MOST)
		layout->bar_width = BAR_MOST;
}

static void table_begin(struct report *report)
{
	size_t columns = table_columns(report);

	measure(report, columns);
	lay_out(&report->layout, columns);
}

static void append_right(struct buffer *out, const char *text, size_t width)
{
	cell_append_spaces(out, GAP + width - strlen(text));
	buffer_append_text(out, text);
}

static void table_open(struct report *report, struct buffer *out)
{
	const struct table_layout *layout = &report->layout;

	if (report->follows)
		buffer_append_char(out, '\n');
	report->follows = true;
	headline_append(report, table_columns(report), out);
	if (report->snapshot->row_count == 0) {
		buffer_append_text(out, report->snapshot->total_orders == 0
						? "no orders so far\n"
						: "no orders\n");
		return;
	}
	for (size_t i = 0; i < layout->key_columns; i++) {
		if (i > 0)
			cell_append_spaces(out, GAP);
		cell_append(out, name_cell(report, i), layout->key_widths[i],
			    report->options.unicode);
	}
	append_right(out, "count", layout->count_width);
	if (layout->total_width > 0)
		append_right(out, "total", layout->total_width);
	if (layout->shares)
		append_right(out, "share", SHARE_WIDTH);
	buffer_append_char(out, '\n');
}

static void append_share(struct buffer *out, uint64_t count, uint64_t orders)
{
	char text[32];
	double percent;

	if (orders == 0) {
		append_right(out, "-", SHARE_WIDTH);
		return;
	}
	percent = (double)count * 100 / (double)orders;
	if (count > 0 && percent < 0.05) {
		append_right(out, "<0.1%", SHARE_WIDTH);
		return;
	}
	snprintf(text, sizeof(text), "%.1f%%", percent);
	append_right(out, text, SHARE_WIDTH);
}

/* In eighths of a column; whatever is above zero can be seen. */
static void append_bar(const struct report *report, struct buffer *out,
		       uint64_t count)
{
	const struct table_layout *layout = &report->layout;
	double full = (double)layout->bar_width * 8;
	size_t eighths;

	if (count == 0)
		return;
	eighths =
		(size_t)((double)count / (double)layout->largest * full + 0.5);
	if (eighths == 0)
		eighths = 1;
	cell_append_spaces(out, GAP);
	if (!report->options.unicode) {
		for (size_t i = 0; i < (eighths + 4) / 8 || i == 0; i++)
			buffer_append_char(out, '#');
		return;
	}
	/* U+2588 is the full block, U+2589 lacks an eighth, and so on. */
	for (; eighths >= 8; eighths -= 8)
		buffer_append_text(out, "\xe2\x96\x88");
	if (eighths > 0) {
		char block[] = "\xe2\x96\x88";

		block[2] = (char)(block[2] + (int)(8 - eighths));
		buffer_append_text(out, block);
	}
}

static void table_row(const struct report *report, const struct row *row,
		      struct buffer *out)
{
	const struct table_layout *layout = &report->layout;
	const unsigned char *key = row->key;
	bool dimmed = !row->key && report->options.color;

	if (dimmed)
		buffer_append_text(out, COLOR_DIM);
	for (size_t i = 0; i < layout->key_columns; i++) {
		struct cell cell = {span_of(TEXT_OTHER), false};

		if (row->key) {
			struct key_part part = key_next(&key);

			cell = part_cell(&part);
		}
		if (i > 0)
			cell_append_spaces(out, GAP);
		cell_append(out, cell, layout->key_widths[i],
			    report->options.unicode);
	}
	cell_append_spaces(out, GAP);
	cell_append_number(out, row->count, layout->count_width);
	if (layout->total_width > 0) {
		cell_append_spaces(out, GAP);
		cell_append_number(out, row->total, layout->total_width);
	}
	if (layout->shares)
		append_share(out, row->count, report->snapshot->orders);
	if (layout->bar_width > 0)
		append_bar(report, out, row->count);
	if (dimmed)
		buffer_append_text(out, COLOR_OFF);
	buffer_append_char(out, '\n');
}

const struct report_writer table_writer = {
	.begin = table_begin,
	.open = table_open,
	.row = table_row,
};
