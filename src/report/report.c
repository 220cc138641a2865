#include "report/report.h"

#include "report/internal.h"

#define NS_PER_S 1000000000u

static const struct report_writer *writer_of(const struct report *report)
{
	switch (report->options.format) {
	case FORMAT_TABLE: return &table_writer;
	case FORMAT_JSON: return &json_writer;
	case FORMAT_PROMETHEUS: return &prometheus_writer;
	default: return &delimited_writer;
	}
}

void report_init(struct report *report, const struct report_options *options)
{
	*report = (struct report){.options = *options};
	report_restart(report, true);
}

void report_restart(struct report *report, bool empty)
{
	report->header_due = empty;
	report->follows = !empty;
	report->day_shown = false;
}

void report_begin(struct report *report, const struct snapshot *snapshot)
{
	static const char *const unnamed[] = {"key"};
	bool local = report->options.local_time;

	if (report->options.key_count == 0) {
		report->options.key_names = unnamed;
		report->options.key_count = 1;
	}
	report->snapshot = snapshot;
	report->next_row = 0;
	report->row_end = snapshot->row_count;
	report->pass = 0;
	report->passes = 1;
	report->opened = false;
	rfc3339_format(report->start, snapshot->start_ns, local);
	rfc3339_format(report->end, snapshot->end_ns, local);
}

/* Writes a row, and what stands before the first. False: it was the last. */
static bool write_next(struct report *report, struct buffer *out)
{
	const struct report_writer *writer = writer_of(report);

	if (report->next_row == 0 && writer->pass)
		writer->pass(report, out);
	if (report->next_row < report->row_end) {
		snapshot_fetch_key(report->snapshot, report->next_row);
		writer->row(report, &report->snapshot->rows[report->next_row++],
			    out);
	}
	if (report->next_row == report->row_end) {
		report->next_row = 0;
		report->pass++;
	}
	return report->pass < report->passes && !out->failed;
}

bool report_slice(struct report *report, struct buffer *out, size_t slice)
{
	const struct report_writer *writer = writer_of(report);
	size_t start = out->size;
	bool more;

	if (!report->snapshot)
		return false;
	if (!report->opened && writer->open)
		writer->open(report, out);
	report->opened = true;
	do
		more = write_next(report, out);
	while (more && out->size - start < slice);
	if (more)
		return true;
	if (writer->close)
		writer->close(report, out);
	report->snapshot = NULL;
	return false;
}

void report_append_sum(const struct report *report, size_t row,
		       enum sum_kind kind, struct buffer *out)
{
	const struct sum *sums = &report->snapshot->sums[2 * row];

	sum_append(out, &sums[kind], sums[SUM_TOTAL].scale);
}

void report_append_seconds(struct buffer *out, int64_t time_ns)
{
	uint64_t rest = time_ns < 0 ? 0 - (uint64_t)time_ns : (uint64_t)time_ns;
	uint64_t fraction = rest % NS_PER_S;

	if (time_ns < 0)
		buffer_append_char(out, '-');
	buffer_append_number(out, rest / NS_PER_S);
	if (fraction == 0)
		return;
	buffer_append_char(out, '.');
	for (uint64_t unit = NS_PER_S / 10; fraction > 0; unit /= 10) {
		buffer_append_char(out, (char)('0' + fraction / unit));
		fraction %= unit;
	}
}
