/*
 * What members publish, each message one line of JSON: deltas, tallies, marks.
 * core/merge.h and core/marks.h read them.
 */
#include "base/rfc3339.h"
#include "core/keytext.h"
#include "kafka/batch.h"
#include "report/json_parts.h"

static void append_time(struct buffer *out, const char *name, int64_t time_ns)
{
	buffer_append_text(out, name);
	buffer_append_char(out, '"');
	rfc3339_append(out, time_ns, false);
	buffer_append_char(out, '"');
}

/* As tsv shows the key: rows of a group go to one partition. */
static void append_key_text(struct buffer *out, const unsigned char *key,
			    size_t key_count)
{
	for (size_t i = 0; i < key_count; i++) {
		struct key_part part = key_next(&key);

		if (i > 0)
			buffer_append_char(out, '\t');
		if (part.type == KEY_STRING)
			keytext_escape_tsv(out, part.text);
		else
			buffer_append_span(out, part.text);
	}
}

void batch_add_delta(struct batch *batch, const struct engine_delta *delta,
		     const char *const *key_names, size_t key_count)
{
	struct buffer *text = &batch->text;
	size_t key_size;

	buffer_clear(text);
	append_key_text(text, delta->key, key_count);
	key_size = text->size;
	append_time(text, "{\"start\":", delta->start_ns);
	append_time(text, ",\"end\":", delta->end_ns);
	buffer_append_text(text, ",\"key\":");
	json_append_key(text, delta->key, key_names, key_count);
	buffer_append_text(text, ",\"count\":");
	buffer_append_number(text, delta->count);
	if (delta->sum) {
		buffer_append_text(text, ",\"sum\":");
		sum_append(text, delta->sum, delta->sum->scale);
	}
	buffer_append_char(text, '}');
	batch->failed |= text->failed;
	if (!text->failed)
		batch_add(batch, BATCH_BY_KEY, span_make(text->data, key_size),
			  span_make(text->data + key_size,
				    text->size - key_size));
}

/* What stands in batch->text. */
static void add_text(struct batch *batch, enum batch_aim aim)
{
	batch->failed |= batch->text.failed;
	if (!batch->text.failed)
		batch_add(batch, aim, span_make(NULL, 0),
			  buffer_span(&batch->text));
}

void batch_add_tallies(struct batch *batch, const struct tallies *tallies,
		       const char *query)
{
	struct buffer *text = &batch->text;

	if (tallies->read == 0)
		return;
	buffer_clear(text);
	buffer_append_text(text, "{\"tallies\":{\"read\":");
	buffer_append_number(text, tallies->read);
	buffer_append_text(text, ",\"counted\":");
	buffer_append_number(text, tallies->counted);
	json_append_rejected(text, tallies);
	buffer_append_text(text, ",\"filtered\":");
	buffer_append_number(text, tallies->filtered);
	buffer_append_text(text, ",\"late\":");
	buffer_append_number(text, tallies->late);
	buffer_printf(text, "},\"query\":\"%s\"}", query);
	add_text(batch, BATCH_FIRST);
}

static void append_offset(struct buffer *out, const char *name, int64_t offset)
{
	if (offset < 0)
		buffer_printf(out, ",\"%s\":null", name);
	else
		buffer_printf(out, ",\"%s\":%lld", name, (long long)offset);
}

void batch_add_mark(struct batch *batch, const struct mark_text *mark)
{
	struct buffer *text = &batch->text;

	buffer_clear(text);
	buffer_append_text(text, "{\"source\":");
	json_append_string(text, span_of(mark->source));
	buffer_printf(text, ",\"partition\":%d,\"of\":%d", mark->partition,
		      mark->of);
	append_offset(text, "from", mark->from);
	append_offset(text, "to", mark->to);
	if (mark->newest_ns == TIME_NONE)
		buffer_append_text(text, ",\"newest\":null");
	else
		append_time(text, ",\"newest\":", mark->newest_ns);
	buffer_printf(text,
		      ",\"idle\":%s,\"partials\":%d,\"sources\":%zu,"
		      "\"query\":\"%s\"}",
		      mark->idle ? "true" : "false", mark->partials,
		      mark->sources, mark->query);
	add_text(batch, BATCH_ALL);
}
