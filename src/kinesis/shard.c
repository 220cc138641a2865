#include "kinesis/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records in the first answer, which may be of any size. */
#define LIMIT_FIRST 10

#define TIP_SIGN "@"

struct shard *shard_new(const char *stream_name, const struct shard_seen *seen)
{
	struct shard *shard = calloc(1, sizeof(*shard));
	struct buffer name = {0};

	if (!shard)
		return NULL;
	stream_init(&shard->stream);
	buffer_printf(&name, "kinesis://%s[%s]", stream_name, seen->id);
	buffer_append_char(&name, '\0');
	shard->name = name.data; /* NULL when memory ran out */
	shard->id = strdup(seen->id);
	shard->is_closed = seen->is_closed;
	shard->limit = LIMIT_FIRST;
	shard->behind_ms = -1;
	retries_init(&shard->retries);
	for (int i = 0; i < 2; i++)
		if (seen->parents[i])
			shard->parents[i] = strdup(seen->parents[i]);
	if (shard->name && shard->id &&
	    !shard->parents[0] == !seen->parents[0] &&
	    !shard->parents[1] == !seen->parents[1])
		return shard;
	shard_free(shard);
	return NULL;
}

void shard_free(struct shard *shard)
{
	if (!shard)
		return;
	transfer_free(shard->call);
	stream_release(&shard->stream);
	record_batch_release(&shard->batch);
	free(shard->iterator);
	free(shard->parents[0]);
	free(shard->parents[1]);
	free(shard->name);
	free(shard->id);
	free(shard);
}

void shard_begin(struct shard *shard, const char *mark, uint64_t lines)
{
	size_t size = strcspn(mark, TIP_SIGN);

	stream_open(&shard->stream, shard->name);
	shard->tip_ms =
		mark[size] != '\0' ? strtoll(mark + size + 1, NULL, 10) : 0;
	if (size >= MARK_SIZE)
		size = MARK_SIZE - 1;
	memcpy(shard->mark, mark, size);
	shard->mark[size] = '\0';
	shard->mark_lines = lines;
	shard->state = SHARD_READING;
	shard->then = SHARD_READING;
	shard->looks_back = false;
	shard->batch.count = 0;
	shard->batch.text.size = 0;
	shard->handed = 0;
	shard->batch_start = 0;
	shard->batch_lines = 0;
}

/* --- answers -------------------------------------------------------------- */

/* Where line so and so of the text begins. */
static size_t behind_lines(struct span text, uint64_t lines)
{
	const char *at = text.data;
	const char *end = text.data + text.size;

	for (; lines > 0 && at < end; lines--)
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	return (size_t)(at - text.data);
}

/* The first record was counted before, up to some line of it. */
static void pass_over(struct shard *shard)
{
	const struct record_place *first = &shard->batch.records[0];
	uint64_t lines = shard->mark_lines < first->end_lines
				 ? shard->mark_lines
				 : first->end_lines;

	shard->handed = behind_lines(
		span_make(shard->batch.text.data, first->end), lines);
	shard->batch_start -= shard->handed;
	shard->stream.line_number += lines;
}

bool shard_take(struct shard *shard)
{
	struct record_batch *batch = &shard->batch;
	bool is_there;

	shard->handed = 0;
	shard->batch_start = stream_position(&shard->stream);
	shard->batch_lines = shard->stream.line_number;
	if (!shard->looks_back || batch->count == 0)
		return true;
	shard->looks_back = false;
	is_there = strcmp(record_sequence(batch, 0), shard->mark) == 0;
	if (is_there)
		pass_over(shard);
	return is_there;
}

bool shard_cut(struct shard *shard, int64_t until_ms, int64_t now_ms)
{
	struct record_batch *batch = &shard->batch;
	size_t i = 0;

	while (i < batch->count && (batch->records[i].arrived_ms <= until_ms ||
				    batch->records[i].arrived_ms > now_ms))
		i++;
	if (i == batch->count)
		return false;
	batch->count = i;
	batch->text.size = i > 0 ? batch->records[i - 1].end : 0;
	return true;
}

struct span shard_hand_out(struct shard *shard, size_t size)
{
	size_t left = shard->batch.text.size - shard->handed;
	size_t part = left < size ? left : size;
	struct span bytes =
		span_make(shard->batch.text.data + shard->handed, part);

	shard->handed += part;
	return bytes;
}

/* --- places --------------------------------------------------------------- */

/* The first record that ends behind this place in the text, or the count. */
static size_t record_at(const struct record_batch *batch, size_t at)
{
	size_t low = 0, high = batch->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (batch->records[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint64_t lines_before(const struct record_batch *batch, size_t i)
{
	return i > 0 ? batch->records[i - 1].end_lines : 0;
}

const char *shard_place(const struct shard *shard, uint64_t *lines)
{
	const struct record_batch *batch = &shard->batch;
	size_t at =
		(size_t)(stream_position(&shard->stream) - shard->batch_start);
	size_t i = record_at(batch, at);
	size_t begin = i > 0 ? batch->records[i - 1].end : 0;

	if (shard->state == SHARD_ENDED && i == batch->count) {
		*lines = 0;
		return MARK_END;
	}
	if (i < batch->count && at > begin) {
		*lines = shard->stream.line_number - shard->batch_lines -
			 lines_before(batch, i);
		return record_sequence(batch, i);
	}
	if (i == 0) {
		*lines = shard->mark_lines;
		return shard->mark;
	}
	*lines = batch->records[i - 1].end_lines - lines_before(batch, i - 1);
	return record_sequence(batch, i - 1);
}

void shard_keep(const struct shard *shard, char kept[KEPT_SIZE],
		uint64_t *lines)
{
	const char *mark = shard_place(shard, lines);

	if (shard->tip_ms > 0 && *mark >= '0' && *mark <= '9')
		snprintf(kept, KEPT_SIZE, "%s" TIP_SIGN "%lld", mark,
			 (long long)shard->tip_ms);
	else
		snprintf(kept, KEPT_SIZE, "%s", mark);
}

void shard_settle(struct shard *shard)
{
	uint64_t lines;
	const char *mark = shard_place(shard, &lines);

	/* It may be that very mark. */
	memmove(shard->mark, mark, strlen(mark) + 1);
	shard->mark_lines = lines;
	record_batch_release(&shard->batch);
	shard->handed = 0;
	shard->batch_start = stream_position(&shard->stream);
	shard->batch_lines = shard->stream.line_number;
}

void shard_locate(const struct shard *shard, uint64_t line, struct error *text)
{
	const struct record_batch *batch = &shard->batch;

	for (size_t i = 0; i < batch->count; i++) {
		uint64_t before = shard->batch_lines + lines_before(batch, i);

		if (line <= before ||
		    line > shard->batch_lines + batch->records[i].end_lines)
			continue;
		error_set(text, "sequence number %s, line %llu",
			  record_sequence(batch, i),
			  (unsigned long long)(line - before));
		return;
	}
}
