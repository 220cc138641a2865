#include "report/report.h"

#include "report/internal.h"

static const struct report_writer *writer_of(const struct report *report)
{
	switch (report->options.format) {
	case FORMAT_TABLE: return &table_writer;
	case FORMAT_JSON: return &json_writer;
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
	const struct report_writer *writer = writer_of(report);
	bool local = report->options.local_time;

	report->snapshot = snapshot;
	report->next_row = 0;
	report->opened = false;
	rfc3339_format(report->start, snapshot->start_ns, local);
	rfc3339_format(report->end, snapshot->end_ns, local);
	if (writer->begin)
		writer->begin(report);
}

bool report_slice(struct report *report, struct buffer *out, size_t slice)
{
	const struct report_writer *writer = writer_of(report);
	const struct snapshot *snapshot = report->snapshot;
	size_t start = out->size;

	if (!snapshot)
		return false;
	if (!report->opened && writer->open)
		writer->open(report, out);
	report->opened = true;
	while (report->next_row < snapshot->row_count && !out->failed) {
		writer->row(report, &snapshot->rows[report->next_row++], out);
		if (out->size - start >= slice)
			break;
	}
	if (report->next_row < snapshot->row_count && !out->failed)
		return true;
	if (writer->close)
		writer->close(report, out);
	report->snapshot = NULL;
	return false;
}
