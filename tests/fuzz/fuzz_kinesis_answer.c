/*
 * What the service of Kinesis answers. The first byte says which answer it is:
 * a list of shards, an iterator, records, or an error with its status.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/answer.h"

static struct record_batch batch;
static struct error error;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\177')
			return false;
	return true;
}

static void check_list(struct span body)
{
	struct shard_list list = {0};

	if (answer_read_shards(body, &list, &error) == 0) {
		for (size_t i = 0; i < list.count; i++)
			demand(list.shards[i].id[0] != '\0' &&
			       is_clean(list.shards[i].id));
	}
	shard_list_release(&list);
}

/* Each record is lines, and all of them together are the text. */
static void check_places(void)
{
	size_t at = 0;
	uint64_t lines = 0;

	for (size_t i = 0; i < batch.count; i++) {
		const struct record_place *place = &batch.records[i];
		const char *sequence = record_sequence(&batch, i);

		demand(sequence[0] != '\0' &&
		       sequence[strspn(sequence, "0123456789")] == '\0');
		demand(place->end >= at && place->end <= batch.text.size);
		for (; at < place->end; at++)
			lines += batch.text.data[at] == '\n';
		demand(place->end_lines == lines);
		demand(at == 0 || batch.text.data[at - 1] == '\n');
	}
	demand(at == batch.text.size);
}

static void check_error(struct span body)
{
	int status = 400;

	if (body.size > 0) {
		status = 200 + (unsigned char)body.data[0] * 2;
		body = span_make(body.data + 1, body.size - 1);
	}
	error.message[0] = '\0';
	demand((answer_judge(status, body, &error) == VERDICT_TAKEN) ==
	       (status == 200));
	demand(is_clean(error.message));
	demand(status == 200 || error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body;
	char *copy;

	if (size < 1)
		return 0;
	/* Its own memory, to the byte: reading past its end is seen. */
	copy = malloc(size);
	demand(copy);
	memcpy(copy, data + 1, size - 1);
	body = span_make(copy, size - 1);
	switch (data[0]) {
	case 'l': check_list(body); break;
	case 'i': free(answer_read_iterator(body, &error)); break;
	case 'r':
		if (answer_read_records(body, &batch, &error) == 0)
			check_places();
		break;
	default: check_error(body);
	}
	free(copy);
	return 0;
}
