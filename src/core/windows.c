#include "core/windows.h"

#include "base/column.h"

void windows_init(struct windows *windows, int64_t slide_ns, int64_t span,
		  bool summing, bool tracks, uint32_t mixer)
{
	*windows = (struct windows){
		.slide_ns = slide_ns,
		.span = span,
		.closed = PANE_NONE,
		.tracks = tracks,
		.hot_start_ns = INT64_MAX,
		.hot_end_ns = INT64_MIN,
	};
	panes_init(&windows->panes, summing, tracks, mixer);
	pane_init(&windows->window, summing, mixer);
}

void windows_release(struct windows *windows)
{
	panes_release(&windows->panes);
	pane_release(&windows->window);
	for (size_t i = 0; windows->total_sums && i < windows->capacity; i++)
		sum_clear(&windows->total_sums[i]);
	column_free(windows->totals, windows->totals_bytes);
	column_free(windows->total_sums, windows->total_sums_bytes);
	column_free(windows->is_changed, windows->is_changed_bytes);
	column_free(windows->changed, windows->changed_bytes);
	*windows = (struct windows){0};
}

/* A column for so many groups. */
static int reserve(void **column, size_t *bytes, size_t item, size_t capacity)
{
	return column_reserve(column, bytes, capacity * item);
}

int windows_reserve(struct windows *windows, size_t count)
{
	size_t capacity = windows->capacity ? windows->capacity : 32;

	if (count <= windows->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	if (reserve((void **)&windows->totals, &windows->totals_bytes,
		    sizeof(*windows->totals), capacity) != 0)
		return -1;
	if (windows->panes.summing &&
	    reserve((void **)&windows->total_sums, &windows->total_sums_bytes,
		    sizeof(*windows->total_sums), capacity) != 0)
		return -1;
	if (windows->tracks &&
	    (reserve((void **)&windows->is_changed, &windows->is_changed_bytes,
		     sizeof(*windows->is_changed), capacity) != 0 ||
	     reserve((void **)&windows->changed, &windows->changed_bytes,
		     sizeof(*windows->changed), capacity) != 0))
		return -1;
	windows->capacity = capacity;
	return 0;
}

/* --- panes and time ------------------------------------------------------- */

int64_t windows_pane(const struct windows *windows, int64_t time_ns)
{
	int64_t since_ns = time_ns - windows->origin_ns;
	int64_t pane;

	if (windows->slide_ns == 0)
		return 0;
	pane = since_ns / windows->slide_ns;
	return since_ns % windows->slide_ns < 0 ? pane - 1 : pane;
}

int64_t windows_start(const struct windows *windows, int64_t pane)
{
	int64_t start_ns;

	if (windows->slide_ns == 0)
		return pane <= 0 ? windows->origin_ns : INT64_MAX;
	if (__builtin_mul_overflow(pane, windows->slide_ns, &start_ns) ||
	    __builtin_add_overflow(start_ns, windows->origin_ns, &start_ns))
		return pane < 0 ? INT64_MIN : INT64_MAX;
	return start_ns;
}

void windows_begin(struct windows *windows, int64_t origin_ns, int64_t now_ns)
{
	windows->origin_ns = origin_ns;
	windows->closed = windows_pane(windows, now_ns) + windows->span - 2;
}

static void forget_hot(struct windows *windows)
{
	windows->hot = NULL;
	windows->hot_start_ns = INT64_MAX;
	windows->hot_end_ns = INT64_MIN;
}

/* Do all windows that hold the pane have bounds that a time can be? */
static bool has_bounds(const struct windows *windows, int64_t index)
{
	return windows->slide_ns == 0 ||
	       (windows_start(windows, index + 1 - windows->span) !=
			INT64_MIN &&
		windows_start(windows, index + windows->span) != INT64_MAX);
}

enum windows_room windows_open(struct windows *windows, int64_t time_ns)
{
	int64_t index = windows_pane(windows, time_ns);
	struct pane *pane = panes_find(&windows->panes, index);
	bool waits = index > windows->closed;

	if (!pane) {
		if (windows->panes.count >= PANES_MAX ||
		    windows->panes.counters >= COUNTERS_MAX ||
		    !has_bounds(windows, index))
			return WINDOWS_FULL;
		pane = panes_open(&windows->panes, index, waits);
		if (!pane)
			return WINDOWS_FAILED;
		windows->retained += !waits;
	}
	windows->hot = pane;
	windows->hot_start_ns = windows_start(windows, index);
	windows->hot_end_ns = windows_start(windows, index + 1);
	return WINDOWS_ROOM;
}

bool windows_has_room(const struct windows *windows, uint32_t group)
{
	return windows->panes.counters < COUNTERS_MAX ||
	       pane_count(windows->hot, group) > 0;
}

/* --- counting ------------------------------------------------------------- */

/* Adds to the totals, which change. */
static int add_total(struct windows *windows, uint32_t group, uint64_t orders,
		     const struct sum *amount)
{
	if (amount && sum_add(&windows->total_sums[group], amount) != 0)
		return -1;
	windows->totals[group] += orders;
	windows->total_orders += orders;
	windows_change(windows, group);
	return 0;
}

int windows_add(struct windows *windows, uint32_t group, uint64_t orders,
		const struct sum *amount, uint32_t groups)
{
	struct pane *pane = windows->hot;
	uint32_t used = pane->used;

	if (pane_add(pane, group, orders, amount, groups) != 0)
		return -1;
	windows->panes.counters += pane->used - used;
	if (pane->index > windows->closed)
		return 0;
	if (pane_widen(&windows->window, groups) != 0 ||
	    pane_add(&windows->window, group, orders, amount, groups) != 0)
		return -1;
	return add_total(windows, group, orders, amount);
}

/* --- closing -------------------------------------------------------------- */

int64_t windows_next(const struct windows *windows)
{
	int64_t first;

	if (windows->retained > 0)
		return windows->closed + 1;
	return panes_first(&windows->panes, &first) ? first : PANE_NONE;
}

void windows_pass(struct windows *windows, int64_t pane)
{
	if (pane > windows->closed)
		windows->closed = pane;
}

/* One pane a window: its counters are the window's, and nothing is copied. */
static void move_pane(struct windows *windows, struct pane *pane)
{
	struct pane emptied = windows->window;

	windows->panes.counters -= pane->used;
	windows->window = *pane;
	emptied.index = pane->index;
	emptied.saved = pane->saved;
	*pane = emptied;
	panes_close(&windows->panes, pane);
}

static int add_pane(struct windows *windows, const struct pane *pane,
		    uint32_t groups)
{
	struct counter counter;
	uint32_t at = 0;

	if (pane_widen(&windows->window, groups) != 0)
		return -1;
	while (pane_next(pane, &at, &counter))
		if (pane_add(&windows->window, counter.group, counter.count,
			     counter.sum, groups) != 0)
			return -1;
	windows->retained++;
	return 0;
}

int windows_regather(struct windows *windows, const struct pane *pane,
		     uint32_t groups)
{
	return add_pane(windows, pane, groups);
}

static int add_totals(struct windows *windows, const struct pane *pane)
{
	struct counter counter;
	uint32_t at = 0;

	while (pane_next(pane, &at, &counter))
		if (add_total(windows, counter.group, counter.count,
			      counter.sum) != 0)
			return -1;
	return 0;
}

int windows_gather(struct windows *windows, int64_t pane_index, uint32_t groups)
{
	struct pane *pane = panes_find(&windows->panes, pane_index);
	int64_t first;

	windows->closed = pane_index;
	if (!pane)
		return 0;
	if (panes_first(&windows->panes, &first) && first == pane_index)
		panes_take_first(&windows->panes);
	if (add_totals(windows, pane) != 0)
		return -1;
	if (windows->span > 1)
		return add_pane(windows, pane, groups);
	forget_hot(windows);
	move_pane(windows, pane);
	return 0;
}

/* What cancelled out is there again, and may need memory for that. */
static int subtract_pane(struct windows *windows, const struct pane *pane)
{
	struct pane *window = &windows->window;
	struct counter counter;
	uint32_t at = 0;

	while (pane_next(pane, &at, &counter)) {
		if (counter.sum && sum_subtract(&window->sums[counter.group],
						counter.sum) != 0)
			return -1;
		window->counts[counter.group] -= counter.count;
		window->orders -= counter.count;
	}
	return 0;
}

int windows_drop(struct windows *windows)
{
	struct pane *pane;

	if (windows->span == 1) {
		pane_clear(&windows->window);
		return 0;
	}
	pane = panes_find(&windows->panes, windows->closed - windows->span + 1);
	if (!pane)
		return 0;
	if (pane == windows->hot)
		forget_hot(windows);
	if (subtract_pane(windows, pane) != 0)
		return -1;
	windows->retained--;
	panes_close(&windows->panes, pane);
	return 0;
}

int windows_skip(struct windows *windows, int64_t pane, uint32_t groups)
{
	while (windows->closed < pane && windows_next(windows) != PANE_NONE &&
	       windows_next(windows) <= pane) {
		if (windows_gather(windows, windows_next(windows), groups) !=
			    0 ||
		    windows_drop(windows) != 0)
			return -1;
	}
	windows_pass(windows, pane);
	return 0;
}

void windows_empty(struct windows *windows)
{
	int64_t index;

	while (panes_first(&windows->panes, &index)) {
		struct pane *pane = panes_find(&windows->panes, index);

		panes_take_first(&windows->panes);
		if (pane)
			panes_close(&windows->panes, pane);
	}
	forget_hot(windows);
}

void windows_reopen(struct windows *windows)
{
	windows->closed--;
}

uint64_t windows_open_orders(const struct windows *windows)
{
	const struct pane *pane =
		panes_find(&windows->panes, windows->closed + 1);

	return windows->window.orders + (pane ? pane->orders : 0);
}

/* --- changes of groups ---------------------------------------------------- */

int windows_forget(struct windows *windows, uint32_t group)
{
	struct pane *window = &windows->window;

	if (windows->total_sums) {
		if (sum_add(&windows->total_sums[0],
			    &windows->total_sums[group]) != 0)
			return -1;
		sum_clear(&windows->total_sums[group]);
		/* No pane has any of it left, but it would keep its scale. */
		if (group < window->capacity && !window->places)
			sum_clear(&window->sums[group]);
	}
	windows->totals[0] += windows->totals[group];
	windows->totals[group] = 0;
	windows_change(windows, 0);
	windows_change(windows, group);
	return 0;
}

void windows_settle_changes(struct windows *windows)
{
	for (size_t i = 0; i < windows->changed_count; i++)
		windows->is_changed[windows->changed[i]] = 0;
	windows->changed_count = 0;
}
