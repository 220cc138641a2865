/*
 * watermark: the event time up to which everything has come.
 *
 * It is the newest time less the lateness, for each stream; the least of them
 * decides. It never falls. Streams that are idle do not hold it back; when all
 * are, it takes the newest time of all less the lateness, and then goes on as
 * our clock does, never past it. (Spark: withWatermark; Flink: idleness of
 * watermark generators; Beam: the minimum over the inputs.)
 *
 * Where members of a group count (see marks.h), their marks say how far the
 * partitions are that they read, and these decide as streams do. The partitions
 * of a topic that hold the marks are then no more than the way on which they
 * come: the times of these streams decide nothing, but as long as one of them
 * is behind its end, not all are idle.
 *
 * `ready` is a clock that stands while the input has to wait: silence in which
 * we did not read is no silence.
 */
#ifndef CORE_WATERMARK_H
#define CORE_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

/* No time yet; before any other. */
#define TIME_NONE INT64_MIN

/* From one time to a later one, which may be centuries: at most INT64_MAX. */
static inline int64_t time_between(int64_t from_ns, int64_t to_ns)
{
	int64_t between_ns;

	return __builtin_sub_overflow(to_ns, from_ns, &between_ns) ? INT64_MAX
								   : between_ns;
}

/* How far one stream is in event time; its owner's. */
struct stream_time {
	int64_t newest_ns; /* of what it delivered, or TIME_NONE */
	bool steady;	   /* never idle: a regular file that does not grow */
	bool unread;	   /* more of the source comes behind it, in any order
			      of time: nothing is over before that is read */
	bool partition;	   /* of a topic; see watermark_add_partition() */
	/* The watermark's: */
	bool idle;
	bool listed;
	int64_t silent_since_ns; /* ready */
	struct stream_time *next;
};

struct watermark {
	int64_t lateness_ns;
	int64_t idle_ns;   /* INT64_MAX: never */
	int64_t value_ns;  /* TIME_NONE before the first */
	int64_t newest_ns; /* of all streams, ended ones too, or TIME_NONE */
	struct stream_time *streams;
	const struct stream_time *least; /* who decides now, or NULL */
	bool marked;			 /* there are marks: */
	int64_t marks_least_ns;		 /* see watermark_mark() */
	bool all_idle;
	int64_t idle_from_ns; /* ready, since all are, */
	int64_t idle_base_ns; /* and the watermark then */
};

void watermark_init(struct watermark *watermark, int64_t lateness_ns,
		    int64_t idle_ns);

/* It goes on from an earlier run. */
void watermark_restore(struct watermark *watermark, int64_t value_ns,
		       int64_t newest_ns);

/* A stream is open from now on; again, if it is listed already. */
void watermark_add(struct watermark *watermark, struct stream_time *stream,
		   int64_t ready_ns);
/* The stream, open or not yet, is the partition of a topic. */
void watermark_add_partition(struct watermark *watermark,
			     struct stream_time *stream);

/*
 * How far the marks say that all is: the least of what is not idle, TIME_NONE
 * if that has no time yet, INT64_MAX if all is idle. The first call makes the
 * partitions give way.
 */
void watermark_mark(struct watermark *watermark, int64_t least_ns);

/* A mark told of this time, as watermark_move() does of a record. Follow it
 * with watermark_mark(). */
void watermark_tell(struct watermark *watermark, int64_t time_ns);

/* As watermark_mark(), of marks of an earlier run or of more partitions that
 * are read: it moves nothing, as opening does not. */
void watermark_mark_again(struct watermark *watermark, int64_t least_ns);

/* It has ended for good, and holds nothing back. */
void watermark_remove(struct watermark *watermark, struct stream_time *stream);

/* The stream delivered something. */
void watermark_heard(struct watermark *watermark, struct stream_time *stream,
		     int64_t ready_ns);

/* A record of the stream was dealt with; its time, no later than our clock. */
void watermark_move(struct watermark *watermark, struct stream_time *stream,
		    int64_t time_ns);

/*
 * All sources were asked and had nothing: judges who is idle, and goes on by
 * the clock where all are. now_ns is our clock.
 */
void watermark_wait(struct watermark *watermark, int64_t ready_ns,
		    int64_t now_ns);

/*
 * When (ready) watermark_wait() should be called next for the watermark to
 * reach target_ns, or for a stream to be idle: INT64_MAX: only input can help.
 */
int64_t watermark_due(const struct watermark *watermark, int64_t target_ns);

/* All streams have ended. */
void watermark_end(struct watermark *watermark);

#endif
