/*
 * Which shards there are, and where reading begins: where a state has it, else
 * as --from says; but what appeared since is read from its beginning. A shard
 * that was split or merged is a parent: its children begin when it has ended,
 * as their records are later than its.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis/source_parts.h"

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

static struct shard *find(const struct kinesis_source *self, const char *id)
{
	for (size_t i = 0; id && i < self->count; i++)
		if (strcmp(self->shards[i]->id, id) == 0)
			return self->shards[i];
	return NULL;
}

/* --- parents and children ------------------------------------------------- */

/* One that is not listed has expired, and all of it with it. */
static bool has_ended(const struct kinesis_source *self, const char *id)
{
	const struct shard *shard = find(self, id);

	return !shard || shard->state == SHARD_ENDED;
}

static bool is_parent(const struct shard *parent, const struct shard *child)
{
	for (int i = 0; i < 2; i++)
		if (child->parents[i] &&
		    strcmp(child->parents[i], parent->id) == 0)
			return true;
	return false;
}

bool kinesis_has_heirs(const struct kinesis_source *self,
		       const struct shard *parent)
{
	if (kinesis_wants_list(self))
		return true;
	for (size_t i = 0; i < self->count; i++) {
		const struct shard *child = self->shards[i];
		bool is_to_come =
			child->state == SHARD_WAITING ||
			(child->state == SHARD_READING && !child->told);

		if (is_to_come && is_parent(parent, child))
			return true;
	}
	return false;
}

/* Its records are later than those of its parents: so is it in event time. */
static int64_t inherited_ns(const struct kinesis_source *self,
			    const struct shard *shard)
{
	int64_t newest_ns = TIME_NONE;

	for (int i = 0; i < 2; i++) {
		const struct shard *parent = find(self, shard->parents[i]);
		int64_t parent_ns;

		if (!parent)
			continue;
		parent_ns = parent->stream.time->newest_ns;
		if (i == 0 || newest_ns == TIME_NONE || parent_ns < newest_ns)
			newest_ns = parent_ns;
	}
	return newest_ns;
}

/* --- where reading begins ------------------------------------------------- */

static int keep(struct kinesis_source *self, struct shard *shard,
		const char *mark, struct error *error)
{
	if (shard->position &&
	    positions_begin_shard(self->positions, shard->position, mark,
				  shard->stream.time->newest_ns) != 0)
		return no_memory(error);
	return 0;
}

/* All of it was read, or is not wanted. */
static int end(struct kinesis_source *self, struct shard *shard,
	       struct error *error)
{
	shard_begin(shard, MARK_END, 0);
	shard->state = SHARD_ENDED;
	return keep(self, shard, MARK_END, error);
}

static int begin(struct kinesis_source *self, struct shard *shard,
		 struct error *error)
{
	const struct position *kept = shard->position;
	struct stream_time *time = shard->stream.time;
	bool is_first = !self->listed && !self->known;

	self->changed = true;
	time->steady = true;
	if (kept && kept->begun) {
		time->newest_ns = kept->newest_ns;
		shard_begin(shard, kept->mark, kept->line_number);
		if (strcmp(kept->mark, MARK_END) == 0)
			shard->state = SHARD_ENDED;
		return 0;
	}
	time->newest_ns = inherited_ns(self, shard);
	if (!is_first || !self->options.from_end) {
		shard_begin(shard, MARK_OLDEST, 0);
		return keep(self, shard, MARK_OLDEST, error);
	}
	if (shard->is_closed)
		return end(self, shard, error);
	/* Kept once the place has been found that this is. */
	shard_begin(shard, MARK_LATEST, 0);
	return 0;
}

int kinesis_begin_children(struct kinesis_source *self, struct error *error)
{
	bool news = true;

	/* One that ended long ago lets the next one begin. */
	while (news) {
		news = false;
		for (size_t i = 0; i < self->count; i++) {
			struct shard *shard = self->shards[i];

			if (shard->state != SHARD_WAITING ||
			    !has_ended(self, shard->parents[0]) ||
			    !has_ended(self, shard->parents[1]))
				continue;
			if (begin(self, shard, error) != 0)
				return -1;
			news |= shard->state == SHARD_ENDED;
		}
	}
	return 0;
}

/* --- the list ------------------------------------------------------------- */

/* How a state knows the stream's shards: "kinesis REGION STREAM SHARD". */
static void name_position(const struct kinesis_source *self, const char *id,
			  struct buffer *name)
{
	buffer_printf(name, "kinesis %s %s %s", self->region,
		      self->options.stream, id);
	buffer_append_char(name, '\0');
}

static int claim(struct kinesis_source *self, struct shard *shard,
		 struct error *error)
{
	struct buffer name = {0};
	bool twice = false;

	if (!self->positions)
		return 0;
	name_position(self, shard->id, &name);
	if (!name.failed)
		shard->position = positions_claim_part(
			self->positions, POSITION_SHARD, name.data, &twice);
	buffer_release(&name);
	if (twice)
		return error_set(error,
				 "the stream '%s' is given twice, and would be "
				 "counted twice",
				 self->options.stream);
	if (!shard->position)
		return no_memory(error);
	self->known |= shard->position->begun;
	return 0;
}

static int add(struct kinesis_source *self, const struct shard_seen *seen,
	       struct error *error)
{
	struct shard **shards = realloc(
		self->shards, (self->count + 1) * sizeof(struct shard *));
	struct shard *shard;

	if (!shards)
		return no_memory(error);
	self->shards = shards;
	shard = shard_new(self->options.stream, seen);
	if (!shard)
		return no_memory(error);
	/* Who came later was closed later, too. */
	if (self->listed)
		shard->is_closed = false;
	shards[self->count++] = shard;
	return claim(self, shard, error);
}

bool kinesis_find_expired(struct kinesis_source *self, struct error *text)
{
	struct positions *positions = self->positions;
	struct buffer prefix = {0};
	bool found = false;

	name_position(self, "", &prefix);
	for (size_t i = 0;
	     positions && !prefix.failed && !found && i < positions->count;
	     i++) {
		struct position *kept = positions->list[i];

		if (kept->kind != POSITION_SHARD || kept->claimed ||
		    strncmp(kept->name, prefix.data, prefix.size - 1) != 0)
			continue;
		kept->claimed = true;
		found = strcmp(kept->mark, MARK_END) != 0 &&
			position_set_mark(kept, MARK_END, 0) == 0;
		if (found)
			error_set(text,
				  "%s: %s has expired, and what was not read "
				  "of it is not counted",
				  self->source.name,
				  kept->name + prefix.size - 1);
	}
	buffer_release(&prefix);
	return found;
}

int kinesis_take_list(struct kinesis_source *self, struct error *error)
{
	for (size_t i = 0; i < self->list.count; i++) {
		const struct shard_seen *seen = &self->list.shards[i];

		if (!find(self, seen->id) && add(self, seen, error) != 0)
			return -1;
	}
	shard_list_release(&self->list);
	if (kinesis_begin_children(self, error) != 0)
		return -1;
	self->listed = true;
	self->known_ends = self->list_ends;
	self->changed = true;
	return 0;
}

bool kinesis_is_finished(const struct kinesis_source *self)
{
	if (!self->listed || kinesis_wants_list(self))
		return false;
	/* Who waits, does so for a parent of which no more is wanted. */
	for (size_t i = 0; i < self->count; i++)
		if (self->shards[i]->state == SHARD_READING)
			return false;
	return true;
}
