#include "core/engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/engine_parts.h"

#define IDLE_LEAST_NS ((int64_t)30 * 1000000000)

int engine_no_memory(struct engine *engine)
{
	return error_set(&engine->error, "out of memory");
}

int engine_reserve(struct engine *engine, size_t count)
{
	size_t capacity = engine->last_capacity ? engine->last_capacity : 32;
	int64_t *last_ns;

	if (windows_reserve(&engine->windows, count) != 0)
		return -1;
	if (engine->query.forget_ns == INT64_MAX ||
	    count <= engine->last_capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	last_ns = realloc(engine->last_ns, capacity * sizeof(*last_ns));
	if (!last_ns)
		return -1;
	for (size_t i = engine->last_capacity; i < capacity; i++)
		last_ns[i] = TIME_NONE;
	engine->last_ns = last_ns;
	engine->last_capacity = capacity;
	return 0;
}

/* Groups that keep their number whether they are seen or not. */
int engine_reserve_groups(struct engine *engine)
{
	const struct query *query = &engine->query;
	struct groups *groups = &engine->groups;

	for (size_t i = 0; i < query->expected_count; i++) {
		uint32_t group = groups_add_key(
			groups, (const unsigned char *)query->expected[i].data);

		if (group == GROUP_OTHER)
			return -1;
		engine->named += !(groups->flags[group] & GROUP_NAMED);
		groups->flags[group] |=
			GROUP_EXPECTED | GROUP_RESERVED | GROUP_NAMED;
	}
	for (size_t i = 0; i < query->condition_count; i++) {
		const struct condition *condition = &query->conditions[i];

		if (condition->name != CONDITION_GROUP)
			continue;
		engine->watched[i] = groups_add_key(
			groups, (const unsigned char *)condition->key.data);
		if (engine->watched[i] == GROUP_OTHER)
			return -1;
		groups->flags[engine->watched[i]] |= GROUP_RESERVED;
	}
	if (engine_reserve(engine, groups->count) != 0)
		return -1;
	/* Kept from the start: an open pane may hold the number before any
	 * total does. */
	for (uint32_t i = 1; i < groups->count; i++)
		if (groups->flags[i] & GROUP_EXPECTED)
			windows_change(&engine->windows, i);
	return 0;
}

int engine_name_keys(struct engine *engine, size_t key_count)
{
	size_t wanted = engine->query.records.key_count;

	if (wanted > 0 && wanted != key_count)
		return error_set(&engine->error,
				 "the rows have %zu key fields, but the groups "
				 "of --expect and --fail-if have %zu",
				 key_count, wanted);
	engine->groups.key_count = key_count;
	/* Those of an earlier run come first: see engine_restore(). */
	if (engine->query.keeps && !engine->restored)
		return 0;
	return engine_reserve_groups(engine) == 0 ? 0
						  : engine_no_memory(engine);
}

/* A stream may be silent for as long as it takes a window to be complete. */
static int64_t usual_idle_ns(int64_t window_ns, int64_t lateness_ns)
{
	int64_t idle_ns;

	if (__builtin_add_overflow(window_ns, lateness_ns, &idle_ns))
		return INT64_MAX;
	return idle_ns > IDLE_LEAST_NS ? idle_ns : IDLE_LEAST_NS;
}

int engine_lay(struct engine *engine, int64_t window_ns, int64_t slide_ns)
{
	const struct query *query = &engine->query;
	int64_t span = slide_ns > 0 ? window_ns / slide_ns : 1;
	bool summing = query->merge ? engine->merge.summing
				    : query->records.sum_field != NULL;

	windows_init(&engine->windows, slide_ns, span, summing, query->keeps,
		     (uint32_t)query->hash_seed[1]);
	engine->laid = true;
	engine->pass_ns = TIME_NONE;
	if (query->idle_ns == 0)
		engine->watermark.idle_ns =
			usual_idle_ns(window_ns, query->lateness_ns);
	if ((!query->timed && coverage_init(&engine->coverage, slide_ns, span,
					    &engine->error) != 0) ||
	    engine_reserve(engine, engine->groups.count) != 0)
		return engine_no_memory(engine);
	return 0;
}

static int init_parts(struct engine *engine)
{
	const struct query *query = &engine->query;

	engine->watched =
		calloc(query->condition_count + 1, sizeof(*engine->watched));
	if (!engine->watched)
		return engine_no_memory(engine);
	/* Of rows it is known once one came: see engine_name_keys(). */
	if (groups_init(&engine->groups,
			query->merge ? 0 : query->records.key_count,
			query->hash_seed, &engine->error) != 0)
		return -1;
	if (query->merge)
		return merge_init(&engine->merge, query->window_ns,
				  &engine->error);
	if (order_init(&engine->order, &query->records, &engine->error) != 0)
		return -1;
	if (lane_init(&engine->lane, &engine->order.fields, query->level,
		      query->cursors) != 0)
		return engine_no_memory(engine);
	if (engine_lay(engine, query->window_ns, query->slide_ns) != 0)
		return -1;
	return engine_name_keys(engine, query->records.key_count);
}

int engine_init(struct engine *engine, const struct query *query,
		struct error *error)
{
	*engine = (struct engine){
		.query = *query,
		.forget_at_ns = TIME_NONE,
		.closed_ns = TIME_NONE,
	};
	engine->ahead = &engine->lane;
	backlog_init(&engine->backlog);
	marks_init(&engine->marks);
	watermark_init(&engine->watermark, query->lateness_ns,
		       query->idle_ns > 0 ? query->idle_ns : INT64_MAX);
	if (init_parts(engine) == 0)
		return 0;
	*error = engine->error;
	return -1;
}

void engine_release(struct engine *engine)
{
	if (engine->query.merge)
		merge_release(&engine->merge);
	else
		order_release(&engine->order);
	lane_release(&engine->lane);
	backlog_release(&engine->backlog);
	marks_release(&engine->marks);
	groups_release(&engine->groups);
	windows_release(&engine->windows);
	coverage_release(&engine->coverage);
	free(engine->watched);
	free(engine->last_ns);
	engine->watched = NULL;
	engine->last_ns = NULL;
}

size_t engine_key_names(const struct engine *engine, const char *const **names)
{
	if (!engine->query.merge) {
		*names = engine->query.records.key_names;
		return engine->query.records.key_count;
	}
	*names = (const char *const *)engine->merge.key_names;
	return engine->merge.key_count;
}

void engine_begin(struct engine *engine, int64_t now_ns, size_t up, size_t down)
{
	const struct query *query = &engine->query;
	bool aligned = query->aligned && query->window_ns > 0;
	int64_t origin_ns = aligned ? 0 : now_ns;

	if (query->timed)
		return;
	windows_begin(&engine->windows, origin_ns, now_ns);
	coverage_begin(&engine->coverage, origin_ns, now_ns, up, down);
	engine->since_ns = now_ns;
}
