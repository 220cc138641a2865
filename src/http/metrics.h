/*
 * metrics: what Prometheus gets: text exposition format 0.0.4.
 */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "base/buffer.h"
#include "http/document.h"

/*
 * Appends what --format prometheus prints of a window, but for the sources. -1:
 * two names are one label, or memory is out.
 */
int metrics_window(struct buffer *out, const struct report_options *options,
		   const struct snapshot *whole,
		   struct error *error) MUST_CHECK;

/* Appends how the sources and the process itself are doing. */
void metrics_process(struct buffer *out, const struct program *program);

#endif
