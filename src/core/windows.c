#include "core/windows.h"

#include <stdlib.h>
#include <string.h>

void windows_init(struct windows *windows, int64_t length_ns)
{
	*windows = (struct windows){.length_ns = length_ns};
}

void windows_release(struct windows *windows)
{
	free(windows->pane.counts);
	free(windows->totals);
	windows_init(windows, windows->length_ns);
}

static int grow(uint64_t **column, size_t from, size_t to)
{
	uint64_t *grown = realloc(*column, to * sizeof(*grown));

	if (!grown)
		return -1;
	memset(grown + from, 0, (to - from) * sizeof(*grown));
	*column = grown;
	return 0;
}

int windows_reserve(struct windows *windows, size_t count)
{
	size_t capacity = windows->capacity ? windows->capacity : 32;

	if (count <= windows->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	if (grow(&windows->pane.counts, windows->capacity, capacity) != 0 ||
	    grow(&windows->totals, windows->capacity, capacity) != 0)
		return -1;
	windows->capacity = capacity;
	return 0;
}

/* The start of the window that holds this time. */
static int64_t grid_start(const struct windows *windows, int64_t time_ns)
{
	int64_t into_ns = (time_ns - windows->origin_ns) % windows->length_ns;

	if (into_ns < 0)
		into_ns += windows->length_ns;
	return time_ns - into_ns;
}

/* The open window begins at now_ns, on the grid or inside a window of it. */
static void open_window(struct windows *windows, int64_t now_ns)
{
	int64_t start_ns = now_ns;
	int64_t end_ns = INT64_MAX;

	if (windows->length_ns > 0) {
		start_ns = grid_start(windows, now_ns);
		end_ns = start_ns + windows->length_ns;
	}
	windows->open = (struct window){
		.start_ns = now_ns,
		.end_ns = end_ns,
		.partial = now_ns != start_ns || windows->down > 0 ||
			   windows->waiting,
	};
	windows->counted = windows->up > 0;
	windows->began_ns = now_ns;
	windows->ended_ns = now_ns;
}

void windows_begin(struct windows *windows, int64_t now_ns, bool aligned,
		   size_t up, size_t down)
{
	windows->origin_ns = aligned ? 0 : now_ns;
	windows->up = up;
	windows->down = down;
	open_window(windows, now_ns);
}

void windows_source_up(struct windows *windows, int64_t now_ns)
{
	windows->down--;
	windows->up++;
	if (!windows->counted) {
		windows->counted = true;
		windows->began_ns = now_ns;
	}
}

void windows_source_ended(struct windows *windows, int64_t now_ns)
{
	windows->up--;
	if (windows->up > 0)
		return;
	windows->ended_ns = now_ns;
	/* One that was up for no time does not give a window an empty span. */
	if (now_ns == windows->began_ns)
		windows->counted = false;
}

void windows_source_down(struct windows *windows, int64_t now_ns)
{
	windows_source_ended(windows, now_ns);
	windows_source_hurt(windows);
}

void windows_source_hurt(struct windows *windows)
{
	windows->down++;
	windows->open.partial = true;
}

void windows_wait(struct windows *windows, bool waiting)
{
	windows->waiting = waiting;
	if (waiting)
		windows->open.partial = true;
}

int64_t windows_end(const struct windows *windows)
{
	return windows->open.end_ns;
}

struct window windows_bounds(const struct windows *windows, int64_t end_ns)
{
	struct window window = windows->open;

	window.partial = window.partial || end_ns != window.end_ns;
	window.end_ns = end_ns;
	if (windows->counted) {
		window.start_ns = windows->began_ns;
		if (windows->up == 0)
			window.end_ns = windows->ended_ns;
	}
	return window;
}

static void settle_pane(struct windows *windows, size_t group_count)
{
	for (size_t i = 0; i < group_count; i++)
		windows->totals[i] += windows->pane.counts[i];
	memset(windows->pane.counts, 0,
	       group_count * sizeof(*windows->pane.counts));
	windows->total_orders += windows->pane.orders;
	windows->pane.orders = 0;
}

uint64_t windows_next(struct windows *windows, int64_t now_ns,
		      size_t group_count)
{
	int64_t passed_ns;

	settle_pane(windows, group_count);
	passed_ns = windows->open.end_ns;
	open_window(windows, now_ns);
	if (windows->length_ns == 0)
		return 0;
	passed_ns = grid_start(windows, now_ns) - passed_ns;
	return passed_ns > 0 ? (uint64_t)(passed_ns / windows->length_ns) : 0;
}
