/*
 * The text exposition format of Prometheus, version 0.0.4: a window is a whole
 * one. All lines of a family stand together, so that the rows are gone through
 * once for each family that has a line a group.
 */
#include "base/clock.h"
#include "core/keytext.h"
#include "report/internal.h"
#include "report/label.h"

struct family {
	const char *name;
	const char *type;
	const char *help;
};

/*
 * In the order of the passes. A sum may fall: it is a gauge. `untyped` is how
 * promtool lets a gauge have a name that ends in _sum.
 */
static const struct family row_families[] = {
	{"ordercount_orders_total", "counter", "Orders counted, by group."},
	{"ordercount_window_orders", "gauge",
	 "Orders of the last window, by group."},
	{"ordercount_sum", "untyped",
	 "Gauge: sum over the orders counted, by group."},
	{"ordercount_window_sum", "untyped",
	 "Gauge: sum over the orders of the last window, by group."},
};

enum row_pass { PASS_TOTAL, PASS_COUNT, PASS_TOTAL_SUM, PASS_SUM, PASS_END };

void report_append_family(struct buffer *out, const char *name,
			  const char *type, const char *help)
{
	buffer_append_text(out, "# HELP ");
	buffer_append_text(out, name);
	buffer_append_char(out, ' ');
	buffer_append_text(out, help);
	buffer_append_text(out, "\n# TYPE ");
	buffer_append_text(out, name);
	buffer_append_char(out, ' ');
	buffer_append_text(out, type);
	buffer_append_char(out, '\n');
}

static void append_head(const struct family *family, struct buffer *out)
{
	report_append_family(out, family->name, family->type, family->help);
}

static void append_number(struct buffer *out, uint64_t number)
{
	buffer_append_char(out, ' ');
	buffer_append_number(out, number);
	buffer_append_char(out, '\n');
}

/* A whole line, its only label being one that has such a value. */
static void append_label(struct buffer *out, const char *name,
			 const char *label, const char *value)
{
	buffer_append_text(out, name);
	buffer_append_char(out, '{');
	buffer_append_text(out, label);
	buffer_append_text(out, "=\"");
	label_append_value(out, span_of(value));
	buffer_append_text(out, "\"}");
}

static void append_labeled(struct buffer *out, const char *name,
			   const char *label, const char *value,
			   uint64_t number)
{
	append_label(out, name, label, value);
	append_number(out, number);
}

static void append_part(struct buffer *out, const struct key_part *part)
{
	bool quoted = keytext_is_quoted(part);

	if (quoted)
		buffer_append_text(out, "\\\"");
	label_append_value(out, part->text);
	if (quoted)
		buffer_append_text(out, "\\\"");
}

static void append_labels(const struct report *report, const unsigned char *key,
			  struct buffer *out)
{
	for (size_t i = 0; i < report->options.key_count; i++) {
		buffer_append_char(out, i == 0 ? '{' : ',');
		label_append_name(out, report->options.key_names[i]);
		buffer_append_text(out, "=\"");
		if (key) {
			struct key_part part = key_next(&key);

			append_part(out, &part);
		} else {
			buffer_append_text(out, TEXT_OTHER);
		}
		buffer_append_char(out, '"');
	}
	buffer_append_char(out, '}');
}

static void prometheus_open(struct report *report, struct buffer *out)
{
	(void)out;
	report->passes = report->snapshot->sums ? PASS_END : PASS_TOTAL_SUM;
}

static void prometheus_pass(const struct report *report, struct buffer *out)
{
	append_head(&row_families[report->pass], out);
}

static void prometheus_row(const struct report *report, const struct row *row,
			   struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	size_t number = (size_t)(row - snapshot->rows);

	buffer_append_text(out, row_families[report->pass].name);
	append_labels(report, snapshot_key(snapshot, row), out);
	switch (report->pass) {
	case PASS_TOTAL: append_number(out, row->total); return;
	case PASS_COUNT: append_number(out, row->count); return;
	default: break;
	}
	buffer_append_char(out, ' ');
	report_append_sum(report, number,
			  report->pass == PASS_SUM ? SUM_WINDOW : SUM_TOTAL,
			  out);
	buffer_append_char(out, '\n');
}

/* A family of one line without labels. */
static void append_single(struct buffer *out, const struct family *family,
			  uint64_t number)
{
	append_head(family, out);
	buffer_append_text(out, family->name);
	append_number(out, number);
}

static void append_rejected(const struct tallies *run, struct buffer *out)
{
	static const struct family family = {
		"ordercount_records_rejected_total", "counter",
		"Records rejected, by reason."};

	append_head(&family, out);
	for (unsigned i = 0; i < REJECT_REASONS; i++)
		append_labeled(out, family.name, "reason",
			       reject_reason_name((enum reject_reason)i),
			       run->rejected[i]);
}

static void append_run(const struct tallies *run, struct buffer *out)
{
	static const struct family read = {"ordercount_records_read_total",
					   "counter", "Records read."};
	static const struct family filtered = {
		"ordercount_records_filtered_total", "counter",
		"Records that were left out by a condition."};
	static const struct family late = {
		"ordercount_records_late_total", "counter",
		"Records that came when every window of theirs was over."};

	append_single(out, &read, run->read);
	append_rejected(run, out);
	append_single(out, &filtered, run->filtered);
	append_single(out, &late, run->late);
}

static void append_window_end(const struct snapshot *snapshot,
			      struct buffer *out)
{
	static const struct family family = {
		"ordercount_window_end_timestamp_seconds", "gauge",
		"End of the last window, in seconds since 1970."};

	append_head(&family, out);
	buffer_append_text(out, family.name);
	buffer_append_char(out, ' ');
	report_append_seconds(out, snapshot->end_ns);
	buffer_append_char(out, '\n');
}

/* A name may come twice, but its line may not: is this the first? */
static bool is_first(const struct report_source *sources, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(sources[j].name, sources[i].name) == 0)
			return false;
	}
	return true;
}

static bool all_up(const struct report_source *sources, size_t count,
		   const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!sources[i].up && strcmp(sources[i].name, name) == 0)
			return false;
	}
	return true;
}

/* In seconds, of those that know it. */
static void append_behind(struct buffer *out,
			  const struct report_source *sources, size_t count)
{
	static const struct family family = {
		"ordercount_source_behind_seconds", "gauge",
		"How far reading is behind the newest record of the source."};
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		if (sources[i].behind_ms < 0 || !is_first(sources, i))
			continue;
		if (!begun)
			append_head(&family, out);
		begun = true;
		append_label(out, family.name, "source", sources[i].name);
		buffer_append_char(out, ' ');
		report_append_seconds(out, sources[i].behind_ms * NS_PER_MS);
		buffer_append_char(out, '\n');
	}
}

void report_append_sources(struct buffer *out,
			   const struct report_source *sources, size_t count)
{
	static const struct family family = {
		"ordercount_source_up", "gauge",
		"Whether the source is connected, being read, or at its end."};

	append_head(&family, out);
	for (size_t i = 0; i < count; i++) {
		const char *name = sources[i].name;

		if (is_first(sources, i))
			append_labeled(out, family.name, "source", name,
				       all_up(sources, count, name));
	}
	append_behind(out, sources, count);
}

static void append_build(const struct report_options *options,
			 struct buffer *out)
{
	static const struct family family = {
		"ordercount_build_info", "gauge",
		"The version of ordercount; always 1."};

	append_head(&family, out);
	append_labeled(out, family.name, "version", options->version, 1);
}

static void prometheus_close(const struct report *report, struct buffer *out)
{
	static const struct family groups = {"ordercount_groups", "gauge",
					     "Groups that have a name so far."};
	const struct snapshot *snapshot = report->snapshot;

	append_run(&snapshot->run, out);
	append_single(out, &groups, snapshot->groups);
	append_window_end(snapshot, out);
	if (report->options.sources)
		report_append_sources(out, report->options.sources,
				      report->options.source_count);
	append_build(&report->options, out);
}

const struct report_writer prometheus_writer = {
	.open = prometheus_open,
	.pass = prometheus_pass,
	.row = prometheus_row,
	.close = prometheus_close,
};
