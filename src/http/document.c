#include "http/document.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "core/keytext.h"
#include "core/watermark.h"
#include "report/json_parts.h"

#define SLICE_BYTES  ((size_t)64 << 10)
#define NS_IN_SECOND 1e9

/* --- rows ----------------------------------------------------------------- */

/* Lines become the members of an array. */
void document_rows(struct buffer *out, const struct report_options *options,
		   const struct snapshot *shown)
{
	struct report report;
	size_t start;

	buffer_append_char(out, '[');
	start = out->size;
	report_init(&report, options);
	report_begin(&report, shown);
	while (report_slice(&report, out, SLICE_BYTES))
		continue;
	if (out->failed)
		return;
	/* A string holds none of its own: it would be escaped. */
	for (size_t i = start; i < out->size; i++)
		if (out->data[i] == '\n')
			out->data[i] = ',';
	if (out->size > start)
		out->size--;
	buffer_append_char(out, ']');
}

/* A key column as a person sees it. */
static void append_label(struct buffer *out, const struct key_part *part)
{
	bool quoted = keytext_is_quoted(part);
	struct buffer text = {0};

	if (quoted)
		buffer_append_char(&text, '"');
	keytext_append_shown(&text, part->text);
	if (quoted)
		buffer_append_char(&text, '"');
	if (text.failed)
		out->failed = true;
	else
		json_append_string(out, buffer_span(&text));
	buffer_release(&text);
}

static void append_row_labels(struct buffer *out, const unsigned char *key,
			      size_t key_count)
{
	for (size_t i = 0; i < key_count; i++) {
		buffer_append_char(out, i == 0 ? '[' : ',');
		if (key) {
			struct key_part part = key_next(&key);

			append_label(out, &part);
		} else {
			json_append_string(out, span_of(TEXT_OTHER));
		}
	}
	buffer_append_char(out, ']');
}

static void append_labels(struct buffer *out, const struct snapshot *snapshot,
			  size_t key_count)
{
	buffer_append_char(out, '[');
	for (size_t i = 0; i < snapshot->row_count; i++) {
		if (i > 0)
			buffer_append_char(out, ',');
		append_row_labels(out,
				  snapshot_key(snapshot, &snapshot->rows[i]),
				  key_count);
	}
	buffer_append_char(out, ']');
}

static void append_names(struct buffer *out, const char *const *names,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_append_char(out, i == 0 ? '[' : ',');
		json_append_string(out, span_of(names[i]));
	}
	buffer_append_char(out, ']');
}

/* --- what stands around them ---------------------------------------------- */

/* What was appended becomes a member, as it is. */
static bool add_raw(cJSON *object, const char *name, struct buffer *text)
{
	bool added;

	buffer_append_char(text, '\0');
	added = !text->failed && cJSON_AddRawToObject(object, name, text->data);
	buffer_release(text);
	return added;
}

static bool add_count(cJSON *object, const char *name, uint64_t count)
{
	struct buffer text = {0};

	buffer_append_number(&text, count);
	return add_raw(object, name, &text);
}

static bool add_time(cJSON *object, const char *name, int64_t time_ns,
		     bool local)
{
	char text[RFC3339_SIZE];

	rfc3339_format(text, time_ns, local);
	return cJSON_AddStringToObject(object, name, text);
}

static bool add_bounds(cJSON *object, const struct snapshot *window, bool local)
{
	return add_time(object, "start", window->start_ns, local) &&
	       add_time(object, "end", window->end_ns, local) &&
	       cJSON_AddBoolToObject(object, "partial", window->partial) &&
	       cJSON_AddNumberToObject(
		       object, "seconds",
		       (double)(window->end_ns - window->start_ns) /
			       NS_IN_SECOND);
}

static bool add_numbers(cJSON *object, const struct snapshot *window,
			size_t left_out)
{
	return add_count(object, "orders", window->orders) &&
	       add_count(object, "total", window->total_orders) &&
	       add_count(object, "groups", window->groups) &&
	       add_count(object, "left_out", left_out);
}

static bool add_rows(cJSON *object, const struct report_options *options,
		     const struct snapshot *shown)
{
	struct report_options rows_only = *options;
	struct buffer names = {0};
	struct buffer labels = {0};
	struct buffer rows = {0};
	struct buffer summary = {0};
	bool added;

	rows_only.summary = false;
	append_names(&names, options->key_names, options->key_count);
	append_labels(&labels, shown, options->key_count);
	document_rows(&rows, &rows_only, shown);
	json_append_summary(&summary, shown);
	added = add_raw(object, "keys", &names);
	added = add_raw(object, "labels", &labels) && added;
	added = add_raw(object, "rows", &rows) && added;
	return add_raw(object, "summary", &summary) && added;
}

/* Appends the object, or fails the buffer, and frees it. */
static void print(struct buffer *out, cJSON *object, bool whole)
{
	char *text = whole ? cJSON_PrintUnformatted(object) : NULL;

	if (text)
		buffer_append_text(out, text);
	else
		out->failed = true;
	cJSON_free(text);
	cJSON_Delete(object);
}

void document_window(struct buffer *out, const struct report_options *options,
		     const char *id, const struct snapshot *shown)
{
	size_t left_out = 0;
	struct frozen *largest =
		frozen_largest(shown, options->key_count, DOCUMENT_ROWS,
			       DOCUMENT_KEY_BYTES, &left_out);
	cJSON *object = cJSON_CreateObject();
	bool whole = largest && object &&
		     cJSON_AddStringToObject(object, "id", id) &&
		     add_bounds(object, shown, options->local_time) &&
		     add_numbers(object, shown, left_out) &&
		     add_rows(object, options, &largest->snapshot);

	print(out, object, whole);
	frozen_free(largest);
}

/* --- the program ---------------------------------------------------------- */

const char *source_state_name(enum http_source_state state)
{
	static const char *const names[] = {
		[HTTP_SOURCE_OPENING] = "opening",
		[HTTP_SOURCE_UP] = "up",
		[HTTP_SOURCE_DOWN] = "down",
		[HTTP_SOURCE_ENDED] = "ended",
		[HTTP_SOURCE_FAILED] = "failed",
	};

	return names[state];
}

bool source_state_is_up(enum http_source_state state)
{
	return state == HTTP_SOURCE_UP || state == HTTP_SOURCE_ENDED;
}

int64_t program_behind_ns(const struct program *program)
{
	int64_t due_ns = program->live.due_ns;

	if (due_ns == TIME_NONE || due_ns > program->now_ns)
		return 0;
	return time_between(due_ns, program->now_ns);
}

/* Linux says it in /proc, in pages. */
uint64_t program_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "";
	char *second;

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	second = strchr(line, ' ');
	if (!second)
		return 0;
	return strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The name of a file may be no UTF-8. */
static bool add_text(cJSON *object, const char *name, const char *value)
{
	struct span text = span_of(value);
	struct buffer valid = {0};
	bool added;

	while (text.size > 0) {
		uint32_t code;
		size_t size = utf8_decode(text, &code);

		if (size == 0) {
			buffer_append_text(&valid, "\xef\xbf\xbd");
			size = 1;
		} else {
			buffer_append(&valid, text.data, size);
		}
		text = span_make(text.data + size, text.size - size);
	}
	buffer_append_char(&valid, '\0');
	added = !valid.failed &&
		cJSON_AddStringToObject(object, name, valid.data);
	buffer_release(&valid);
	return added;
}

static bool add_source(cJSON *object, const char *name,
		       const struct http_source *source)
{
	return add_text(object, "name", name) &&
	       cJSON_AddStringToObject(object, "state",
				       source_state_name(source->state)) &&
	       (!source->why || add_text(object, "why", source->why));
}

static bool add_sources(cJSON *object, const struct program *program)
{
	cJSON *sources = cJSON_AddArrayToObject(object, "sources");

	for (size_t i = 0; sources && i < program->options->source_count; i++) {
		cJSON *source = cJSON_CreateObject();

		if (!source || !cJSON_AddItemToArray(sources, source)) {
			cJSON_Delete(source);
			return false;
		}
		if (!add_source(source, program->options->sources[i],
				&program->sources[i]))
			return false;
	}
	return sources;
}

static bool add_seconds(cJSON *object, const char *name, int64_t duration_ns)
{
	return cJSON_AddNumberToObject(object, name,
				       (double)duration_ns / NS_IN_SECOND);
}

static bool add_query(cJSON *object, const struct program *program)
{
	const struct http_options *options = program->options;

	return cJSON_AddStringToObject(object, "run", program->run) &&
	       cJSON_AddStringToObject(object, "version",
				       options->report.version) &&
	       add_seconds(object, "window_seconds", program->window_ns) &&
	       add_seconds(object, "slide_seconds", options->report.slide_ns) &&
	       cJSON_AddBoolToObject(object, "timed", options->timed) &&
	       cJSON_AddBoolToObject(object, "member", options->member) &&
	       add_count(object, "top", options->top) &&
	       add_count(object, "keep", options->keep);
}

void document_status(struct buffer *out, const struct program *program)
{
	const struct http_live *live = &program->live;
	cJSON *object = cJSON_CreateObject();
	bool whole;

	whole = object && add_query(object, program) &&
		cJSON_AddBoolToObject(object, "begun", live->begun) &&
		add_sources(object, program) &&
		add_count(object, "read_bytes", live->read_bytes) &&
		add_count(object, "waiting_bytes", live->waiting_bytes) &&
		add_seconds(object, "behind_seconds",
			    program_behind_ns(program)) &&
		add_count(object, "resident_bytes", program_resident());
	print(out, object, whole);
}
