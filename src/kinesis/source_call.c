/*
 * Calls of the service: what is due, and what is sent. Each shard has one call
 * at a time, and the next one when the answer is handed out; the service allows
 * 5 of them a second, and 2 MB/s.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "kinesis/source_parts.h"

/* Calls that run and answers that wait, each of about ANSWER_BYTES. */
#define BUSY_MAX 32

/* The least time for an answer to begin, or to go on. */
#define PATIENCE_LEAST_NS (2 * NS_PER_S)

/* --- what is sent --------------------------------------------------------- */

/* A connection may be dead: before the service is given up, another one is
 * tried, but not before it had time enough. */
static int64_t patience_ns(const struct kinesis_source *self)
{
	int64_t all_ns = self->options.connect_timeout_ns;

	if (all_ns < PATIENCE_LEAST_NS)
		return all_ns;
	return all_ns / 2 < PATIENCE_LEAST_NS ? PATIENCE_LEAST_NS : all_ns / 2;
}

/* A call of the service. Takes the tree. NULL: memory is out. */
static struct transfer *call(struct kinesis_source *self, const char *action,
			     cJSON *tree, struct error *error)
{
	const struct credentials *keys = &self->credentials;
	char *body = tree ? cJSON_PrintUnformatted(tree) : NULL;
	struct buffer target = {0}, token = {0};
	const char *headers[3] = {"Content-Type: application/x-amz-json-1.1"};
	struct http_request request = {
		.url = self->url,
		.method = "POST",
		.headers = headers,
		.header_count = 2,
		.region = self->region,
		.access_key = keys->access_key,
		.secret_key = keys->secret_key,
		.timeout_ns = patience_ns(self),
	};
	struct transfer *started = NULL;

	buffer_printf(&target, "X-Amz-Target: Kinesis_20131202.%s", action);
	buffer_append_char(&target, '\0');
	headers[1] = target.data;
	if (keys->session_token) {
		buffer_printf(&token, "X-Amz-Security-Token: %s",
			      keys->session_token);
		buffer_append_char(&token, '\0');
		headers[request.header_count++] = token.data;
	}
	if (body && !target.failed && !token.failed) {
		request.body = span_of(body);
		started = transfer_start(self->transfers, &request, error);
	} else {
		error_set(error, "out of memory");
	}
	buffer_release(&target);
	if (token.data)
		explicit_bzero(token.data, token.size);
	buffer_release(&token);
	cJSON_free(body);
	cJSON_Delete(tree);
	return started;
}

/* The next page goes by its token alone. */
static struct transfer *ask_list(struct kinesis_source *self,
				 struct error *error)
{
	cJSON *tree = cJSON_CreateObject();

	if (self->list.next) {
		cJSON_AddStringToObject(tree, "NextToken", self->list.next);
	} else {
		self->list_ends = self->ends;
		cJSON_AddStringToObject(tree, "StreamName",
					self->options.stream);
	}
	return call(self, "ListShards", tree, error);
}

/* "t1732269600123" as seconds with three decimals, which cJSON takes as it is.
 */
static void add_time(cJSON *tree, const char *mark)
{
	struct buffer text = {0};
	long long ms = strtoll(mark + 1, NULL, 10);

	buffer_printf(&text, "%lld.%03d", ms / 1000, (int)(ms % 1000));
	buffer_append_char(&text, '\0');
	if (!text.failed)
		cJSON_AddRawToObject(tree, "Timestamp", text.data);
	buffer_release(&text);
}

static struct transfer *ask_iterator(struct kinesis_source *self,
				     struct shard *shard, struct error *error)
{
	cJSON *tree = cJSON_CreateObject();
	const char *type = "AT_SEQUENCE_NUMBER";

	shard->looks_back = false;
	cJSON_AddStringToObject(tree, "StreamName", self->options.stream);
	cJSON_AddStringToObject(tree, "ShardId", shard->id);
	if (strcmp(shard->mark, MARK_LATEST) == 0) {
		type = "LATEST";
	} else if (strcmp(shard->mark, MARK_OLDEST) == 0) {
		type = "TRIM_HORIZON";
	} else if (shard->mark[0] == MARK_TIME) {
		type = "AT_TIMESTAMP";
		add_time(tree, shard->mark);
	} else {
		shard->looks_back = true;
		cJSON_AddStringToObject(tree, "StartingSequenceNumber",
					shard->mark);
	}
	cJSON_AddStringToObject(tree, "ShardIteratorType", type);
	return call(self, "GetShardIterator", tree, error);
}

static struct transfer *ask_records(struct kinesis_source *self,
				    struct shard *shard, struct error *error)
{
	cJSON *tree = cJSON_CreateObject();

	cJSON_AddStringToObject(tree, "ShardIterator", shard->iterator);
	cJSON_AddNumberToObject(tree, "Limit", shard->limit);
	shard->asked = shard->limit;
	return call(self, "GetRecords", tree, error);
}

/* --- what is due ---------------------------------------------------------- */

/* Is a call the next thing? Nothing is read before all have their place. */
static bool wants_call(const struct kinesis_source *self,
		       const struct shard *shard)
{
	return shard->state == SHARD_READING && shard->then == SHARD_READING &&
	       !shard->call && !shard_holds(shard) &&
	       !(self->state == KINESIS_OPENING && shard->iterator);
}

static int ask_shard(struct kinesis_source *self, struct shard *shard,
		     struct error *error)
{
	shard_settle(shard);
	shard->call = shard->iterator ? ask_records(self, shard, error)
				      : ask_iterator(self, shard, error);
	if (!shard->call)
		return -1;
	shard->called_ns = self->now_ns;
	self->busy++;
	return 0;
}

static int ask_shards(struct kinesis_source *self, struct error *error)
{
	for (size_t i = 0; i < self->count && self->busy < BUSY_MAX; i++) {
		size_t turn = (self->next_asked + i) % self->count;
		struct shard *shard = self->shards[turn];

		if (!wants_call(self, shard) || self->now_ns < shard->due_ns)
			continue;
		if (ask_shard(self, shard, error) != 0)
			return -1;
		if (self->busy == BUSY_MAX)
			self->next_asked = turn + 1;
	}
	return 0;
}

static bool list_is_due(const struct kinesis_source *self)
{
	return !self->listing && self->now_ns >= self->list_due_ns;
}

/* --- who we are ----------------------------------------------------------- */

static int ask_keys(struct kinesis_source *self,
		    const struct credentials_request *wanted,
		    struct error *error)
{
	struct http_request request = {
		.url = wanted->url,
		.method = wanted->method,
		.headers = wanted->headers,
		.header_count = wanted->header_count,
		.direct = true,
		.timeout_ns = CREDENTIALS_TIMEOUT_NS,
	};

	self->asked_keys = transfer_start(self->transfers, &request, error);
	return self->asked_keys ? 0 : -1;
}

/* 1: we have keys; 0: they are waited for; -1: there are none. */
static int have_keys(struct kinesis_source *self, struct error *error)
{
	struct credentials_request wanted;

	for (;;) {
		switch (credentials_step(&self->credentials, self->wall_ns,
					 &wanted, error)) {
		case CREDENTIALS_READY: return 1;
		case CREDENTIALS_FAILED: return -1;
		case CREDENTIALS_WAIT: return 0;
		case CREDENTIALS_ASK: break;
		}
		if (ask_keys(self, &wanted, error) != 0)
			return -1;
	}
}

/* When keys that are not renewed are a connection that failed (mono). */
static int64_t keyless_until(const struct kinesis_source *self)
{
	if (self->state == KINESIS_DOWN ||
	    !credentials_trouble(&self->credentials))
		return TIME_NEVER;
	return self->answered_ns + self->options.connect_timeout_ns;
}

enum source_status kinesis_ask(struct kinesis_source *self, struct chunk *chunk)
{
	int result = have_keys(self, &chunk->why);

	if (result < 0)
		kinesis_explain(self, &chunk->why);
	if (result == 0 && self->now_ns >= keyless_until(self)) {
		self->has_keys = false;
		chunk->why = *credentials_trouble(&self->credentials);
		kinesis_explain(self, &chunk->why);
		return kinesis_fail(self, true, chunk);
	}
	self->has_keys = result > 0;
	if (self->has_keys) {
		result = 0;
		if (list_is_due(self)) {
			self->listing = ask_list(self, &chunk->why);
			self->list_called_ns = self->now_ns;
			result = self->listing ? 0 : -1;
		}
		if (result == 0)
			result = ask_shards(self, &chunk->why);
	}
	return result < 0 ? kinesis_fail(self, false, chunk) : SOURCE_AGAIN;
}

static int64_t keys_due(const struct kinesis_source *self)
{
	int64_t until_ns = keyless_until(self);
	int64_t due_ns;

	if (self->asked_keys)
		return TIME_NEVER;
	due_ns = self->now_ns +
		 credentials_due_in_ns(&self->credentials, self->wall_ns);
	return due_ns < until_ns ? due_ns : until_ns;
}

int64_t kinesis_due(const struct kinesis_source *self)
{
	int64_t due_ns = self->listing ? TIME_NEVER : self->list_due_ns;

	for (size_t i = 0; i < self->count; i++)
		if (shard_is_answered(self->shards[i]))
			return self->now_ns;
	if (!self->has_keys)
		return keys_due(self);
	for (size_t i = 0; i < self->count; i++) {
		const struct shard *shard = self->shards[i];

		if (wants_call(self, shard) && shard->due_ns < due_ns &&
		    self->busy < BUSY_MAX)
			due_ns = shard->due_ns;
	}
	return due_ns;
}

int64_t kinesis_behind_ms(const struct kinesis_source *self)
{
	int64_t behind_ms = -1;

	for (size_t i = 0; i < self->count; i++)
		if (self->shards[i]->state == SHARD_READING &&
		    self->shards[i]->behind_ms > behind_ms)
			behind_ms = self->shards[i]->behind_ms;
	return behind_ms;
}
