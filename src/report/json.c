#include "report/internal.h"
#include "report/json_parts.h"

static void append_number(struct buffer *out, const char *name, uint64_t number)
{
	buffer_append_text(out, name);
	buffer_append_number(out, number);
}

static void append_window(const struct report *report, struct buffer *out)
{
	buffer_append_text(out, "{\"start\":\"");
	buffer_append_text(out, report->start);
	buffer_append_text(out, "\",\"end\":\"");
	buffer_append_text(out, report->end);
	buffer_append_text(out, report->snapshot->partial
					? "\",\"partial\":true"
					: "\",\"partial\":false");
}

static void append_sums(const struct report *report, size_t row,
			struct buffer *out)
{
	buffer_append_text(out, ",\"sum\":");
	report_append_sum(report, row, SUM_WINDOW, out);
	buffer_append_text(out, ",\"total_sum\":");
	report_append_sum(report, row, SUM_TOTAL, out);
}

static void json_row(const struct report *report, const struct row *row,
		     struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const unsigned char *key = snapshot_key(snapshot, row);

	append_window(report, out);
	if (report->options.slide_ns > 0) {
		buffer_append_text(out, ",\"slide\":");
		report_append_seconds(out, report->options.slide_ns);
	}
	buffer_append_text(out, ",\"key\":");
	if (key)
		json_append_key(out, key, report->options.key_names,
				report->options.key_count);
	else
		buffer_append_text(out, "null");
	append_number(out, ",\"count\":", row->count);
	append_number(out, ",\"total\":", row->total);
	if (snapshot->sums)
		append_sums(report, (size_t)(row - snapshot->rows), out);
	buffer_append_text(out, "}\n");
}

void json_append_summary(struct buffer *out, const struct snapshot *snapshot)
{
	const struct tallies *tallies = &snapshot->tallies;

	append_number(out, "{\"orders\":", snapshot->orders);
	append_number(out, ",\"read\":", tallies->read);
	append_number(out, ",\"counted\":", tallies->counted);
	json_append_rejected(out, tallies);
	append_number(out, ",\"filtered\":", tallies->filtered);
	append_number(out, ",\"late\":", tallies->late);
	append_number(out, ",\"groups\":", snapshot->groups);
	buffer_append_char(out, '}');
}

static void json_close(const struct report *report, struct buffer *out)
{
	if (!report->options.summary)
		return;
	append_window(report, out);
	buffer_append_text(out, ",\"summary\":");
	json_append_summary(out, report->snapshot);
	buffer_append_text(out, "}\n");
}

const struct report_writer json_writer = {
	.row = json_row,
	.close = json_close,
};
