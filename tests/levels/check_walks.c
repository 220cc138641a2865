#include "check_walks.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/lane.h"
#include "json_random.h"

#define ROUNDS	    20 /* each with shapes of its own */
#define BATCHES	    8
#define BATCH_LINES 300
#define SLOTS	    5

static const char *const field_names[SLOTS] = {
	"status", "amount", "items.0.sku", "a.b", "numbers.2",
};

/* Lines are at the end of a room, behind which nothing can be read. */
struct room {
	char *data;
	size_t size;
};

/* One of two that go through the same lines. */
struct walker {
	enum level level;
	unsigned cursors;
	struct lane lane;
};

struct trial {
	struct fields fields;
	struct random random;
	struct walker walkers[2]; /* the level, and in C */
	uint64_t walked, records;
};

/* --- lines ---------------------------------------------------------------- */

/* The usual ones are longer than a run, and than what is looked at at once. */
static void add_text(struct random *random, struct buffer *out)
{
	size_t size = random_below(random, 6) ? random_below(random, 40)
					      : random_below(random, 300);

	buffer_append_char(out, '"');
	for (size_t i = 0; i < size; i++)
		buffer_append_char(out, (char)('a' + random_below(random, 26)));
	if (random_below(random, 4) == 0)
		random_text(random, out);
	for (size_t i = random_below(random, 2) * size; i > 0; i--)
		buffer_append_char(out, ' ');
	buffer_append_char(out, '"');
}

static void add_number(struct random *random, struct buffer *out)
{
	if (random_below(random, 30) == 0) {
		random_number(random, out);
		return;
	}
	buffer_printf(out, "%s%u.%02u", random_below(random, 4) ? "" : "-",
		      (unsigned)random_below(random, 5000),
		      (unsigned)random_below(random, 100));
}

/* A template: T is a text, N a number, W a word. */
static void add_line(struct random *random, struct buffer *out)
{
	static const char *const words[] = {"true", "false", "null"};
	static const char *const templates[] = {
		"{`id`:T,`status`:T,`amount`:N}",
		"{`status`:T,`amount`:N,`express`:W,`items`:[{`sku`:T,`n`:N},"
		"{`sku`:T,`n`:N}],`note`:T}",
		"{`a`:{`b`:N,`c`:T},`status`:T}",
		"{ `status`: T, `a`: { `b`: W }, `amount`: N, `items`: [] }",
		"{`a name that is longer than one literal can be, by far`:T,"
		"`status`:W,`status`:T}",
		"{`numbers`:[N,N,N,N],`amount`:N,`items`:[T,N,W]}",
	};
	const char *p =
		templates[random_below(random, RANDOM_COUNT(templates))];

	for (; *p; p++) {
		switch (*p) {
		case 'T': add_text(random, out); break;
		case 'N': add_number(random, out); break;
		case 'W':
			buffer_append_text(out, words[random_below(random, 3)]);
			break;
		case '`': buffer_append_char(out, '"'); break;
		default: buffer_append_char(out, *p); break;
		}
	}
}

/* One in `damaged` is damaged; 0: none. */
static void add_lines(struct random *random, struct buffer *out, size_t damaged)
{
	struct buffer line = {0};

	for (size_t i = 0; i < BATCH_LINES; i++) {
		buffer_clear(&line);
		if (random_below(random, 100) == 0)
			random_record(random, &line);
		else
			add_line(random, &line);
		if (damaged && random_below(random, damaged) == 0)
			random_damage(random, &line);
		buffer_append_span(out, buffer_span(&line));
		buffer_append_char(out, '\n');
	}
	out->failed |= line.failed;
	buffer_release(&line);
}

/* --- walking -------------------------------------------------------------- */

static bool same_value(const struct json_value *a, const struct json_value *b)
{
	if (a->type != b->type)
		return false;
	return a->type == JSON_ABSENT ||
	       (a->text.data == b->text.data && a->text.size == b->text.size &&
		(a->type != JSON_STRING || a->escaped == b->escaped));
}

static bool say(const struct walker *walker, const char *what, struct span line)
{
	printf("%s, %u cursors: %s: %.*s\n", level_name(walker->level),
	       walker->cursors, what, (int)line.size, line.data);
	return false;
}

/* As the engine does: what was not walked goes the long way, and is learned. */
static bool next_line(struct trial *trial, struct walker *walker,
		      struct span bytes, struct span *line, bool *is_long)
{
	struct lane *lane = &walker->lane;
	struct json_value found[SLOTS], wanted[SLOTS];
	bool ahead = lane_has(lane, bytes) ||
		     (lane_is_ready(lane) && lane_walk(lane, bytes));
	enum json_verdict verdict;
	size_t offset;
	const char *lf = memchr(bytes.data, '\n', bytes.size);

	*line = span_make(bytes.data, (size_t)(lf - bytes.data));
	*is_long = !ahead || lane_is_long(lane);
	verdict = json_scan(&trial->fields, *line, wanted, &offset);
	if (ahead && lane_line(lane).size != line->size + 1)
		return say(walker, "another line", *line);
	if (!*is_long) {
		if (verdict != JSON_VALID)
			return say(walker, "walked, and not valid", *line);
		lane_values(lane, found);
		for (size_t i = 0; i < SLOTS; i++)
			if (!same_value(&found[i], &wanted[i]))
				return say(walker, field_names[i], *line);
	} else if (verdict == JSON_VALID) {
		lane_meet(lane, *line);
	}
	if (ahead)
		lane_take(lane);
	else
		lane_pass(lane, line->size + 1);
	return true;
}

static bool walk_both(struct trial *trial, struct span bytes)
{
	while (bytes.size > 0) {
		struct span line = {0};
		bool is_long[2];

		for (unsigned i = 0; i < 2; i++)
			if (!next_line(trial, &trial->walkers[i], bytes, &line,
				       &is_long[i]))
				return false;
		if (is_long[0] != is_long[1])
			return say(&trial->walkers[0], "not as in C", line);
		trial->records++;
		trial->walked += !is_long[0];
		bytes = span_make(line.data + line.size + 1,
				  bytes.size - line.size - 1);
	}
	return true;
}

static bool walk_batches(struct trial *trial, const struct room *room)
{
	static const size_t damages[] = {0, 20, 6, 3};
	struct buffer lines = {0};
	bool good = true;

	for (size_t i = 0; i < BATCHES && good; i++) {
		char *begin;

		buffer_clear(&lines);
		add_lines(&trial->random, &lines,
			  damages[i % RANDOM_COUNT(damages)]);
		good = !lines.failed && lines.size <= room->size;
		if (!good)
			break;
		begin = room->data + room->size - lines.size;
		memcpy(begin, lines.data, lines.size);
		good = walk_both(trial, span_make(begin, lines.size));
	}
	buffer_release(&lines);
	return good;
}

/* --- all of it ------------------------------------------------------------ */

static bool walk_round(struct trial *trial, enum level level, unsigned cursors,
		       const struct room *room)
{
	struct error error;
	bool good = true;

	fields_init(&trial->fields);
	for (size_t i = 0; i < SLOTS && good; i++)
		good = fields_add(&trial->fields, field_names[i], &error) >= 0;
	for (unsigned i = 0; i < 2; i++) {
		struct walker *walker = &trial->walkers[i];

		walker->level = i == 0 ? level : LEVEL_PLAIN;
		walker->cursors = cursors;
		good &= lane_init(&walker->lane, &trial->fields, walker->level,
				  cursors) == 0;
	}
	good = good && walk_batches(trial, room);
	for (unsigned i = 0; i < 2; i++)
		lane_release(&trial->walkers[i].lane);
	fields_release(&trial->fields);
	return good;
}

static bool walk_with(enum level level, unsigned cursors,
		      const struct room *room)
{
	struct trial trial = {.random = {.state = 7 + cursors}};

	for (unsigned i = 0; i < ROUNDS; i++)
		if (!walk_round(&trial, level, cursors, room))
			return false;
	/* What goes the long way proves nothing. */
	if (trial.walked * 2 > trial.records)
		return true;
	printf("only %llu of %llu records were walked\n",
	       (unsigned long long)trial.walked,
	       (unsigned long long)trial.records);
	return false;
}

void check_walks(struct tally *tally, enum level level)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct room room = {.size = (size_t)4 << 20};

	room.data = mmap(NULL, room.size + page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room.data == MAP_FAILED ||
	    mprotect(room.data + room.size, page, PROT_NONE) != 0) {
		tally_check(tally, false, level_name(level), "memory");
		return;
	}
	for (unsigned cursors = 1; cursors <= CURSORS_MAX; cursors *= 2) {
		char what[32];

		snprintf(what, sizeof(what), "walks, %u cursor%s", cursors,
			 cursors > 1 ? "s" : "");
		tally_check(tally, walk_with(level, cursors, &room),
			    level_name(level), what);
	}
	munmap(room.data, room.size + page);
}
