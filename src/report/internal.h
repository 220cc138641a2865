/*
 * internal: what the formats offer to `report`, and to nobody else.
 *
 * open() appends what stands before a window's rows, row() one of them,
 * close() what stands behind them. open() may lower report->row_end, and raise
 * report->passes: the rows are gone through so often, and pass() appends what
 * stands before them each time. Each but row() may be NULL.
 */
#ifndef REPORT_INTERNAL_H
#define REPORT_INTERNAL_H

#include "base/buffer.h"
#include "report/report.h"

struct report_writer {
	void (*open)(struct report *report, struct buffer *out);
	void (*pass)(const struct report *report, struct buffer *out);
	void (*row)(const struct report *report, const struct row *row,
		    struct buffer *out);
	void (*close)(const struct report *report, struct buffer *out);
};

extern const struct report_writer delimited_writer; /* tsv and csv */
extern const struct report_writer json_writer;
extern const struct report_writer prometheus_writer;
extern const struct report_writer table_writer;

/* A row's two sums, behind the last row those of all orders. */
enum sum_kind { SUM_WINDOW, SUM_TOTAL };

/* Appends a sum of a row; the snapshot has sums. */
void report_append_sum(const struct report *report, size_t row,
		       enum sum_kind kind, struct buffer *out);

/* Appends seconds, with the digits behind the point that it takes. */
void report_append_seconds(struct buffer *out, int64_t time_ns);

#endif
