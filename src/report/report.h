/*
 * report: a snapshot becomes bytes, a slice at a time.
 *
 * With `live` a table is a frame: it begins at the top of the terminal, which
 * the first one clears by scrolling what stands there up, and takes the place
 * of the one before. The last line of the terminal is never used, and the
 * cursor ends below the table. Rows that have no room are said as a number.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/rfc3339.h"
#include "core/key.h"
#include "core/snapshot.h"

enum report_format {
	FORMAT_TABLE,
	FORMAT_TSV,
	FORMAT_CSV,
	FORMAT_JSON,
	FORMAT_PROMETHEUS,
};

/* Of a source that is not said to be behind anything. */
#define BEHIND_UNKNOWN (-1)

/* A source, as prometheus shows it, and the table. */
struct report_source {
	const char *name;
	bool up;
	int64_t behind_ms; /* its newest record, as its service says */
};

struct report_options {
	enum report_format format;
	/* The FIELDs as typed, borrowed; at most KEY_FIELDS_MAX. With --merge
	 * they may be set before any report_begin(): while there are none, no
	 * row has a key but (other), which stands in a column `key`. */
	const char *const *key_names;
	size_t key_count;
	int64_t slide_ns; /* 0: windows do not slide */
	bool live; /* table: each replaces the one before on the terminal */
	/* live: height of the terminal, 0: 24; set as columns is. */
	unsigned lines;
	/* live: so many lines below the table are for what comes after it, as
	 * far as half of the terminal goes; set as columns is. */
	unsigned lines_below;
	const char *version; /* prometheus: of the program */
	/* prometheus; borrowed, `up` may change between windows. NULL: they are
	 * left out. */
	const struct report_source *sources;
	size_t source_count;
	bool header;	  /* tsv, csv */
	bool summary;	  /* table shows it always */
	bool local_time;  /* with offset; else UTC, Z */
	bool color;	  /* table */
	bool unicode;	  /* table: bars may use block characters */
	unsigned columns; /* table: width of the terminal, 0: 80; set before
			     each report_begin(). Below 20 counts as 20. */
};

/* What the table's columns take in the window being written. */
struct table_layout {
	size_t key_widths[KEY_FIELDS_MAX];
	size_t key_columns; /* that have room; the others are left out */
	size_t count_width;
	size_t total_width;	/* 0: left out */
	size_t sum_width;	/* 0: left out, or there is none */
	size_t total_sum_width; /* likewise */
	bool shares;
	size_t bar_width; /* of the largest count; 0: no bars */
	uint64_t largest;
};

struct report {
	struct report_options options;
	const struct snapshot *snapshot; /* being written, or NULL */
	size_t next_row;
	size_t row_end; /* the rows behind it are left out */
	unsigned pass;	/* over the rows; there are so many: */
	unsigned passes;
	bool opened;	 /* what stands before its rows was written */
	bool header_due; /* the next window begins with a header */
	char start[RFC3339_SIZE];
	char end[RFC3339_SIZE];
	char times[2 * RFC3339_SIZE]; /* tsv, csv: both, as rows begin */
	size_t times_size;
	/* table */
	struct table_layout layout;
	bool follows;	    /* another window stands above */
	bool rest_shown;    /* live: there is a line for rows left out */
	bool day_shown;	    /* the two below say which was shown last */
	int64_t day_number; /* see struct civil_time */
	int offset_min;
};

void report_init(struct report *report, const struct report_options *options);

/* The output was opened anew: an empty file wants a header again. */
void report_restart(struct report *report, bool empty);

/* Begins a window; the snapshot is borrowed until report_slice() is done. */
void report_begin(struct report *report, const struct snapshot *snapshot);

/*
 * Appends about `slice` bytes of the window (at least one row) to out. Returns
 * true while there is more. After the last slice, or when out failed, the
 * snapshot is let go.
 */
bool report_slice(struct report *report, struct buffer *out, size_t slice);

/* What stands before the lines of a family, as prometheus has it. */
void report_append_family(struct buffer *out, const char *name,
			  const char *type, const char *help);

/*
 * What prometheus shows of the sources, by itself. Of several with one name it
 * says whether all of them are up.
 */
void report_append_sources(struct buffer *out,
			   const struct report_source *sources, size_t count);

#endif
