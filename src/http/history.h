/*
 * history: the windows that are kept, as the events that they were.
 *
 * Windows are numbered from 1 on, and some may be missing; an event's id is
 * RUN-NUMBER, where RUN is another one each time the program starts.
 */
#ifndef HTTP_HISTORY_H
#define HTTP_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "http/blob.h"

#define RUN_SIZE 17 /* with its NUL */

struct history {
	char run[RUN_SIZE];
	struct kept {
		struct blob *event;
		struct span document; /* in the event's bytes */
	} * windows;		      /* a ring of so many: */
	size_t keep;
	uint64_t newest; /* number of it; 0: there is none */
};

/* -1: memory is out; release it all the same. */
int history_init(struct history *history, const char *run,
		 size_t keep) MUST_CHECK;
void history_release(struct history *history);

/*
 * A window with a higher number; its document stands in the event, which is
 * taken over.
 */
void history_add(struct history *history, uint64_t number, struct blob *event,
		 struct span document);

/* The number of the oldest that can be kept; newest + 1 when there is none. */
uint64_t history_oldest(const struct history *history);

/* A window, from the oldest to the newest; NULL: it is missing. */
const struct kept *history_window(const struct history *history,
				  uint64_t number);

/*
 * The number that comes after the event of that id. All that are kept come
 * after one of another run, or after one that is not kept any more.
 */
uint64_t history_after(const struct history *history, const char *id);

#endif
