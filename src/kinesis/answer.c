#include "kinesis/answer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/tree.h"

#define SHARD_LETTERS                \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789_.-"
#define SHARD_MAX 128

/* --- errors --------------------------------------------------------------- */

#define MAY "(what is needed: kinesis:ListShards, GetShardIterator, GetRecords)"

static const struct {
	const char *name;
	enum verdict verdict;
	const char *advice; /* what to do about it, or NULL */
} verdicts[] = {
	{"ProvisionedThroughputExceededException", VERDICT_LATER, NULL},
	{"LimitExceededException", VERDICT_LATER, NULL},
	{"ThrottlingException", VERDICT_LATER, NULL},
	{"Throttling", VERDICT_LATER, NULL},
	{"RequestLimitExceeded", VERDICT_LATER, NULL},
	{"TooManyRequestsException", VERDICT_LATER, NULL},
	{"KMSThrottlingException", VERDICT_LATER, NULL},
	{"InternalFailure", VERDICT_LATER, NULL},
	{"InternalFailureException", VERDICT_LATER, NULL},
	{"ServiceUnavailable", VERDICT_LATER, NULL},
	{"ServiceUnavailableException", VERDICT_LATER, NULL},
	{"ExpiredIteratorException", VERDICT_ITERATOR, NULL},
	{"ExpiredNextTokenException", VERDICT_PAGES, NULL},
	{"ExpiredTokenException", VERDICT_KEYS, "(new ones are needed)"},
	{"ExpiredToken", VERDICT_KEYS, "(new ones are needed)"},
	{"UnrecognizedClientException", VERDICT_KEYS, NULL},
	{"InvalidClientTokenId", VERDICT_KEYS, NULL},
	{"InvalidSignatureException", VERDICT_REFUSED,
	 "(is the secret key right, and the clock?)"},
	{"SignatureDoesNotMatch", VERDICT_REFUSED,
	 "(is the secret key right, and the clock?)"},
	{"AccessDeniedException", VERDICT_REFUSED, MAY},
	{"AccessDenied", VERDICT_REFUSED, MAY},
	{"InvalidArgumentException", VERDICT_REFUSED,
	 "(was the stream made anew? then its state is another's: move it "
	 "away)"},
	{"ResourceNotFoundException", VERDICT_REFUSED,
	 "(is the stream in another region, or account?)"},
};

/* The name of an error, without the namespace that may stand before it. */
static const char *name_of(const cJSON *tree)
{
	const char *name = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(tree, "__type"));
	const char *hash = name ? strrchr(name, '#') : NULL;

	if (hash)
		name = hash + 1;
	return name && *name != '\0' ? name : NULL;
}

static const char *message_of(const cJSON *tree)
{
	const char *message = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(tree, "message"));

	return message ? message
		       : cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
				 tree, "Message"));
}

/* What of somebody else's words could move a cursor, or turn a line round, must
 * not reach a terminal; the service's are English. */
static void make_plain(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = (unsigned char)*text < 0x80 ? ' ' : '?';
}

/* The first line is enough of what the service says: behind it, of a signature
 * that it refuses, comes what was signed, and with it the session's token. */
static int shown_size(const char *message)
{
	return (int)strcspn(message, "\n");
}

enum verdict answer_judge(int status, struct span body, struct error *why)
{
	enum verdict verdict = status >= 500 || status == 429 ? VERDICT_LATER
							      : VERDICT_REFUSED;
	const char *name, *message, *advice = NULL;
	cJSON *tree;

	if (status == 200)
		return VERDICT_TAKEN;
	tree = cJSON_ParseWithLength(body.data, body.size);
	name = name_of(tree);
	message = message_of(tree);
	for (size_t i = 0; name && i < sizeof(verdicts) / sizeof(*verdicts);
	     i++) {
		if (strcmp(name, verdicts[i].name) != 0)
			continue;
		verdict = verdicts[i].verdict;
		advice = verdicts[i].advice;
	}
	if (name)
		error_set(why, "%s%s%.*s%s%s", name, message ? ": " : "",
			  message ? shown_size(message) : 0,
			  message ? message : "", advice ? " " : "",
			  advice ? advice : "");
	else
		error_set(why, "HTTP status %d", status);
	make_plain(why->message);
	cJSON_Delete(tree);
	return verdict;
}

static int unreadable(struct error *error)
{
	return error_set(error, "an answer cannot be read");
}

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

/* The text under the name, of these letters alone; NULL: it is not such a one.
 */
static const char *word_of(const cJSON *object, const char *name,
			   const char *letters, size_t size_max)
{
	const char *text = tree_text(object, name);
	size_t size = text ? strspn(text, letters) : 0;

	return size > 0 && size <= size_max && text[size] == '\0' ? text : NULL;
}

/* Milliseconds of so many units; below 0: not said, or no time at all. */
static int64_t ms_of(const cJSON *number, double unit_ms)
{
	double ms = cJSON_IsNumber(number) ? number->valuedouble * unit_ms : -1;

	return ms >= 0 && ms < 1e15 ? (int64_t)ms : -1;
}

/* --- lists of shards ------------------------------------------------------ */

void shard_list_release(struct shard_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->shards[i].id);
		free(list->shards[i].parents[0]);
		free(list->shards[i].parents[1]);
	}
	free(list->shards);
	free(list->next);
	*list = (struct shard_list){0};
}

static int copy_text(char **copy, const char *text, struct error *error)
{
	*copy = text ? strdup(text) : NULL;
	return text && !*copy ? no_memory(error) : 0;
}

static int add_shard(struct shard_list *list, const cJSON *item,
		     struct error *error)
{
	const cJSON *range =
		cJSON_GetObjectItemCaseSensitive(item, "SequenceNumberRange");
	struct shard_seen *shards =
		realloc(list->shards, (list->count + 1) * sizeof(*shards));
	const char *id = word_of(item, "ShardId", SHARD_LETTERS, SHARD_MAX);
	struct shard_seen *shard;

	if (!shards)
		return no_memory(error);
	list->shards = shards;
	shard = &shards[list->count++];
	*shard = (struct shard_seen){
		.is_closed = tree_text(range, "EndingSequenceNumber") != NULL,
	};
	if (!id)
		return unreadable(error);
	if (copy_text(&shard->id, id, error) != 0 ||
	    copy_text(&shard->parents[0], tree_text(item, "ParentShardId"),
		      error) != 0)
		return -1;
	return copy_text(&shard->parents[1],
			 tree_text(item, "AdjacentParentShardId"), error);
}

int answer_read_shards(struct span body, struct shard_list *list,
		       struct error *error)
{
	cJSON *tree = cJSON_ParseWithLength(body.data, body.size);
	const cJSON *shards = cJSON_GetObjectItemCaseSensitive(tree, "Shards");
	const cJSON *item;
	int result = 0;

	free(list->next);
	list->next = NULL;
	if (!cJSON_IsArray(shards))
		result = unreadable(error);
	cJSON_ArrayForEach(item, shards)
	{
		if (result == 0)
			result = add_shard(list, item, error);
	}
	if (result == 0)
		result = copy_text(&list->next, tree_text(tree, "NextToken"),
				   error);
	cJSON_Delete(tree);
	return result;
}

/* --- iterators ------------------------------------------------------------ */

char *answer_read_iterator(struct span body, struct error *error)
{
	cJSON *tree = cJSON_ParseWithLength(body.data, body.size);
	const char *text = tree_text(tree, "ShardIterator");
	char *copy = NULL;

	if (!text)
		unreadable(error);
	else
		(void)copy_text(&copy, text, error);
	cJSON_Delete(tree);
	return copy;
}

/* --- records -------------------------------------------------------------- */

void record_batch_release(struct record_batch *batch)
{
	buffer_release(&batch->text);
	buffer_release(&batch->names);
	aggregate_release(&batch->packed);
	free(batch->records);
	free(batch->next);
	*batch = (struct record_batch){0};
}

static int make_room(struct record_batch *batch, size_t count,
		     struct error *error)
{
	struct record_place *records;

	if (count <= batch->capacity)
		return 0;
	records = realloc(batch->records, count * sizeof(*records));
	if (!records)
		return no_memory(error);
	batch->records = records;
	batch->capacity = count;
	return 0;
}

/* Decodes base64 (RFC 4648) in its own place. -1: it is none. */
static int decode(char *text, struct span *data)
{
	size_t size = strlen(text);
	size_t padding = 0;
	int decoded;

	while (padding < 2 && padding < size && text[size - padding - 1] == '=')
		padding++;
	/* It would be taken for a zero. */
	if (size % 4 != 0 || size > INT32_MAX ||
	    memchr(text, '=', size - padding))
		return -1;
	decoded = EVP_DecodeBlock((unsigned char *)text, (unsigned char *)text,
				  (int)size);
	if (decoded < 0 || (size_t)decoded < padding)
		return -1;
	*data = span_make(text, (size_t)decoded - padding);
	return 0;
}

/* A message of no or several lines; the last one gets its end. */
static void add_message(struct record_batch *batch, struct span message)
{
	buffer_append_span(&batch->text, message);
	if (message.size == 0 || message.data[message.size - 1] != '\n')
		buffer_append_char(&batch->text, '\n');
}

static int add_data(struct record_batch *batch, struct span data,
		    struct record_place *place, struct error *error)
{
	size_t start = batch->text.size;
	uint64_t lines = batch->count > 1 ? place[-1].end_lines : 0;
	struct aggregate *packed = &batch->packed;
	int result = aggregate_read(packed, data);

	if (result < 0)
		return no_memory(error);
	if (result == 0)
		add_message(batch, data);
	for (size_t i = 0; i < packed->count; i++)
		add_message(batch, packed->records[i]);
	if (batch->text.failed)
		return no_memory(error);
	place->end = batch->text.size;
	place->end_lines =
		lines + span_count(span_make(batch->text.data + start,
					     batch->text.size - start),
				   '\n');
	batch->data_bytes += data.size;
	return 0;
}

static int add_record(struct record_batch *batch, const cJSON *item,
		      struct error *error)
{
	int64_t arrived_ms = ms_of(cJSON_GetObjectItemCaseSensitive(
					   item, "ApproximateArrivalTimestamp"),
				   1000);
	cJSON *data = cJSON_GetObjectItemCaseSensitive(item, "Data");
	const char *sequence =
		word_of(item, "SequenceNumber", "0123456789", SEQUENCE_MAX);
	struct record_place *place = &batch->records[batch->count];
	struct span bytes;

	if (!sequence || !cJSON_IsString(data) ||
	    decode(data->valuestring, &bytes) != 0)
		return unreadable(error);
	*place = (struct record_place){
		.sequence = batch->names.size,
		.arrived_ms = arrived_ms < 0 ? 0 : arrived_ms,
	};
	buffer_append(&batch->names, sequence, strlen(sequence) + 1);
	if (batch->names.failed)
		return no_memory(error);
	batch->count++;
	return add_data(batch, bytes, place, error);
}

static int read_batch(const cJSON *tree, struct record_batch *batch,
		      struct error *error)
{
	const cJSON *records =
		cJSON_GetObjectItemCaseSensitive(tree, "Records");
	const cJSON *behind =
		cJSON_GetObjectItemCaseSensitive(tree, "MillisBehindLatest");
	const cJSON *item;

	if (!cJSON_IsArray(records))
		return unreadable(error);
	batch->behind_ms = ms_of(behind, 1);
	if (make_room(batch, (size_t)cJSON_GetArraySize(records), error) != 0)
		return -1;
	cJSON_ArrayForEach(item, records)
	{
		if (add_record(batch, item, error) != 0)
			return -1;
	}
	return copy_text(&batch->next, tree_text(tree, "NextShardIterator"),
			 error);
}

int answer_read_records(struct span body, struct record_batch *batch,
			struct error *error)
{
	cJSON *tree = cJSON_ParseWithLength(body.data, body.size);
	int result;

	buffer_clear(&batch->text);
	buffer_clear(&batch->names);
	free(batch->next);
	batch->next = NULL;
	batch->count = 0;
	batch->behind_ms = -1;
	batch->data_bytes = 0;
	result = read_batch(tree, batch, error);
	cJSON_Delete(tree);
	return result;
}
