#include "report/layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/keytext.h"
#include "report/internal.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST	20
#define KEY_LEAST	3
#define BAR_LEAST	8
#define BAR_MOST	40

size_t layout_columns(const struct report_options *options)
{
	size_t columns = options->columns;

	if (columns == 0)
		columns = COLUMNS_DEFAULT;
	if (columns < COLUMNS_LEAST)
		columns = COLUMNS_LEAST;
	/* Erasing to the end of a full line would take its last character. */
	return options->live ? columns - 1 : columns;
}

struct cell layout_name(const struct report *report, size_t column)
{
	return (struct cell){span_of(report->options.key_names[column]), false};
}

struct cell layout_key(const unsigned char **key)
{
	struct key_part part;

	if (!*key)
		return (struct cell){span_of(TEXT_OTHER), false};
	part = key_next(key);
	return (struct cell){part.text, keytext_is_quoted(&part)};
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

static size_t number_width(const char *heading, uint64_t largest)
{
	size_t least = strlen(heading);
	size_t digits = (size_t)snprintf(NULL, 0, "%" PRIu64, largest);

	return digits > least ? digits : least;
}

/* As the sum stands there; out is as it was afterwards. */
static void widen_sum(const struct report *report, size_t row,
		      enum sum_kind kind, size_t *width, struct buffer *out)
{
	size_t start = out->size;
	size_t size;

	report_append_sum(report, row, kind, out);
	if (out->failed)
		return;
	size = out->size - start;
	out->size = start;
	if (size > *width)
		*width = size;
}

static void measure_sums(struct report *report, struct buffer *out)
{
	struct table_layout *layout = &report->layout;

	layout->sum_width = strlen("sum");
	layout->total_sum_width = strlen("total_sum");
	for (size_t i = 0; i < report->row_end; i++) {
		widen_sum(report, i, SUM_WINDOW, &layout->sum_width, out);
		widen_sum(report, i, SUM_TOTAL, &layout->total_sum_width, out);
	}
}

static void measure(struct report *report, size_t columns)
{
	const struct snapshot *snapshot = report->snapshot;
	struct table_layout *layout = &report->layout;
	uint64_t largest_total = 0;

	for (size_t i = 0; i < layout->key_columns; i++) {
		layout->key_widths[i] = KEY_LEAST;
		widen(&layout->key_widths[i], layout_name(report, i), columns);
	}
	for (size_t i = 0; i < report->row_end; i++) {
		const struct row *row = &snapshot->rows[i];
		const unsigned char *key = snapshot_key(snapshot, row);

		if (row->count > layout->largest)
			layout->largest = row->count;
		if (row->total > largest_total)
			largest_total = row->total;
		for (size_t j = 0; j < layout->key_columns; j++)
			widen(&layout->key_widths[j], layout_key(&key),
			      columns);
	}
	layout->count_width = number_width("count", layout->largest);
	layout->total_width = number_width("total", largest_total);
}

/* What the keys take side by side. */
static size_t keys_width(const struct table_layout *layout)
{
	size_t width = (layout->key_columns - 1) * LAYOUT_GAP;

	for (size_t i = 0; i < layout->key_columns; i++)
		width += layout->key_widths[i];
	return width;
}

static size_t keys_least(const struct table_layout *layout)
{
	return layout->key_columns * (KEY_LEAST + LAYOUT_GAP) - LAYOUT_GAP;
}

/* What a column takes with the gap before it; nothing if it is left out. */
static size_t with_gap(size_t width)
{
	return width > 0 ? LAYOUT_GAP + width : 0;
}

static size_t numbers_width(const struct table_layout *layout)
{
	return with_gap(layout->count_width) + with_gap(layout->total_width) +
	       with_gap(layout->sum_width) + with_gap(layout->total_sum_width);
}

/* Leaves out what has no room; a number is never cut. Returns what is left. */
static size_t fit_numbers(struct table_layout *layout, size_t columns)
{
	size_t least = keys_least(layout);
	size_t keys = keys_width(layout);
	size_t share = least > columns / 3 ? least : columns / 3;
	size_t numbers;

	if (keys > share)
		keys = share;
	if (keys + numbers_width(layout) > columns)
		layout->total_sum_width = 0;
	if (keys + numbers_width(layout) > columns)
		layout->sum_width = 0;
	if (least + numbers_width(layout) > columns)
		layout->total_width = 0;
	numbers = numbers_width(layout);
	return columns > numbers ? columns - numbers : KEY_LEAST;
}

/*
 * Keys come before shares, unless they are so long that they are cut in any
 * case and have half of the line; shares before bars. What was asked to be
 * added up comes before both, but leaves the keys a third of the line.
 */
static void lay_out(struct table_layout *layout, size_t columns)
{
	size_t share = LAYOUT_GAP + LAYOUT_SHARE_WIDTH;
	size_t room = fit_numbers(layout, columns);

	while (layout->key_columns > 1 && keys_least(layout) > room)
		layout->key_columns--;

	layout->shares = keys_width(layout) + share <= room ||
			 (room >= columns / 2 + share &&
			  keys_least(layout) + share <= room);
	if (layout->shares)
		room -= share;
	cell_share_room(layout->key_widths, layout->key_columns,
			room - (layout->key_columns - 1) * LAYOUT_GAP);
	room -= keys_width(layout);
	if (layout->shares && room >= LAYOUT_GAP + BAR_LEAST)
		layout->bar_width = room - LAYOUT_GAP;
	if (layout->bar_width > BAR_MOST)
		layout->bar_width = BAR_MOST;
}

void layout_make(struct report *report, struct buffer *out)
{
	size_t columns = layout_columns(&report->options);

	report->layout =
		(struct table_layout){.key_columns = report->options.key_count};
	measure(report, columns);
	if (report->snapshot->sums)
		measure_sums(report, out);
	lay_out(&report->layout, columns);
}
