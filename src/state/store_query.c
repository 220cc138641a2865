/*
 * Is a state of this query? Both are lines of "NAME=VALUE", the values escaped
 * as tsv does.
 */
#include <stdlib.h>
#include <string.h>

#include "core/filter.h"
#include "core/keytext.h"
#include "state/store_parts.h"

#define SHOWN_BYTES 200 /* of a line of a query, in a message */

#define KEY   "key="
#define WHERE "where="

/* No value has a tab in it, but they may have commas. */
#define BETWEEN_KEYS "\t"

/* Takes a line, without its newline, off the front. */
static struct span take_line(struct span *text)
{
	const char *end =
		text->size ? memchr(text->data, '\n', text->size) : NULL;
	size_t size = end ? (size_t)(end - text->data) : text->size;
	struct span line = span_make(text->data, size);
	size_t taken = size + (end != NULL);

	*text = span_make(text->data + taken, text->size - taken);
	return line;
}

static bool begins_with(struct span line, const char *name)
{
	size_t size = strlen(name);

	return line.size >= size && memcmp(line.data, name, size) == 0;
}

static bool has_line(struct span text, struct span line)
{
	while (text.size > 0)
		if (span_equal(take_line(&text), line))
			return true;
	return false;
}

/* --- as this version writes it -------------------------------------------- */

/*
 * Appends the condition as filter_describe() spells it: an earlier version kept
 * it as the user had. What is none stays as it is.
 */
static void append_condition(struct buffer *out, struct span escaped)
{
	struct buffer text = {0};
	struct buffer again = {0};
	struct filter filter;
	struct error ignored;

	if (keytext_unescape_tsv(&text, escaped) == 0) {
		buffer_append_char(&text, '\0');
		if (!text.failed &&
		    filter_parse(&filter, text.data, &ignored) == 0) {
			filter_describe(&filter, &again);
			filter_release(&filter);
		}
	}
	if (again.size > 0)
		keytext_escape_tsv(out, buffer_span(&again));
	else
		buffer_append_span(out, escaped);
	out->failed |= text.failed || again.failed;
	buffer_release(&text);
	buffer_release(&again);
}

/* One that is there twice says no more than once. */
static void append_where(struct buffer *out, struct span escaped)
{
	size_t before = out->size;
	struct span line;

	buffer_append_text(out, WHERE);
	append_condition(out, escaped);
	if (out->failed)
		return;
	line = span_make(out->data + before, out->size - before);
	if (has_line(span_make(out->data, before), line))
		out->size = before;
	else
		buffer_append_char(out, '\n');
}

/* All keys in one line: their order is part of the query. */
static void append_keys(struct buffer *out, struct span *text)
{
	const char *before = KEY;
	struct span rest = *text;

	while (begins_with(rest, KEY)) {
		struct span line = take_line(&rest);
		size_t name = strlen(KEY);

		buffer_append_text(out, before);
		buffer_append(out, line.data + name, line.size - name);
		before = BETWEEN_KEYS;
		*text = rest;
	}
	if (out->size > 0)
		buffer_append_char(out, '\n');
}

static void append_as_now(struct buffer *out, struct span text)
{
	size_t name = strlen(WHERE);

	append_keys(out, &text);
	while (text.size > 0) {
		struct span line = take_line(&text);

		if (begins_with(line, WHERE)) {
			append_where(out, span_make(line.data + name,
						    line.size - name));
		} else {
			buffer_append_span(out, line);
			buffer_append_char(out, '\n');
		}
	}
}

/* --- what differs --------------------------------------------------------- */

/* A line as it is told, keys joined as the option takes them. */
static const char *show(char shown[SHOWN_BYTES + 1], struct span line)
{
	if (line.size == 0)
		line = span_of("nothing");
	if (line.size > SHOWN_BYTES)
		line.size = SHOWN_BYTES;
	for (size_t i = 0; i < line.size; i++)
		shown[i] = line.data[i];
	shown[line.size] = '\0';
	for (char *tab = shown; (tab = strchr(tab, BETWEEN_KEYS[0]));)
		*tab = ',';
	return shown;
}

static int refuse(const struct store *store, struct span there,
		  struct span here, struct error *error)
{
	char a[SHOWN_BYTES + 1], b[SHOWN_BYTES + 1];

	return error_set(error,
			 "--state '%s' is of another query: %s there, %s here; "
			 "give the same options, or another file",
			 store->name, show(a, there), show(b, here));
}

/*
 * The first line that is not the same on both sides, or is on one alone. All
 * conditions have to hold, in whatever order.
 */
static int compare(const struct store *store, struct span there,
		   struct span here, struct error *error)
{
	struct span all_there = there, all_here = here;

	while (there.size > 0 || here.size > 0) {
		struct span a = take_line(&there);
		struct span b = take_line(&here);
		bool a_is_here = has_line(all_here, a);
		bool b_is_there = has_line(all_there, b);
		bool are_conditions =
			begins_with(a, WHERE) && begins_with(b, WHERE);

		if (span_equal(a, b) ||
		    (are_conditions && a_is_here && b_is_there))
			continue;
		if (a_is_here)
			a.size = 0;
		else if (b_is_there)
			b.size = 0;
		return refuse(store, a, b, error);
	}
	return 0;
}

int store_check_query(const struct store *store, struct span there,
		      struct span here, struct error *error)
{
	struct buffer a = {0};
	struct buffer b = {0};
	int result;

	append_as_now(&a, there);
	append_as_now(&b, here);
	if (a.failed || b.failed)
		result = error_set(error, "out of memory");
	else
		result =
			compare(store, buffer_span(&a), buffer_span(&b), error);
	buffer_release(&a);
	buffer_release(&b);
	return result;
}
