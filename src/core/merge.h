/*
 * merge: a line that is a row which ordercount wrote (--format json) becomes
 * the orders that it stands for, or the reason why not.
 *
 * A row is {"start":TIME,"end":TIME,"partial":BOOL,"key":{..},"count":N,..} and
 * perhaps "sum"; other fields do not matter. A null key is that of (other). The
 * first row that counts fixes whether there are sums, the first with a key the
 * names of its fields, and the first whole one the length of the windows,
 * unless it was given. Rows that come before that are for the caller to keep.
 *
 * What members of a group publish are rows without "total", called deltas, and
 * lines that are no rows: marks (see marks.h) and tallies:
 *
 *     {"source":NAME,"partition":N,"of":N,"from":N,"to":N,"newest":TIME,
 *      "idle":BOOL,"partials":N,"sources":N,"query":HASH}
 *     {"tallies":{"read":N,"counted":N,"rejected":{REASON:N,..},"filtered":N,
 *      "late":N},"query":HASH}
 *
 * HASH is 16 digits of lower case hex; from and to, and newest, may be null.
 *
 *     merge.c       rows
 *     merge_news.c  marks and tallies
 */
#ifndef CORE_MERGE_H
#define CORE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/fields.h"
#include "core/json.h"
#include "core/marks.h"
#include "core/record.h"

struct merge {
	int64_t window_ns; /* 0: the first whole row is to say it */
	char *key_names[KEY_FIELDS_MAX]; /* owned */
	size_t key_count;     /* 0: the first row with a key is to say them */
	bool summing;	      /* the first row had a sum */
	bool sums_fixed;      /* there was a first row */
	struct fields fields; /* of what stands around the key */
	struct json_value *values; /* one a slot */
	size_t object_at;	   /* where the line's object begins */
	bool has_total;		   /* the row that counts is no delta */
	char *unescaped;	   /* KEY_PART_MAX bytes a key field */
	struct buffer scratch;	   /* a time, unescaped */
	struct record record;	   /* of the line judged last */
};

/*
 * window_ns: 0 where the first whole row decides. -1: memory is out; release it
 * all the same.
 */
int merge_init(struct merge *merge, int64_t window_ns,
	       struct error *error) MUST_CHECK;
void merge_release(struct merge *merge);

/*
 * It goes on from an earlier run, which knew this much (key_count 0: no names
 * yet). -1: memory is out.
 */
int merge_restore(struct merge *merge, int64_t window_ns, bool summing,
		  const struct span *key_names, size_t key_count) MUST_CHECK;

enum merge_step {
	MERGE_JUDGED, /* *verdict and merge->record say what the line is */
	/*
	 * The line is a row that counts, but is partial, and how long windows
	 * are is not known yet: judge it again once merge->window_ns is set.
	 */
	MERGE_LATER,
	/* It is no row, and not judged: see merge_read_mark(), */
	MERGE_MARK,
	MERGE_TALLIES, /* and merge_read_tallies(). */
};

/*
 * Judges one line (without LF, an LF behind it). The record's time is the
 * row's start. A summary row is filtered. latest_ns as for order_judge().
 *
 * too long to be of the window that holds its start, or of a sliding window:
 * bad_time; other key names: missing_key; a count or sum that is none:
 * bad_number. Windows start at multiples of window_ns since 1970.
 */
enum merge_step merge_judge(struct merge *merge, struct span line,
			    int64_t latest_ns,
			    enum record_verdict *verdict) MUST_CHECK;

/*
 * What the line says that merge_judge() just called a mark. Not RECORD_COUNTS:
 * it is a bad one, to be rejected as a record: a field that is not there is
 * missing_key, a source that is no name bad_key, a newest time that is none
 * bad_time, anything else bad_number. The source is borrowed until the next
 * line.
 */
enum record_verdict merge_read_mark(struct merge *merge, struct span line,
				    struct member_mark *mark) MUST_CHECK;

/* The same of tallies, and of which query they are. */
enum record_verdict merge_read_tallies(struct merge *merge, struct span line,
				       struct tallies *tallies,
				       uint64_t *query) MUST_CHECK;

#endif
