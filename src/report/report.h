/*
 * report: a snapshot becomes bytes, a slice at a time.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "core/snapshot.h"

enum report_format { FORMAT_TABLE, FORMAT_TSV, FORMAT_CSV, FORMAT_JSON };

struct report_options {
	enum report_format format;
	const char *const *key_names; /* the FIELDs as typed; borrowed */
	size_t key_count;
	bool header;	  /* tsv, csv */
	bool summary;	  /* table shows it always */
	bool local_time;  /* with offset; else UTC, Z */
	bool color;	  /* table */
	bool unicode;	  /* table: bars may use block characters */
	unsigned columns; /* table: width of the terminal; set before each
			     report_begin() */
};

struct report {
	struct report_options options;
	const struct snapshot *snapshot; /* being written, or NULL */
	size_t next_row;
	bool header_due; /* the next window begins with a header */
	/* table: what report_begin() measured */
	size_t key_widths[16];
	size_t count_width;
	size_t total_width;
	bool bars;
};

void report_init(struct report *report, const struct report_options *options);

/* The output was opened anew: an empty file wants a header again. */
void report_restart(struct report *report, bool empty);

/* Begins a window; the snapshot is borrowed until report_slice() is done. */
void report_begin(struct report *report, const struct snapshot *snapshot);

/*
 * Appends about `slice` bytes of the window (at least one row) to out. Returns
 * true while there is more. After the last slice the snapshot is let go.
 */
bool report_slice(struct report *report, struct buffer *out, size_t slice);

#endif
