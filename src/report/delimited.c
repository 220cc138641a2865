#include <stdio.h>
#include <string.h>

#include "core/keytext.h"
#include "report/internal.h"

static const char *const summary_names[] = {"read", "counted", "rejected",
					    "filtered", "late"};

#define SUMMARY_COLUMNS (sizeof(summary_names) / sizeof(summary_names[0]))

static bool is_csv(const struct report *report)
{
	return report->options.format == FORMAT_CSV;
}

/* A control character counts too: few readers take it outside quotes. */
static bool csv_needs_quotes(struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < 0x20 || byte == '"' || byte == ',' || byte == 0x7f)
			return true;
		if (byte == 0xc2 && i + 1 < text.size &&
		    (unsigned char)text.data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* RFC 4180; with `in_quotes` the value has a pair of quotes of its own. */
static void csv_append(struct buffer *out, struct span text, bool in_quotes)
{
	if (!in_quotes && !csv_needs_quotes(text)) {
		buffer_append_span(out, text);
		return;
	}
	buffer_append_text(out, in_quotes ? "\"\"\"" : "\"");
	while (text.size > 0) {
		const char *quote = memchr(text.data, '"', text.size);
		size_t size =
			quote ? (size_t)(quote - text.data) + 1 : text.size;

		buffer_append(out, text.data, size);
		if (quote)
			buffer_append_char(out, '"');
		text = span_make(text.data + size, text.size - size);
	}
	buffer_append_text(out, in_quotes ? "\"\"\"" : "\"");
}

static char separator(const struct report *report)
{
	return is_csv(report) ? ',' : '\t';
}

static void append_separator(const struct report *report, struct buffer *out)
{
	buffer_append_char(out, separator(report));
}

static void append_text(const struct report *report, const char *text,
			struct buffer *out)
{
	append_separator(report, out);
	buffer_append_text(out, text);
}

/* Most of what is written is these: in one piece. */
static void append_number(const struct report *report, uint64_t number,
			  struct buffer *out)
{
	char text[24];
	char *start = text + sizeof(text);

	do {
		*--start = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	*--start = separator(report);
	buffer_append(out, start, (size_t)(text + sizeof(text) - start));
}

/* The two sums of a row, where there are sums. */
static void append_sums(const struct report *report, size_t row,
			struct buffer *out)
{
	if (!report->snapshot->sums)
		return;
	append_separator(report, out);
	report_append_sum(report, row, SUM_WINDOW, out);
	append_separator(report, out);
	report_append_sum(report, row, SUM_TOTAL, out);
}

static void append_times(const struct report *report, struct buffer *out)
{
	buffer_append(out, report->times, report->times_size);
}

/* One text in every key column. */
static void append_label(const struct report *report, const char *label,
			 struct buffer *out)
{
	for (size_t i = 0; i < report->options.key_count; i++)
		append_text(report, label, out);
}

static void append_key(const struct report *report, const unsigned char *key,
		       struct buffer *out)
{
	for (size_t i = 0; i < report->options.key_count; i++) {
		struct key_part part = key_next(&key);

		append_separator(report, out);
		if (is_csv(report))
			csv_append(out, part.text, keytext_is_quoted(&part));
		else
			keytext_tsv(out, &part);
	}
}

static void delimited_header(const struct report *report, struct buffer *out)
{
	buffer_append_text(out, "start");
	append_text(report, "end", out);
	for (size_t i = 0; i < report->options.key_count; i++) {
		struct span name = span_of(report->options.key_names[i]);

		append_separator(report, out);
		if (is_csv(report))
			csv_append(out, name, false);
		else
			keytext_escape_tsv(out, name);
	}
	append_text(report, "count", out);
	append_text(report, "total", out);
	if (report->snapshot->sums) {
		append_text(report, "sum", out);
		append_text(report, "total_sum", out);
	}
	for (size_t i = 0; report->options.summary && i < SUMMARY_COLUMNS; i++)
		append_text(report, summary_names[i], out);
	buffer_append_char(out, '\n');
}

static void delimited_open(struct report *report, struct buffer *out)
{
	report->times_size =
		(size_t)snprintf(report->times, sizeof(report->times), "%s%c%s",
				 report->start, separator(report), report->end);
	if (report->options.header && report->header_due)
		delimited_header(report, out);
	report->header_due = false;
}

static void delimited_row(const struct report *report, const struct row *row,
			  struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const unsigned char *key = snapshot_key(snapshot, row);

	append_times(report, out);
	if (key)
		append_key(report, key, out);
	else
		append_label(report, TEXT_OTHER, out);
	append_number(report, row->count, out);
	append_number(report, row->total, out);
	append_sums(report, (size_t)(row - snapshot->rows), out);
	for (size_t i = 0; report->options.summary && i < SUMMARY_COLUMNS; i++)
		append_separator(report, out);
	buffer_append_char(out, '\n');
}

static void delimited_close(const struct report *report, struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const struct tallies *tallies = &snapshot->tallies;

	if (!report->options.summary)
		return;
	append_times(report, out);
	append_label(report, TEXT_SUMMARY, out);
	append_number(report, snapshot->orders, out);
	append_number(report, snapshot->total_orders, out);
	append_sums(report, snapshot->row_count, out);
	append_number(report, tallies->read, out);
	append_number(report, tallies->counted, out);
	append_number(report, tallies_rejected(tallies), out);
	append_number(report, tallies->filtered, out);
	append_number(report, tallies->late, out);
	buffer_append_char(out, '\n');
}

const struct report_writer delimited_writer = {
	.open = delimited_open,
	.row = delimited_row,
	.close = delimited_close,
};
