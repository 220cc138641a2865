#include "http/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

int history_init(struct history *history, const char *run, size_t keep)
{
	*history = (struct history){.keep = keep};
	strncpy(history->run, run, RUN_SIZE - 1);
	history->windows = calloc(keep, sizeof(*history->windows));
	return history->windows ? 0 : -1;
}

void history_release(struct history *history)
{
	for (size_t i = 0; history->windows && i < history->keep; i++)
		blob_drop(history->windows[i].event);
	free(history->windows);
	history->windows = NULL;
}

static struct kept *place(const struct history *history, uint64_t number)
{
	return &history->windows[(number - 1) % history->keep];
}

void history_add(struct history *history, uint64_t number, struct blob *event,
		 struct span document)
{
	uint64_t missing = history->newest + 1;

	if (missing + history->keep < number)
		missing = number - history->keep;
	for (; missing < number; missing++) {
		struct kept *gone = place(history, missing);

		blob_drop(gone->event);
		gone->event = NULL;
	}
	blob_drop(place(history, number)->event);
	*place(history, number) = (struct kept){event, document};
	history->newest = number;
}

uint64_t history_oldest(const struct history *history)
{
	return history->newest > history->keep
		       ? history->newest - history->keep + 1
		       : 1;
}

const struct kept *history_window(const struct history *history,
				  uint64_t number)
{
	const struct kept *kept = place(history, number);

	return kept->event ? kept : NULL;
}

uint64_t history_after(const struct history *history, const char *id)
{
	uint64_t oldest = history_oldest(history);
	size_t size = strlen(history->run);
	struct error ignored;
	uint64_t number;

	if (strncmp(id, history->run, size) != 0 || id[size] != '-' ||
	    count_parse(id + size + 1, 0, &number, &ignored) != 0 ||
	    number < oldest || number > history->newest)
		return oldest;
	return number + 1;
}
