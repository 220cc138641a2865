#include "report/headline.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "report/cells.h"
#include "report/live.h"

#define INDENT	   2 /* of the lines that the headline goes on in */
#define PIECES_MAX 12

/* Who is nearer to a source's newest record is not behind: it was asked for
 * that a moment ago. */
#define BEHIND_LEAST_MS 1000

#define COLOR_RED    "\033[31m"
#define COLOR_YELLOW "\033[33m"

/* What is not broken across lines. */
struct piece {
	char text[256]; /* ASCII, but for the dash between two times */
	const char *color;
	bool close; /* one space from the piece before */
};

struct headline {
	struct piece pieces[PIECES_MAX];
	size_t count;
};

static struct piece *headline_add(struct headline *headline, const char *color)
{
	struct piece *piece = &headline->pieces[headline->count++];

	*piece = (struct piece){.color = color};
	return piece;
}

static void headline_count(struct headline *headline, const char *color,
			   uint64_t count, const char *what)
{
	struct piece *piece;

	if (count == 0)
		return;
	piece = headline_add(headline, color);
	snprintf(piece->text, sizeof(piece->text), "%" PRIu64 " %s", count,
		 what);
}

/* Columns, not bytes. */
static size_t piece_width(const struct piece *piece)
{
	size_t width = 0;

	for (const char *at = piece->text; *at != '\0'; at++)
		width += ((unsigned char)*at & 0xc0) != 0x80;
	return width;
}

/* A part of the times: the parts stand close together. */
static void headline_text(struct headline *headline, const char *text)
{
	struct piece *piece = headline_add(headline, NULL);

	snprintf(piece->text, sizeof(piece->text), "%s", text);
	piece->close = true;
}

static void headline_date(struct headline *headline,
			  const struct civil_time *time)
{
	char text[48];

	snprintf(text, sizeof(text), "%04d-%02u-%02u", time->year, time->month,
		 time->day);
	headline_text(headline, text);
}

/* A time of day, with thousandths where there are any. */
static void headline_time(struct headline *headline,
			  const struct civil_time *time, const char *dash)
{
	char fraction[16] = "";
	char text[64];
	unsigned thousandths = time->microsecond / 1000;

	if (thousandths > 0) {
		int size = snprintf(fraction, sizeof(fraction), ".%03u",
				    thousandths);

		while (fraction[size - 1] == '0')
			fraction[--size] = '\0';
	}
	snprintf(text, sizeof(text), "%02u:%02u:%02u%s%s", time->hour,
		 time->minute, time->second, fraction, dash);
	headline_text(headline, text);
}

static void headline_zone(struct headline *headline,
			  const struct report *report,
			  const struct civil_time *time)
{
	int offset = time->offset_min;
	unsigned minutes = (unsigned)(offset < 0 ? -offset : offset);
	char text[32] = "UTC";

	if (report->options.local_time)
		snprintf(text, sizeof(text), "%c%02u:%02u",
			 offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
	headline_text(headline, text);
}

/* Date and zone stand where they are not those of the window above. */
static void headline_times(struct report *report, struct headline *headline)
{
	const struct snapshot *snapshot = report->snapshot;
	bool local = report->options.local_time;
	struct civil_time start, end;
	bool is_new;

	civil_time_of(&start, snapshot->start_ns, local);
	civil_time_of(&end, snapshot->end_ns, local);
	is_new = !report->day_shown || report->day_number != start.day_number ||
		 report->offset_min != start.offset_min;
	if (is_new)
		headline_date(headline, &start);
	headline_time(headline, &start,
		      report->options.unicode ? " \xe2\x80\x93" : " -");
	/* Midnight is the next day's, but ends this one. */
	if (end.day_number > start.day_number + 1 ||
	    (end.day_number == start.day_number + 1 &&
	     end.hour + end.minute + end.second + end.microsecond > 0))
		headline_date(headline, &end);
	headline_time(headline, &end, "");
	if (is_new)
		headline_zone(headline, report, &start);
	report->day_shown = true;
	report->day_number = start.day_number;
	report->offset_min = start.offset_min;
}

/* In the unit in which it is not below 1, if there is one. */
static void headline_rate(const struct snapshot *snapshot,
			  struct headline *headline)
{
	static const struct {
		double seconds;
		const char *name;
	} units[] = {{1, "s"}, {60, "min"}, {3600, "h"}};
	double length = (double)(snapshot->end_ns - snapshot->start_ns) / 1e9;
	double rate;
	struct piece *piece;
	size_t unit = 0;

	if (length <= 0 || snapshot->orders == 0)
		return;
	rate = (double)snapshot->orders / length;
	while (unit < 2 && rate * units[unit].seconds < 0.95)
		unit++;
	rate *= units[unit].seconds;
	piece = headline_add(headline, NULL);
	snprintf(piece->text, sizeof(piece->text),
		 rate < 99.95 ? "%.1f/%s" : "%.0f/%s", rate, units[unit].name);
}

/* Appends " (invalid_json 2, missing_key 1)". */
static void add_reasons(struct piece *piece, const struct tallies *tallies)
{
	size_t size = strlen(piece->text);
	const char *separator = " (";

	for (unsigned i = 0; i < REJECT_REASONS; i++) {
		if (tallies->rejected[i] == 0)
			continue;
		size += (size_t)snprintf(
			piece->text + size, sizeof(piece->text) - size,
			"%s%s %" PRIu64, separator,
			reject_reason_name((enum reject_reason)i),
			tallies->rejected[i]);
		separator = ", ";
	}
	snprintf(piece->text + size, sizeof(piece->text) - size, ")");
}

/* How far the source is behind that is furthest. */
static void headline_behind(const struct report *report,
			    struct headline *headline)
{
	struct buffer text = {0};
	int64_t behind_ms = 0;
	struct piece *piece;

	for (size_t i = 0; i < report->options.source_count; i++)
		if (report->options.sources[i].behind_ms > behind_ms)
			behind_ms = report->options.sources[i].behind_ms;
	if (behind_ms < BEHIND_LEAST_MS)
		return;
	duration_append(&text, behind_ms / 1000 * NS_PER_S);
	buffer_append_text(&text, " behind");
	buffer_append_char(&text, '\0');
	if (!text.failed) {
		piece = headline_add(headline, COLOR_YELLOW);
		snprintf(piece->text, sizeof(piece->text), "%s", text.data);
	}
	buffer_release(&text);
}

/* Columns before the piece: none at the start. */
static size_t gap_before(const struct headline *headline, size_t i, size_t gap)
{
	if (i == 0)
		return 0;
	return headline->pieces[i].close ? 1 : gap;
}

static size_t headline_width(const struct headline *headline, size_t gap)
{
	size_t width = 0;

	for (size_t i = 0; i < headline->count; i++)
		width += gap_before(headline, i, gap) +
			 piece_width(&headline->pieces[i]);
	return width;
}

/* Pieces that do not fit go on in the next line. */
static void headline_write(const struct report *report,
			   const struct headline *headline, size_t columns,
			   struct buffer *out)
{
	size_t gap = headline_width(headline, 3) <= columns ? 3 : 2;
	size_t used = 0;

	for (size_t i = 0; i < headline->count; i++) {
		const struct piece *piece = &headline->pieces[i];
		bool colored = piece->color && report->options.color;
		size_t width = piece_width(piece);
		size_t before = gap_before(headline, i, gap);

		if (used + before + width > columns && used > 0) {
			live_end_line(report, out);
			used = 0;
			before = INDENT;
		}
		cell_append_spaces(out, before);
		if (colored)
			buffer_append_text(out, piece->color);
		buffer_append_text(out, piece->text);
		if (colored)
			buffer_append_text(out, COLOR_OFF);
		used += before + width;
	}
	live_end_line(report, out);
}

/* The reasons stand there if they fit into the line. */
static void headline_rejected(struct headline *headline, struct piece *rejected,
			      const struct tallies *tallies, size_t columns)
{
	struct piece without = *rejected;

	add_reasons(rejected, tallies);
	if (headline_width(headline, 3) > columns)
		*rejected = without;
}

void headline_append(struct report *report, size_t columns, struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const struct tallies *tallies = &snapshot->tallies;
	struct headline headline = {.count = 0};
	struct piece *rejected;
	struct piece *orders;

	headline_times(report, &headline);
	orders = headline_add(&headline, NULL);
	snprintf(orders->text, sizeof(orders->text), "%" PRIu64 " order%s",
		 snapshot->orders, snapshot->orders == 1 ? "" : "s");
	headline_rate(snapshot, &headline);
	rejected = &headline.pieces[headline.count];
	headline_count(&headline, COLOR_RED, tallies_rejected(tallies),
		       "rejected");
	headline_count(&headline, COLOR_YELLOW, tallies->late, "late");
	headline_count(&headline, NULL, tallies->filtered, "filtered");
	headline_behind(report, &headline);
	if (snapshot->partial) {
		struct piece *partial = headline_add(&headline, COLOR_DIM);

		snprintf(partial->text, sizeof(partial->text), "partial");
	}
	if (tallies_rejected(tallies) > 0)
		headline_rejected(&headline, rejected, tallies, columns);
	headline_write(report, &headline, columns, out);
}
