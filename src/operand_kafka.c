/*
 * An operand or argument of kafka://: brokers, topics, partitions.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"
#include "operands.h"

#define SCHEME	       "kafka://"
#define TOPIC_MAX      249 /* of Kafka itself */
#define PARTITIONS_MAX 100000u

static const char topic_letters[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

/* Takes what stands before the next comma off the front. */
static struct span next_of_list(struct span *list)
{
	const char *comma = memchr(list->data, ',', list->size);
	size_t size = comma ? (size_t)(comma - list->data) : list->size;
	struct span first = span_make(list->data, size);

	size += comma != NULL;
	*list = span_make(list->data + size, list->size - size);
	return first;
}

static bool is_last(struct span list, const char *end)
{
	return list.size == 0 && (list.data == end && end[-1] != ',');
}

/* HOST[:PORT]; librdkafka reads the whole of it, this finds what is no list. */
static int check_brokers(const char *whole, struct span brokers,
			 struct error *error)
{
	const char *end = brokers.data + brokers.size;

	do {
		struct span broker = next_of_list(&brokers);

		if (broker.size == 0 || *broker.data == ':')
			return error_set(error,
					 "'%s': a BROKER is empty "
					 "(kafka://HOST:PORT/TOPIC)",
					 whole);
		for (size_t i = 0; i < broker.size; i++)
			if ((unsigned char)broker.data[i] <= ' ' ||
			    strchr("?#@\\\177", broker.data[i]))
				return error_set(error,
						 "'%s': '%.*s' is no BROKER "
						 "(HOST or HOST:PORT)",
						 whole, (int)broker.size,
						 broker.data);
	} while (!is_last(brokers, end));
	return 0;
}

static int add_topic(struct operand *operand, const char *whole,
		     struct span topic, struct error *error)
{
	char **topics;
	char *copy;

	if (topic.size == 0)
		return error_set(error,
				 "'%s': a TOPIC is empty "
				 "(kafka://HOST:PORT/TOPIC)",
				 whole);
	copy = strndup(topic.data, topic.size);
	if (!copy)
		return no_memory(error);
	topics = realloc(operand->topics,
			 (operand->topic_count + 1) * sizeof(*operand->topics));
	if (!topics) {
		free(copy);
		return no_memory(error);
	}
	operand->topics = topics;
	operand->topics[operand->topic_count++] = copy;
	if (strspn(copy, topic_letters) != topic.size ||
	    topic.size > TOPIC_MAX || strcmp(copy, ".") == 0 ||
	    strcmp(copy, "..") == 0)
		return error_set(error,
				 "'%s': '%s' is no TOPIC (letters, digits and "
				 "._-)",
				 whole, copy);
	for (size_t i = 0; i + 1 < operand->topic_count; i++)
		if (strcmp(operand->topics[i], copy) == 0)
			return error_set(error,
					 "'%s': the TOPIC '%s' is given "
					 "twice",
					 whole, copy);
	return 0;
}

static int read_topics(struct operand *operand, const char *whole,
		       struct span topics, bool many, struct error *error)
{
	const char *end = topics.data + topics.size;

	do {
		struct span topic = next_of_list(&topics);

		if (add_topic(operand, whole, topic, error) != 0)
			return -1;
	} while (!is_last(topics, end));
	if (!many && operand->topic_count > 1)
		return error_set(error, "'%s': one TOPIC only", whole);
	return 0;
}

/* Takes a number off the front; false: there is none, or it is too large. */
static bool take_number(struct span *text, unsigned *number)
{
	size_t at = 0;

	*number = 0;
	for (; at < text->size && text->data[at] >= '0' &&
	       text->data[at] <= '9' && *number <= PARTITIONS_MAX;
	     at++)
		*number = *number * 10 + (unsigned)(text->data[at] - '0');
	*text = span_make(text->data + at, text->size - at);
	return at > 0 && *number <= PARTITIONS_MAX;
}

/* N or N-M */
static bool read_range(struct span text, struct operand_range *range)
{
	if (!take_number(&text, &range->first))
		return false;
	range->last = range->first;
	if (text.size > 0 && *text.data == '-') {
		text = span_make(text.data + 1, text.size - 1);
		if (!take_number(&text, &range->last))
			return false;
	}
	return text.size == 0 && range->first <= range->last;
}

static int read_partitions(struct operand *operand, const char *whole,
			   struct span list, struct error *error)
{
	const char *end = list.data + list.size;

	do {
		struct span text = next_of_list(&list);
		struct operand_range *ranges;
		struct operand_range range;

		if (!read_range(text, &range))
			return error_set(error,
					 "'%s': '%.*s' is no partition and no "
					 "range of them (?partitions=0-3,7)",
					 whole, (int)text.size, text.data);
		ranges = realloc(operand->partitions,
				 (operand->range_count + 1) * sizeof(*ranges));
		if (!ranges)
			return no_memory(error);
		operand->partitions = ranges;
		ranges[operand->range_count++] = range;
	} while (!is_last(list, end));
	return 0;
}

static int read_query(struct operand *operand, const char *whole,
		      const char *query, bool many, struct error *error)
{
	static const char name[] = "partitions=";
	size_t size = sizeof(name) - 1;

	if (!many)
		return error_set(error, "'%s': nothing may follow the TOPIC",
				 whole);
	if (strncmp(query, name, size) != 0)
		return error_set(error,
				 "'%s': after the '?' only partitions= is "
				 "known (?partitions=0-3,7)",
				 whole);
	return read_partitions(operand, whole, span_of(query + size), error);
}

int operand_read_kafka(struct operand *operand, const char *text, bool many,
		       struct error *error)
{
	size_t scheme = sizeof(SCHEME) - 1;
	const char *brokers, *slash, *query;

	*operand = (struct operand){.kind = OPERAND_KAFKA};
	if (strncasecmp(text, SCHEME, scheme) != 0)
		return error_set(error, "'%s' is no kafka://BROKER/TOPIC",
				 text);
	brokers = text + scheme;
	slash = strchr(brokers, '/');
	if (!slash)
		return error_set(error,
				 "'%s': the TOPIC is missing "
				 "(kafka://HOST:PORT/TOPIC)",
				 text);
	query = strchr(slash, '?');
	operand->name = strdup(text);
	operand->host = strndup(brokers, (size_t)(slash - brokers));
	if (!operand->name || !operand->host)
		return no_memory(error);
	if (check_brokers(text, span_make(brokers, (size_t)(slash - brokers)),
			  error) != 0 ||
	    read_topics(operand, text,
			span_make(slash + 1, query ? (size_t)(query - slash - 1)
						   : strlen(slash + 1)),
			many, error) != 0)
		return -1;
	return query ? read_query(operand, text, query + 1, many, error) : 0;
}
