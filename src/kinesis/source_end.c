/*
 * How the source ends, or is down till the service is heard again.
 */
#include "kinesis/source_parts.h"

void kinesis_turn(struct kinesis_source *self, enum kinesis_state state)
{
	enum loop_part part =
		state == KINESIS_RUNNING ? LOOP_INPUT : LOOP_OPENING;

	self->state = state;
	self->timer.part = part;
	transfers_set_part(self->transfers, part);
}

void kinesis_drop_calls(struct kinesis_source *self)
{
	transfer_free(self->listing);
	transfer_free(self->asked_keys);
	self->listing = self->asked_keys = NULL;
	for (size_t i = 0; i < self->count; i++) {
		transfer_free(self->shards[i]->call);
		self->shards[i]->call = NULL;
	}
}

enum source_status kinesis_end(struct kinesis_source *self,
			       enum chunk_kind kind, const char *why)
{
	chunk_tell(&self->last_words, kind, AFTER_OVER, NULL);
	if (why)
		error_set(&self->last_words.why, "%s", why);
	self->ending = true;
	self->changed = true;
	kinesis_drop_calls(self);
	kinesis_turn(self, KINESIS_OVER);
	return SOURCE_AGAIN;
}

enum source_status kinesis_fail(struct kinesis_source *self, bool heals,
				struct chunk *chunk)
{
	enum chunk_kind kind = self->up_told ? CHUNK_LOST : CHUNK_DOWN;
	struct error why = chunk->why;

	if (!heals || !self->options.reconnect)
		return kinesis_end(self, kind, why.message);
	/* What is down for long holds nothing back. */
	for (size_t i = 0; i < self->count; i++)
		self->shards[i]->stream.time->steady = false;
	/* It is not told again before it was as long silent. */
	self->answered_ns = self->now_ns;
	if (self->up_told)
		kinesis_turn(self, KINESIS_DOWN);
	chunk_tell(chunk, kind, AFTER_AGAIN, NULL);
	chunk->why = why;
	return SOURCE_CHUNK;
}

int kinesis_explain(const struct kinesis_source *self, struct error *error)
{
	struct error why = *error;

	return error_set(error, "%s: %s", self->source.name, why.message);
}
