#include "kafka/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"

struct partition *partition_new(const char *source_name, const char *topic,
				size_t topic_number, int32_t number,
				uint32_t count)
{
	struct partition *partition = calloc(1, sizeof(*partition));
	struct buffer name = {0};

	if (!partition)
		return NULL;
	stream_init(&partition->stream);
	partition->stream.partition = (uint32_t)number;
	partition->stream.partitions = count;
	buffer_printf(&name, "%s[%d]", source_name, number);
	buffer_append_char(&name, '\0');
	partition->name = name.data; /* NULL when memory ran out */
	partition->topic = topic;
	partition->topic_number = topic_number;
	partition->number = number;
	partition->stop = -1;
	if (partition->name)
		return partition;
	partition_free(partition);
	return NULL;
}

void partition_free(struct partition *partition)
{
	if (!partition)
		return;
	stream_release(&partition->stream);
	free(partition->places);
	free(partition->name);
	free(partition->key);
	free(partition);
}

void partition_begin(struct partition *partition, int64_t offset,
		     uint64_t lines)
{
	stream_open(&partition->stream, partition->name);
	partition->next = offset;
	partition->place_offset = offset;
	partition->end = 0;
	partition->skip_lines = lines;
	partition->placed_lines = 0;
	partition->place_first = 0;
	partition->place_count = 0;
	partition->over = false;
}

/* --- places --------------------------------------------------------------- */

/* Those that are counted to their end go. */
static void drop_counted(struct partition *partition)
{
	uint64_t position = stream_position(&partition->stream);

	while (partition->place_count > 0) {
		const struct message_place *place =
			&partition->places[partition->place_first];

		if (place->end > position)
			return;
		partition->place_offset = place->offset + 1;
		partition->place_first++;
		partition->place_count--;
	}
	partition->place_first = 0;
	/* What was passed over behind the last message, as compacted ones are,
	 * or marks of transactions. */
	if (partition->next > partition->place_offset)
		partition->place_offset = partition->next;
}

static bool make_room(struct partition *partition)
{
	size_t capacity =
		partition->place_capacity ? partition->place_capacity * 2 : 64;
	struct message_place *places = partition->places;

	drop_counted(partition);
	if (partition->place_first > 0) {
		memmove(places, places + partition->place_first,
			partition->place_count * sizeof(*places));
		partition->place_first = 0;
	}
	if (partition->place_count < partition->place_capacity)
		return true;
	places = realloc(places, capacity * sizeof(*places));
	if (!places)
		return false;
	partition->places = places;
	partition->place_capacity = capacity;
	return true;
}

static bool add_place(struct partition *partition, int64_t offset, size_t size,
		      uint64_t lines)
{
	if (partition->place_first + partition->place_count ==
		    partition->place_capacity &&
	    !make_room(partition))
		return false;
	partition->end += size;
	partition->places[partition->place_first + partition->place_count++] =
		(struct message_place){
			.offset = offset,
			.end = partition->end,
			.lines_before = partition->placed_lines,
		};
	partition->placed_lines += lines;
	partition->next = offset + 1;
	return true;
}

/* --- messages ------------------------------------------------------------- */

static uint64_t count_lines(struct span text)
{
	bool is_open = text.size > 0 && text.data[text.size - 1] != '\n';

	return span_count(text, '\n') + is_open;
}

/* Takes lines off the front that were counted before. */
static void skip_lines(struct partition *partition, struct span *text)
{
	while (partition->skip_lines > 0 && text->size > 0) {
		const char *end = memchr(text->data, '\n', text->size);
		size_t size = end ? (size_t)(end - text->data) + 1 : text->size;

		*text = span_make(text->data + size, text->size - size);
		partition->skip_lines--;
		partition->stream.line_number++;
		partition->placed_lines++;
	}
	partition->skip_lines = 0;
}

/* Its place, before the first byte of it is handed out. */
static bool begin_message(struct partition *partition, int64_t offset,
			  struct span whole, struct span *text, size_t *ended)
{
	uint64_t before = partition->placed_lines;
	bool ends = whole.size > 0 && whole.data[whole.size - 1] == '\n';

	*text = whole;
	if (partition->skip_lines > 0)
		skip_lines(partition, text);
	*ended = text->size + !ends;
	/* An empty message is one blank line. */
	if (!add_place(partition, offset, *ended,
		       text->size > 0 ? count_lines(*text) : *ended))
		return false;
	partition->places[partition->place_first + partition->place_count - 1]
		.lines_before = before;
	return true;
}

bool partition_take(struct partition *partition,
		    const rd_kafka_message_t *message, struct read_area area,
		    size_t *used, size_t *done)
{
	struct span whole = span_make(message->payload, message->len);
	struct span text = whole;
	size_t size, room, part;

	if (*done == 0) {
		if (!begin_message(partition, message->offset, whole, &text,
				   &size))
			return false;
		*done = whole.size - text.size;
	} else {
		text = span_make(whole.data + *done, whole.size - *done);
	}
	room = area.size - *used;
	part = text.size < room ? text.size : room;
	if (part > 0)
		memcpy(area.data + *used, text.data, part);
	*used += part;
	*done += part;
	if (*done < whole.size || *used == area.size)
		return true;
	if (whole.size == 0 || whole.data[whole.size - 1] != '\n')
		area.data[(*used)++] = '\n';
	*done = whole.size + 1;
	return true;
}

bool partition_take_deleted(struct partition *partition, int64_t offset)
{
	partition->skip_lines = 0;
	return add_place(partition, offset, 1, 0);
}

/* --- where it is ---------------------------------------------------------- */

void partition_place(struct partition *partition, int64_t *offset,
		     uint64_t *lines)
{
	const struct message_place *place;

	drop_counted(partition);
	*offset = partition->place_offset;
	*lines = partition->skip_lines;
	if (partition->place_count == 0)
		return;
	place = &partition->places[partition->place_first];
	*offset = place->offset;
	*lines = 0;
	if (partition->stream.line_number > place->lines_before)
		*lines = partition->stream.line_number - place->lines_before;
}

void partition_locate(const struct partition *partition, uint64_t line,
		      struct error *text)
{
	const struct message_place *places =
		partition->places + partition->place_first;
	size_t at = partition->place_count;

	while (at > 0 && places[at - 1].lines_before >= line)
		at--;
	if (at > 0)
		error_set(text, "offset %lld, line %llu",
			  (long long)places[at - 1].offset,
			  (unsigned long long)(line -
					       places[at - 1].lines_before));
}
