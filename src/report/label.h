/*
 * label: names and values of labels, as Prometheus takes them.
 */
#ifndef REPORT_LABEL_H
#define REPORT_LABEL_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

/*
 * Appends the label name of a FIELD: each character but A-Z, a-z, 0-9 and _
 * becomes _, and so does an empty name. What then begins with a digit, or is
 * `le`, `quantile` or `__name__`, which mean something else to Prometheus,
 * gets one more _ before it. Two FIELDs may have the same label name.
 */
void label_append_name(struct buffer *out, const char *name);

/* -1: two of the FIELDs have one label name, or memory is out. */
int label_check_names(const char *const *names, size_t count,
		      struct error *error) MUST_CHECK;

/*
 * Appends text as it stands in the quotes of a label value, where only \, " and
 * newline are escaped. What is not UTF-8 becomes U+FFFD, a byte at a time.
 */
void label_append_value(struct buffer *out, struct span text);

#endif
