/*
 * source: where records come from, one interface for all of them.
 *
 * A source registers its descriptors and deadlines with the loop; source_next()
 * is called for each source in turn, ready or not, and must not block. What it
 * hands out is a chunk: bytes of one stream, or what happened to it. One source
 * can be many streams, one after the other: the files of a directory, the
 * connections of one address.
 *
 * The order of a stream's chunks: OPENED, DATA..., then ENDED or LOST. DOWN
 * stands only between streams. After a chunk with AFTER_OVER there is no other.
 * Streams of one source may overlap: a rotated file is read to its end beside
 * its successor, partitions of a topic are read side by side. A source may be
 * open without a stream: then OPENED, LOST and ENDED have none.
 *
 * With a --state a source keeps a position for each stream that can be read
 * again: source_restore() before the start, source_note() before a save.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/span.h"
#include "core/lane.h"
#include "core/position.h"
#include "core/stream.h"

enum chunk_kind {
	CHUNK_OPENED,  /* the source is up, and the stream begins */
	CHUNK_DATA,    /* bytes of the stream */
	CHUNK_DELETED, /* a message without a value: read, and filtered */
	CHUNK_LEFT,    /* the stream is over, or another's; it holds nothing
			  back, and the source goes on */
	CHUNK_LEAVING, /* streams are to be given to others: what was counted
			  of them is handed over first; see `lost` */
	CHUNK_GAP,     /* part of the stream is not there any more: the message
			  says what */
	CHUNK_ENDED,   /* the stream ended by itself; a half line is a record */
	CHUNK_LOST,    /* the stream failed; a half line is a record */
	CHUNK_DOWN,    /* could not be opened; the message says why */
	CHUNK_NOTE,    /* something to say, by the message; all goes on */
};

/* What comes after an ENDED, LOST or DOWN. */
enum chunk_after {
	AFTER_NEXT,  /* another stream, at once: the source stays up */
	AFTER_AGAIN, /* it is dialled again: the source is down until OPENED */
	AFTER_OVER,  /* nothing: the source has ended, or failed for good */
};

struct chunk {
	enum chunk_kind kind;
	enum chunk_after after;
	/* The source's; stands until the source is closed. NULL: none. */
	struct stream *stream;
	/* DATA: in the area given to source_next(), or the source's own; until
	 * its next call. */
	struct span bytes;
	/* DATA: who walked ahead in the bytes, or NULL; as long as they. */
	struct lane *lane;
	/* ENDED: its unfinished last line is no record: a later run reads it.
	 */
	bool half_left;
	/* OPENED: other streams are told of next, before anything is read. */
	bool more;
	/* LEAVING: others have them already, and count what is not told. */
	bool lost;
	/* LOST, DOWN, GAP, NOTE: the message, with the source's name. */
	struct error why;
};

enum source_status {
	SOURCE_AGAIN, /* nothing now: the loop will say when */
	SOURCE_CHUNK, /* *chunk is filled in */
};

/* For sources: fills a chunk in, without bytes and without an error. */
static inline enum source_status chunk_tell(struct chunk *chunk,
					    enum chunk_kind kind,
					    enum chunk_after after,
					    struct stream *stream)
{
	chunk->kind = kind;
	chunk->after = after;
	chunk->stream = stream;
	chunk->bytes = span_make(NULL, 0);
	chunk->lane = NULL;
	chunk->half_left = false;
	chunk->lost = false;
	chunk->more = false;
	chunk->why.message[0] = '\0';
	return SOURCE_CHUNK;
}

/* For the status line. Sizes in bytes; 0 where they are not known. */
struct source_report {
	enum {
		REPORT_UP,
		REPORT_DIALLING,
		REPORT_WAITING, /* until redial_ns (clock.mono_ns) */
		REPORT_OVER,
	} state;
	int64_t redial_ns;
	uint64_t read_bytes;
	uint64_t size_bytes;
	/* Behind the newest record, if its service says so. */
	bool knows_behind;
	int64_t behind_ms;
};

/* Memory to read into, shared by all sources. */
struct read_area {
	char *data;
	size_t size;
};

struct source;

struct source_ops {
	/* Somebody is asked for it: it is no file, and no pipe. */
	bool dials;
	/* Its service says what is silence: that we hear nothing while we are
	 * stopped is none, however short. */
	bool heard_awake;
	int (*start)(struct source *source, struct loop *loop,
		     const struct clock *clock, struct error *error);
	enum source_status (*next)(struct source *source,
				   const struct clock *clock,
				   struct read_area area, struct chunk *chunk);
	/* May be NULL: the source does not mind to wait. */
	void (*resume)(struct source *source, const struct clock *clock);
	/* The next two may be NULL: nothing can be read again. */
	int (*restore)(struct source *source, struct positions *positions,
		       struct error *error);
	int (*note)(struct source *source, struct error *error);
	/* The next two may be NULL: what was read is not read again. */
	bool (*is_whole)(const struct source *source);
	void (*go_back)(struct source *source);
	/* The next four may be NULL. */
	const struct stream_time *(*least)(const struct source *source);
	void (*mark)(struct source *source);
	void (*commit)(struct source *source);
	void (*locate)(const struct source *source, const struct stream *stream,
		       uint64_t line, struct error *text);
	void (*report)(const struct source *source,
		       struct source_report *report);
	void (*close)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	const char *name; /* as messages show it; the caller's */
};

/*
 * Registers the source with the loop and begins to open it. -1: it cannot be
 * opened; what can still succeed (a dial, a FIFO without a writer) does not
 * fail here but is told by a chunk. Never blocks.
 */
static inline int source_start(struct source *source, struct loop *loop,
			       const struct clock *clock, struct error *error)
{
	return source->ops->start(source, loop, clock, error);
}

/*
 * The next chunk of at most area.size bytes. The clock is the last reading, of
 * before the call. Once OPENED was told, data is only asked for when the
 * engine has room: a source reads nothing ahead.
 */
static inline enum source_status source_next(struct source *source,
					     const struct clock *clock,
					     struct read_area area,
					     struct chunk *chunk)
{
	return source->ops->next(source, clock, area, chunk);
}

/*
 * The input had to wait (for a slow reader, or for the other sources to open)
 * and goes on: silence in between was ours, and no time-out may count it.
 */
static inline void source_resume(struct source *source,
				 const struct clock *clock)
{
	if (source->ops->resume)
		source->ops->resume(source, clock);
}

static inline bool source_dials(const struct source *source)
{
	return source->ops->dials;
}

static inline bool source_is_heard_awake(const struct source *source)
{
	return source->ops->heard_awake;
}

static inline void source_report(const struct source *source,
				 struct source_report *report)
{
	source->ops->report(source, report);
}

/*
 * Before the start: where to go on is in the table, which is borrowed until the
 * source is closed. -1: memory is out.
 */
MUST_CHECK static inline int source_restore(struct source *source,
					    struct positions *positions,
					    struct error *error)
{
	if (!source->ops->restore)
		return 0;
	return source->ops->restore(source, positions, error);
}

/*
 * Brings the source's places in the table up to date with what the engine has
 * taken, marking those that changed. -1: memory is out, or a file cannot be
 * read.
 */
MUST_CHECK static inline int source_note(struct source *source,
					 struct error *error)
{
	return source->ops->note ? source->ops->note(source, error) : 0;
}

/* The time of the stream that is furthest behind, of those that are read side
 * by side; one that is idle only when all are. NULL: there are none, or it
 * reads one after the other. */
static inline const struct stream_time *source_least(
	const struct source *source)
{
	return source->ops->least ? source->ops->least(source) : NULL;
}

/* What was read so far is what the window that closed holds, or all. */
static inline void source_mark(struct source *source)
{
	if (source->ops->mark)
		source->ops->mark(source);
}

/* What was marked is printed, or will be: others may be told so. */
static inline void source_commit(struct source *source)
{
	if (source->ops->commit)
		source->ops->commit(source);
}

/* Can what was read be read again, in this run? */
static inline bool source_goes_back(const struct source *source)
{
	return source->ops->go_back != NULL;
}

/* Is nothing half read, so that it could go back to here? */
static inline bool source_is_whole(const struct source *source)
{
	return !source->ops->is_whole || source->ops->is_whole(source);
}

/* What it gave since the last that is certain is void, and read again; only
 * where source_goes_back(). */
static inline void source_go_back(struct source *source)
{
	source->ops->go_back(source);
}

/* How messages say where a line of the stream stands; it was just counted. */
static inline void source_locate(const struct source *source,
				 const struct stream *stream, uint64_t line,
				 struct error *text)
{
	error_set(text, "line %llu", (unsigned long long)line);
	if (source->ops->locate)
		source->ops->locate(source, stream, line, text);
}

/* Closes descriptors, leaves the loop, frees the source. */
static inline void source_close(struct source *source)
{
	source->ops->close(source);
}

#endif
