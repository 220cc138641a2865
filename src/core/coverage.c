#include "core/coverage.h"

#include <stdlib.h>

int coverage_init(struct coverage *coverage, int64_t pane_ns, int64_t panes,
		  struct error *error)
{
	*coverage = (struct coverage){.pane_ns = pane_ns, .size = panes + 1};
	coverage->ring =
		calloc((size_t)coverage->size, sizeof(*coverage->ring));
	return coverage->ring ? 0 : error_set(error, "out of memory");
}

void coverage_release(struct coverage *coverage)
{
	free(coverage->ring);
	*coverage = (struct coverage){0};
}

int64_t coverage_pane(const struct coverage *coverage, int64_t time_ns)
{
	int64_t since_ns = time_ns - coverage->origin_ns;
	int64_t pane;

	if (coverage->pane_ns == 0)
		return 0;
	pane = since_ns / coverage->pane_ns;
	return since_ns % coverage->pane_ns < 0 ? pane - 1 : pane;
}

int64_t coverage_start(const struct coverage *coverage, int64_t pane)
{
	/* The one pane of `all` begins with the run and has no end. */
	if (coverage->pane_ns == 0)
		return pane <= 0 ? coverage->origin_ns : INT64_MAX;
	return coverage->origin_ns + pane * coverage->pane_ns;
}

static struct covered *covered_at(const struct coverage *coverage, int64_t pane)
{
	int64_t place = pane % coverage->size;

	return &coverage->ring[place < 0 ? place + coverage->size : place];
}

static void disturb(struct coverage *coverage)
{
	coverage->disturbed = coverage->open;
}

/* Had the input to wait between these times? */
static bool has_waited(const struct coverage *coverage, int64_t from_ns,
		       int64_t to_ns)
{
	return coverage->waited_from_ns < coverage->waited_until_ns &&
	       coverage->waited_from_ns < to_ns &&
	       from_ns < coverage->waited_until_ns;
}

/* A pane begins to be counted in, in time or inside. */
static void open_pane(struct coverage *coverage, int64_t pane, int64_t now_ns)
{
	struct covered *covered = covered_at(coverage, pane);

	coverage->open = pane;
	*covered = (struct covered){
		.partial = now_ns != coverage_start(coverage, pane) ||
			   coverage->down > 0 ||
			   has_waited(coverage, now_ns,
				      coverage_start(coverage, pane + 1)),
		.counted = coverage->up > 0,
		.opened_ns = now_ns,
		.began_ns = now_ns,
		.ended_ns = now_ns,
	};
	if (covered->partial || !covered->counted)
		disturb(coverage);
}

/* The open pane is over; a source that is up was so to its end. */
static void end_pane(struct coverage *coverage, int64_t now_ns)
{
	if (coverage->up > 0)
		covered_at(coverage, coverage->open)->ended_ns = now_ns;
}

void coverage_begin(struct coverage *coverage, int64_t origin_ns,
		    int64_t now_ns, size_t up, size_t down)
{
	coverage->origin_ns = origin_ns;
	coverage->up = up;
	coverage->down = down;
	coverage->first = coverage_pane(coverage, now_ns);
	coverage->disturbed = coverage->first - 1;
	open_pane(coverage, coverage->first, now_ns);
}

void coverage_reach(struct coverage *coverage, int64_t now_ns)
{
	int64_t pane = coverage_pane(coverage, now_ns);

	/* What is so long ago that no window holds it need not be walked. */
	if (pane - coverage->open > coverage->size) {
		end_pane(coverage,
			 coverage_start(coverage, coverage->open + 1));
		open_pane(coverage, pane - coverage->size,
			  coverage_start(coverage, pane - coverage->size));
	}
	while (coverage->open < pane) {
		int64_t end_ns = coverage_start(coverage, coverage->open + 1);

		end_pane(coverage, end_ns);
		open_pane(coverage, coverage->open + 1, end_ns);
	}
}

void coverage_source_up(struct coverage *coverage, int64_t now_ns)
{
	struct covered *covered;

	if (!coverage->ring)
		return;
	covered = covered_at(coverage, coverage->open);
	coverage->down--;
	coverage->up++;
	if (covered->counted)
		return;
	covered->counted = true;
	covered->began_ns = now_ns;
}

void coverage_source_ended(struct coverage *coverage, int64_t now_ns)
{
	struct covered *covered;

	if (!coverage->ring)
		return;
	covered = covered_at(coverage, coverage->open);
	coverage->up--;
	if (coverage->up > 0)
		return;
	disturb(coverage);
	covered->ended_ns = now_ns;
	/* One that was up for no time does not give a window an empty span. */
	if (now_ns == covered->began_ns)
		covered->counted = false;
}

void coverage_source_down(struct coverage *coverage, int64_t now_ns)
{
	coverage_source_ended(coverage, now_ns);
	coverage_source_hurt(coverage);
}

void coverage_source_hurt(struct coverage *coverage)
{
	if (!coverage->ring)
		return;
	coverage->down++;
	covered_at(coverage, coverage->open)->partial = true;
	disturb(coverage);
}

void coverage_wait(struct coverage *coverage, bool waiting, int64_t now_ns)
{
	int64_t open = coverage->open;

	if (!coverage->ring)
		return;
	if (!waiting) {
		coverage->waited_until_ns = now_ns;
		return;
	}
	/* Of an earlier wait that panes to be opened lie in, what is between
	 * the two is not told apart from them. */
	if (!has_waited(coverage, coverage_start(coverage, open + 1),
			INT64_MAX))
		coverage->waited_from_ns = now_ns;
	coverage->waited_until_ns = INT64_MAX;
	if (now_ns >= coverage_start(coverage, open + 1))
		return;
	covered_at(coverage, open)->partial = true;
	disturb(coverage);
}

void coverage_cut(struct coverage *coverage, int64_t from_ns, int64_t to_ns)
{
	int64_t pane = coverage_pane(coverage, to_ns);
	struct covered *covered = covered_at(coverage, coverage->open);
	size_t up = coverage->up;

	end_pane(coverage, from_ns);
	covered->partial = true;
	disturb(coverage);
	/* One pane a window: what was counted before the cut is printed. With
	 * more, the pane is still part of windows to come. */
	if (pane == coverage->open && coverage->size > 2)
		return;
	/* In the panes in between none was up. */
	coverage->up = 0;
	if (pane > coverage->open)
		coverage_reach(coverage, coverage_start(coverage, pane));
	coverage->up = up;
	open_pane(coverage, pane, to_ns);
	covered_at(coverage, pane)->partial = true;
	disturb(coverage);
}

/* Where the counting began in these panes, where it ended, as far as it did. */
static void trim(const struct coverage *coverage, int64_t first, int64_t last,
		 struct window *window)
{
	int64_t at = first;
	const struct covered *covered;

	while (at <= last && !covered_at(coverage, at)->counted)
		at++;
	if (at > last)
		return;
	window->start_ns = covered_at(coverage, at)->began_ns;
	if (last == coverage->open && coverage->up > 0)
		return;
	at = last;
	while (!covered_at(coverage, at)->counted)
		at--;
	covered = covered_at(coverage, at);
	if (covered->ended_ns < window->end_ns)
		window->end_ns = covered->ended_ns;
}

struct window coverage_window(const struct coverage *coverage, int64_t first,
			      int64_t last, int64_t end_ns)
{
	struct window window = {
		.start_ns = coverage_start(coverage, first),
		.end_ns = end_ns,
		.partial = end_ns != coverage_start(coverage, last + 1),
	};

	if (first < coverage->first)
		first = coverage->first;
	if (last > coverage->open)
		last = coverage->open;
	if (coverage->disturbed < first)
		return window;
	/* What was before a cut is in the window that the cut ended. */
	window.start_ns = covered_at(coverage, first)->opened_ns;
	for (int64_t at = first; at <= last && !window.partial; at++)
		window.partial = covered_at(coverage, at)->partial;
	trim(coverage, first, last, &window);
	return window;
}
