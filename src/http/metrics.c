#include "http/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "report/label.h"

#define SLICE_BYTES ((size_t)64 << 10)

int metrics_window(struct buffer *out, const struct report_options *options,
		   const struct snapshot *whole, struct error *error)
{
	struct report_options prometheus = *options;
	struct report report;

	if (label_check_names(options->key_names, options->key_count, error) !=
	    0)
		return -1;
	prometheus.format = FORMAT_PROMETHEUS;
	report_init(&report, &prometheus);
	report_begin(&report, whole);
	while (report_slice(&report, out, SLICE_BYTES))
		continue;
	return out->failed ? error_set(error, "out of memory") : 0;
}

static void append_sources(struct buffer *out, const struct program *program)
{
	size_t count = program->options->source_count;
	struct report_source *sources = calloc(count + 1, sizeof(*sources));

	for (size_t i = 0; sources && i < count; i++) {
		sources[i].name = program->options->sources[i];
		sources[i].up = source_state_is_up(program->sources[i].state);
		sources[i].behind_ms = program->sources[i].behind_ms;
	}
	if (sources)
		report_append_sources(out, sources, count);
	else
		out->failed = true;
	free(sources);
}

/* The family, and the beginning of its only line. */
static void append_name(struct buffer *out, const char *name, const char *type,
			const char *help)
{
	report_append_family(out, name, type, help);
	buffer_append_text(out, name);
	buffer_append_char(out, ' ');
}

static void append_count(struct buffer *out, const char *name, const char *type,
			 const char *help, uint64_t count)
{
	append_name(out, name, type, help);
	buffer_append_number(out, count);
	buffer_append_char(out, '\n');
}

void metrics_process(struct buffer *out, const struct program *program)
{
	double behind_ns = (double)program_behind_ns(program);

	append_sources(out, program);
	append_count(out, "ordercount_read_bytes_total", "counter",
		     "Bytes read from all sources.", program->live.read_bytes);
	append_count(out, "ordercount_output_waiting_bytes", "gauge",
		     "Bytes of rows that wait for the reader of the output.",
		     program->live.waiting_bytes);
	append_name(out, "ordercount_behind_seconds", "gauge",
		    "How far windows are behind the clock.");
	buffer_printf(out, "%.3f\n", behind_ns / 1e9);
	append_count(out, "process_resident_memory_bytes", "gauge",
		     "Resident memory size in bytes.", program_resident());
}
