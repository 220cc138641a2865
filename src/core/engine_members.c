/*
 * What members of a group publish: deltas are counted, tallies are added up,
 * and marks say how far all is. A delta moves no watermark: the marks behind it
 * do, and a window that is due then closes before the next line is looked at.
 *
 * Which orders are late is known only here, while members' tallies call them
 * counted, and tallies come in another partition than the deltas, sooner or
 * later. So the orders of a delta are read where the delta is, and tallies tell
 * of the others only. Both come in one transaction: all in all it is the same.
 */
#include "core/engine_parts.h"

int engine_listen_partition(struct engine *engine, const struct stream *stream)
{
	watermark_add_partition(&engine->watermark, stream->time);
	if (marks_listen(&engine->marks, stream->partition) != 0)
		return engine_no_memory(engine);
	if (marks_came(&engine->marks))
		watermark_mark_again(&engine->watermark,
				     marks_least(&engine->marks));
	return 0;
}

int engine_restore_marks(struct engine *engine, const struct savepoint *kept,
			 struct error *error)
{
	if (!engine->query.merge)
		return 0;
	if (marks_restore(&engine->marks, kept, error) != 0)
		return -1;
	if (marks_came(&engine->marks))
		watermark_mark_again(&engine->watermark,
				     marks_least(&engine->marks));
	return 0;
}

/* --- deltas and tallies --------------------------------------------------- */

enum engine_event engine_take_delta(struct engine *engine,
				    struct stream *stream, struct span line,
				    int64_t now_ns)
{
	struct record *record = &engine->merge.record;
	struct tallies *tallies = &engine->tallies;
	enum engine_event event = ENGINE_DONE;

	if (engine_is_late(engine, record->time_ns)) {
		engine_note_late(engine, record->time_ns);
		tallies->late += record->orders;
	} else {
		event = engine_count_at(engine, record, record->time_ns);
		if (event == ENGINE_DONE)
			tallies->counted += record->orders;
	}
	if (event == ENGINE_DONE)
		tallies->read += record->orders;
	if (event != ENGINE_REJECTED)
		return event;
	record->reason = REJECT_BAD_TIME;
	record->column = 1;
	record->field = NULL;
	return engine_take_record(engine, stream, line, RECORD_REJECTED, record,
				  now_ns);
}

/* The stream's name before what marks.h says. What was read before it may be as
 * wrong: it came in another partition, or with it. */
static enum engine_event refuse(struct engine *engine,
				const struct stream *stream,
				const struct error *error)
{
	engine->refused = true;
	error_set(&engine->error, "%s: %s", stream->name, error->message);
	return ENGINE_FAILED;
}

static enum engine_event add_tallies(struct engine *engine,
				     const struct stream *stream,
				     struct tallies *tallies, uint64_t query)
{
	struct error error;

	if (marks_take_query(&engine->marks, query, &error) != 0)
		return refuse(engine, stream, &error);
	tallies->read -= tallies->counted;
	tallies->counted = 0;
	tallies_add(&engine->tallies, tallies);
	return ENGINE_DONE;
}

/* --- marks ---------------------------------------------------------------- */

/* Several may come before the caller looks. */
static void add_note(struct engine *engine, const struct error *note)
{
	struct error before = engine->note;

	if (before.message[0] == '\0')
		engine->note = *note;
	else
		error_set(&engine->note, "%s; %s", before.message,
			  note->message);
}

/* As of a record: a time ahead of our clock counts as that. */
static enum engine_event take_mark(struct engine *engine,
				   const struct stream *stream,
				   struct member_mark *mark, int64_t now_ns)
{
	struct error note = {{0}};
	struct error error;

	if (mark->newest_ns > now_ns)
		mark->newest_ns = now_ns;
	if (marks_take(&engine->marks, stream->partition, stream->partitions,
		       mark, &note, &error) != 0)
		return refuse(engine, stream, &error);
	if (note.message[0] != '\0')
		add_note(engine, &note);
	watermark_tell(&engine->watermark, mark->newest_ns);
	watermark_mark(&engine->watermark, marks_least(&engine->marks));
	if (engine->watermark.value_ns >= engine->pass_ns)
		engine_look(engine);
	return ENGINE_DONE;
}

/* -------------------------------------------------------------------------- */

enum engine_event engine_take_news(struct engine *engine, struct stream *stream,
				   struct span line, enum merge_step step,
				   int64_t now_ns)
{
	struct merge *merge = &engine->merge;
	enum record_verdict verdict;
	struct tallies tallies;
	uint64_t query = 0;
	struct member_mark mark;

	if (stream->partitions == 0)
		return ENGINE_DONE;
	if (step == MERGE_MARK)
		verdict = merge_read_mark(merge, line, &mark);
	else
		verdict = merge_read_tallies(merge, line, &tallies, &query);
	if (verdict != RECORD_COUNTS)
		return engine_take_record(engine, stream, line, verdict,
					  &merge->record, now_ns);
	if (step == MERGE_MARK)
		return take_mark(engine, stream, &mark, now_ns);
	return add_tallies(engine, stream, &tallies, query);
}
