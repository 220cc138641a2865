/*
 * What a group committed. Beside an offset stands, as JSON,
 *
 *     {"newest":"2026-11-22T10:00:04.5Z","query":"HASH","born":{"orders":8}}
 *
 * the newest event time that was read before the offset, the query of the
 * members, and how many partitions each topic had when the group began. A
 * partition that has no offset is one of those, to begin with as --from says;
 * or it appeared later, and is read from its beginning.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/timestamp.h"
#include "kafka/survey_parts.h"

void commit_note_append(struct buffer *out, const struct kafka_options *options,
			int64_t newest_ns, const int32_t *born)
{
	const char *separator = "";

	buffer_append_text(out, "{\"newest\":");
	if (newest_ns == TIME_NONE) {
		buffer_append_text(out, "null");
	} else {
		buffer_append_char(out, '"');
		rfc3339_append(out, newest_ns, false);
		buffer_append_char(out, '"');
	}
	if (options->query)
		buffer_printf(out, ",\"query\":\"%s\"", options->query);
	buffer_append_text(out, ",\"born\":{");
	for (size_t i = 0; i < options->topic_count; i++) {
		buffer_printf(out, "%s\"%s\":%d", separator, options->topics[i],
			      born[i]);
		separator = ",";
	}
	buffer_append_text(out, "}}");
}

/* Others may have committed for the group: what is not ours says nothing. */
static void read_note(struct survey *survey, struct looked_up *partition,
		      const void *note, size_t size)
{
	cJSON *json = cJSON_ParseWithLength(note, size);
	const char *newest = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, "newest"));
	const char *query = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, "query"));
	const cJSON *born = cJSON_GetObjectItemCaseSensitive(json, "born");

	if (newest && !timestamp_read(span_of(newest), &partition->newest_ns))
		partition->newest_ns = TIME_NONE;
	if (query && strlen(query) < QUERY_HASH_SIZE &&
	    survey->options->query &&
	    strcmp(query, survey->options->query) != 0)
		memcpy(survey->other_query, query, strlen(query) + 1);
	for (size_t i = 0; i < survey->options->topic_count; i++) {
		const cJSON *count = cJSON_GetObjectItemCaseSensitive(
			born, survey->options->topics[i]);

		if (cJSON_IsNumber(count) && count->valueint > 0)
			survey->born[i] = count->valueint;
	}
	cJSON_Delete(json);
}

static struct looked_up *find(struct survey *survey, size_t topic,
			      int32_t number)
{
	for (size_t i = 0; i < survey->count; i++)
		if (survey->partitions[i].topic == topic &&
		    survey->partitions[i].number == number)
			return &survey->partitions[i];
	return NULL;
}

/* What was found, of a partition that is ours or another's. */
static rd_kafka_resp_err_t take(struct survey *survey, size_t topic,
				const rd_kafka_topic_partition_t *found)
{
	struct looked_up other = {0};
	struct looked_up *partition = find(survey, topic, found->partition);

	if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return found->err;
	if (!partition)
		partition = &other;
	partition->committed = found->offset >= 0 ? found->offset : -1;
	if (found->offset < 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	survey->begun = true;
	if (found->metadata_size > 0)
		read_note(survey, partition, found->metadata,
			  found->metadata_size);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Of all partitions of all topics: what another owner wrote counts, too. */
static rd_kafka_topic_partition_list_t *list_all(const struct survey *survey)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(16);

	for (size_t i = 0; i < survey->options->topic_count; i++)
		for (int32_t n = 0; n < survey->counts[i]; n++)
			rd_kafka_topic_partition_list_add(
				list, survey->options->topics[i], n);
	return list;
}

static size_t topic_of(const struct survey *survey, const char *name)
{
	size_t i = 0;

	while (strcmp(survey->options->topics[i], name) != 0)
		i++;
	return i;
}

rd_kafka_resp_err_t survey_committed(struct survey *survey)
{
	rd_kafka_topic_partition_list_t *list = list_all(survey);
	rd_kafka_resp_err_t code = rd_kafka_committed(
		survey->client->handle, list, survey_rest_ms(survey));

	for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt;
	     i++)
		code = take(survey, topic_of(survey, list->elems[i].topic),
			    &list->elems[i]);
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}
