/*
 * Many lines: what the lanes walk to, at every level that is there and with
 * every number of cursors, against json_scan(). The lines are read twice, so
 * that what was learned from some of them is tried on all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/lane.h"

static const char *const asked[] = {"status", "a.b", "a.status", "items.0.n",
				    "t"};
#define ASKED	(sizeof(asked) / sizeof(asked[0]))
#define CURSORS 3
#define TIMES	2

static struct fields fields;

/* Made once, as it takes longer than all the rest. */
static struct lane lanes[LEVELS][CURSORS];
static struct lane fresh;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void prepare(void)
{
	static const unsigned cursors[CURSORS] = {1, 2, 4};
	struct error error;

	if (fields.node_count > 0)
		return;
	for (size_t i = 0; i < ASKED; i++)
		demand(fields_add(&fields, asked[i], &error) == (int)i);
	for (enum level level = LEVEL_PLAIN; level < LEVELS; level++)
		for (size_t i = 0; level_is_there(level) && i < CURSORS; i++)
			demand(lane_init(&lanes[level][i], &fields, level,
					 cursors[i]) == 0);
	fresh = lanes[LEVEL_PLAIN][0];
}

/* As if nothing had been read. */
static void forget(struct lane *lane)
{
	shapes_clear(&lane->shapes);
	lane->walk.records = 0;
	lane->ahead = NULL;
	lane->reach_bytes = fresh.reach_bytes;
	lane->pass_bytes = fresh.pass_bytes;
	lane->pause_bytes = fresh.pause_bytes;
	lane->lessons = fresh.lessons;
}

static void compare(const struct json_value *found,
		    const struct json_value *wanted)
{
	demand(found->type == wanted->type);
	if (found->type == JSON_ABSENT)
		return;
	demand(found->text.data == wanted->text.data);
	demand(found->text.size == wanted->text.size);
	demand(found->type != JSON_STRING || found->escaped == wanted->escaped);
}

/* The next line, with what the lane says of it; returns its bytes. */
static size_t check_line(struct lane *lane, struct span bytes)
{
	bool ahead = lane_has(lane, bytes) ||
		     (lane_is_ready(lane) && lane_walk(lane, bytes));
	const char *lf = memchr(bytes.data, '\n', bytes.size);
	struct span line = span_make(bytes.data, (size_t)(lf - bytes.data));
	struct json_value found[ASKED], wanted[ASKED];
	enum json_verdict verdict;
	size_t offset;

	verdict = json_scan(&fields, line, wanted, &offset);
	demand(!ahead || lane_line(lane).size == line.size + 1);
	if (ahead && !lane_is_long(lane)) {
		demand(verdict == JSON_VALID);
		lane_values(lane, found);
		for (size_t i = 0; i < ASKED; i++)
			compare(&found[i], &wanted[i]);
	} else if (verdict == JSON_VALID) {
		lane_meet(lane, line);
	}
	if (ahead)
		lane_take(lane);
	else
		lane_pass(lane, line.size + 1);
	return line.size + 1;
}

/* As another thread prepares it: what is left long is not valid, or holds an
 * object or array where a FIELD ends. */
static void check_prepared(struct lane *lane, struct span bytes)
{
	const char *lf = memchr(bytes.data, '\n', bytes.size);
	const char *p = lf + 1;

	lane_prepare(lane, bytes);
	while (lane->ahead) {
		struct span line = lane_line(lane);
		struct json_value found[ASKED], wanted[ASKED];
		enum json_verdict verdict;
		size_t offset;

		demand(line.data == p);
		p += line.size;
		line.size--;
		verdict = json_scan(&fields, line, wanted, &offset);
		if (lane_is_long(lane)) {
			for (size_t i = 0; verdict == JSON_VALID && i < ASKED;
			     i++)
				if (wanted[i].type >= JSON_OBJECT)
					verdict = JSON_INVALID;
			demand(verdict != JSON_VALID);
		} else {
			demand(verdict == JSON_VALID);
			lane_values(lane, found);
			for (size_t i = 0; i < ASKED; i++)
				compare(&found[i], &wanted[i]);
		}
		lane_take(lane);
	}
}

static void check_lane(struct lane *lane, struct span bytes)
{
	forget(lane);
	for (unsigned i = 0; i < TIMES; i++)
		for (size_t at = 0; at < bytes.size;)
			at += check_line(lane, span_make(bytes.data + at,
							 bytes.size - at));
	check_prepared(lane, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* To the byte, so that what is read behind it is seen. */
	char *bytes = malloc(size + 1);

	if (!bytes)
		return 0;
	prepare();
	if (size > 0)
		memcpy(bytes, data, size);
	bytes[size] = '\n';
	for (enum level level = LEVEL_PLAIN; level < LEVELS; level++)
		for (size_t i = 0; level_is_there(level) && i < CURSORS; i++)
			check_lane(&lanes[level][i],
				   span_make(bytes, size + 1));
	free(bytes);
	return 0;
}
