/*
 * aggregated: a record into which a producer packed several. Pure.
 *
 * Source: Amazon Kinesis Producer Library, aggregation-format: four bytes F3 89
 * 9A C2, a protocol buffer, and the MD5 of that. In the buffer field 3 is a
 * record, whose field 3 is its data; fields that are not known are passed over.
 */
#ifndef KINESIS_AGGREGATED_H
#define KINESIS_AGGREGATED_H

#include "base/error.h"
#include "base/span.h"

/* The records in it; the caller's storage, which may be used again: {0}. */
struct aggregate {
	struct span *records; /* in the bytes that were read */
	size_t count;
	size_t capacity;
};

/*
 * 1: the bytes are such a record, and what is in it is listed, be it nothing.
 * 0: they are not, or not whole: a message like any other. -1: memory is out.
 */
int aggregate_read(struct aggregate *aggregate, struct span bytes) MUST_CHECK;
void aggregate_release(struct aggregate *aggregate);

#endif
