/*
 * From a line to a record, or to what members published; and lines of rows that
 * have to wait until it is known how long windows are.
 */
#include "core/engine_parts.h"

#include <string.h>

/* Keeps a line that was read before windows are laid. */
static enum engine_event let_wait(struct engine *engine, struct stream *stream,
				  struct span line)
{
	if (backlog_add(&engine->backlog, stream, line) == 0)
		return ENGINE_DONE;
	if (backlog_has_room(&engine->backlog, line.size))
		return engine_fail(engine);
	error_set(&engine->error, "no row so far is of a whole window, "
				  "which would say how long they are: "
				  "give --window");
	return ENGINE_FAILED;
}

/* A row to be merged. Windows are laid by the first one that counts. */
static enum engine_event merge_line(struct engine *engine,
				    struct stream *stream, struct span line,
				    int64_t now_ns)
{
	struct merge *merge = &engine->merge;
	enum record_verdict verdict;
	enum merge_step step = merge_judge(
		merge, line, engine_latest(engine, now_ns), &verdict);
	bool first;

	if (step == MERGE_MARK || step == MERGE_TALLIES)
		return engine_take_news(engine, stream, line, step, now_ns);
	first = verdict == RECORD_COUNTS && !engine->laid;
	/* What moves the watermark waits behind rows that it would make late.
	 */
	if (step == MERGE_LATER ||
	    (verdict == RECORD_FILTERED && engine_rows_wait(engine)))
		return let_wait(engine, stream, line);
	if (first && engine_lay(engine, merge->window_ns, merge->window_ns) < 0)
		return ENGINE_FAILED;
	/* Those that waited come first. */
	if (first && !backlog_is_empty(&engine->backlog)) {
		if (backlog_add(&engine->backlog, stream, line) != 0)
			return engine_fail(engine);
		return ENGINE_DONE;
	}
	if (verdict == RECORD_COUNTS && stream->partitions > 0 &&
	    !merge->has_total)
		return engine_take_delta(engine, stream, line, now_ns);
	return engine_take_record(engine, stream, line, verdict, &merge->record,
				  now_ns);
}

enum engine_event engine_take_line(struct engine *engine, struct stream *stream,
				   enum line_status status, struct span line,
				   int64_t now_ns)
{
	enum record_verdict verdict;

	if (status == LINE_FAILED)
		return engine_fail(engine);
	if (status == LINE_TOO_LONG)
		return engine_reject(engine, stream, line, REJECT_TOO_LONG,
				     engine->query.max_line_bytes + 1, NULL);
	if (engine->query.merge)
		return merge_line(engine, stream, line, now_ns);
	verdict = order_judge(&engine->order, line,
			      engine_latest(engine, now_ns));
	if (verdict == RECORD_COUNTS || verdict == RECORD_FILTERED)
		lane_meet(&engine->lane, line);
	return engine_take_record(engine, stream, line, verdict,
				  &engine->order.record, now_ns);
}

/*
 * The next of the lines that waited, as its stream was then. One that has a
 * time of its own and another name is at a later file: the line's has ended,
 * and its time holds nothing back.
 */
static enum engine_event take_waiting(struct engine *engine, int64_t now_ns)
{
	struct stream_time ended = {.newest_ns = TIME_NONE};
	struct backlog_line waiting = {0};
	struct stream then = {0};
	struct span line = {0};

	if (!backlog_next(&engine->backlog, &waiting, &line)) {
		backlog_release(&engine->backlog);
		return ENGINE_DONE;
	}
	if (waiting.rejected > 0) {
		engine_tally_reject(engine, waiting.reason, waiting.rejected);
		return ENGINE_DONE;
	}
	then.name = backlog_name(&engine->backlog, &waiting);
	then.line_number = waiting.line_number;
	then.partition = waiting.stream->partition;
	then.partitions = waiting.stream->partitions;
	then.time = waiting.stream->time;
	if (then.time == &waiting.stream->own_time &&
	    strcmp(then.name, waiting.stream->name) != 0)
		then.time = &ended;
	return merge_line(engine, &then, line, now_ns);
}

enum engine_event engine_prepare(struct engine *engine, int64_t now_ns)
{
	enum engine_event event = ENGINE_DONE;

	if (engine->forget_at_ns != TIME_NONE && engine_forget(engine) != 0)
		return engine_fail(engine);
	while (event == ENGINE_DONE && !engine->due && engine->laid &&
	       engine->backlog.count > 0)
		event = take_waiting(engine, now_ns);
	return engine->due && event == ENGINE_DONE ? ENGINE_DUE : event;
}
