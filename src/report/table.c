#include <stdio.h>

#include "report/cells.h"
#include "report/headline.h"
#include "report/internal.h"
#include "report/layout.h"
#include "report/live.h"

static void append_right(struct buffer *out, const char *text, size_t width)
{
	cell_append_spaces(out, LAYOUT_GAP + width - strlen(text));
	buffer_append_text(out, text);
}

/* A heading, unless the column is left out. */
static void append_heading(struct buffer *out, const char *text, size_t width)
{
	if (width > 0)
		append_right(out, text, width);
}

static void append_headings(const struct report *report, struct buffer *out)
{
	const struct table_layout *layout = &report->layout;

	for (size_t i = 0; i < layout->key_columns; i++) {
		if (i > 0)
			cell_append_spaces(out, LAYOUT_GAP);
		cell_append(out, layout_name(report, i), layout->key_widths[i],
			    report->options.unicode);
	}
	append_heading(out, "count", layout->count_width);
	append_heading(out, "total", layout->total_width);
	append_heading(out, "sum", layout->sum_width);
	append_heading(out, "total_sum", layout->total_sum_width);
	if (layout->shares)
		append_right(out, "share", LAYOUT_SHARE_WIDTH);
	live_end_line(report, out);
}

static void table_open(struct report *report, struct buffer *out)
{
	bool headings = true;
	size_t start;

	if (report->options.live)
		live_open(report, out);
	else if (report->follows)
		buffer_append_char(out, '\n');
	report->follows = true;
	start = out->size;
	headline_append(report, layout_columns(&report->options), out);
	if (report->options.live)
		headings = live_fit(report, out, start);
	if (report->snapshot->row_count > 0) {
		layout_make(report, out);
		if (headings)
			append_headings(report, out);
	} else if (headings) {
		buffer_append_text(out, report->snapshot->total_orders == 0
						? "no orders so far"
						: "no orders");
		live_end_line(report, out);
	}
}

static void append_share(struct buffer *out, uint64_t count, uint64_t orders)
{
	char text[32];
	double percent;

	if (orders == 0) {
		append_right(out, "-", LAYOUT_SHARE_WIDTH);
		return;
	}
	percent = (double)count * 100 / (double)orders;
	if (count > 0 && percent < 0.05) {
		append_right(out, "<0.1%", LAYOUT_SHARE_WIDTH);
		return;
	}
	snprintf(text, sizeof(text), "%.1f%%", percent);
	append_right(out, text, LAYOUT_SHARE_WIDTH);
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
	cell_append_spaces(out, LAYOUT_GAP);
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

static void append_sum(const struct report *report, size_t row,
		       enum sum_kind kind, size_t width, struct buffer *out)
{
	size_t start;

	if (width == 0)
		return;
	cell_append_spaces(out, LAYOUT_GAP);
	start = out->size;
	report_append_sum(report, row, kind, out);
	cell_align_right(out, start, width);
}

static void append_numbers(const struct report *report, const struct row *row,
			   struct buffer *out)
{
	const struct table_layout *layout = &report->layout;
	size_t number = (size_t)(row - report->snapshot->rows);

	cell_append_spaces(out, LAYOUT_GAP);
	cell_append_number(out, row->count, layout->count_width);
	if (layout->total_width > 0) {
		cell_append_spaces(out, LAYOUT_GAP);
		cell_append_number(out, row->total, layout->total_width);
	}
	append_sum(report, number, SUM_WINDOW, layout->sum_width, out);
	append_sum(report, number, SUM_TOTAL, layout->total_sum_width, out);
}

static void table_row(const struct report *report, const struct row *row,
		      struct buffer *out)
{
	const struct table_layout *layout = &report->layout;
	const unsigned char *key = snapshot_key(report->snapshot, row);
	bool dimmed = !key && report->options.color;

	if (dimmed)
		buffer_append_text(out, COLOR_DIM);
	for (size_t i = 0; i < layout->key_columns; i++) {
		if (i > 0)
			cell_append_spaces(out, LAYOUT_GAP);
		cell_append(out, layout_key(&key), layout->key_widths[i],
			    report->options.unicode);
	}
	append_numbers(report, row, out);
	if (layout->shares)
		append_share(out, row->count, report->snapshot->orders);
	if (layout->bar_width > 0)
		append_bar(report, out, row->count);
	if (dimmed)
		buffer_append_text(out, COLOR_OFF);
	live_end_line(report, out);
}

static void table_close(const struct report *report, struct buffer *out)
{
	if (report->options.live)
		live_close(report, out);
}

const struct report_writer table_writer = {
	.open = table_open,
	.row = table_row,
	.close = table_close,
};
