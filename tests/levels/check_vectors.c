#include "check_vectors.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json_random.h"

#define ROUNDS 20000
#define LOOK   64

/* Bytes that stand around the one that is looked at. */
static const char around[] = {'a', '0', '.', '"', '\\', ' ', 0x1f, (char)0x80};

struct trial {
	const struct vectors *vectors;
	const char *level;
	struct random random;
	char *end; /* of what can be read */
};

/* --- one look ------------------------------------------------------------- */

static bool say(const struct trial *trial, const char *what, const char *p,
		size_t size)
{
	printf("%s: %s differs on", trial->level, what);
	for (size_t i = 0; i < size; i++)
		printf(" %02x", (unsigned char)p[i]);
	printf("\n");
	return false;
}

static bool same_text(struct trial *trial, const char *p)
{
	return trial->vectors->text_stops(p) == vectors_plain.text_stops(p) ||
	       say(trial, "text_stops", p, RUN_WINDOW);
}

static bool same_number(struct trial *trial, const char *p)
{
	uint32_t theirs, ours;

	return (trial->vectors->number_stops(p, &theirs) ==
			vectors_plain.number_stops(p, &ours) &&
		theirs == ours) ||
	       say(trial, "number_stops", p, RUN_WINDOW);
}

static bool same_look(struct trial *trial, const char *p)
{
	struct looked theirs = trial->vectors->text_look(p);
	struct looked ours = vectors_plain.text_look(p);

	return (theirs.ends == ours.ends &&
		theirs.backslashes == ours.backslashes &&
		theirs.high == ours.high) ||
	       say(trial, "text_look", p, LOOK);
}

static bool same_escapable(struct trial *trial, const char *p)
{
	return trial->vectors->text_escapable(p) ==
		       vectors_plain.text_escapable(p) ||
	       say(trial, "text_escapable", p, LOOK);
}

typedef bool look_is_same(struct trial *trial, const char *p);

/* --- all bytes at all places ---------------------------------------------- */

static bool each_byte(struct trial *trial, look_is_same *same, size_t window)
{
	char *p = trial->end - window;

	for (size_t fill = 0; fill < RANDOM_COUNT(around); fill++) {
		memset(p, around[fill], window);
		for (size_t at = 0; at < window; at++) {
			for (int byte = 0; byte < 256; byte++) {
				p[at] = (char)byte;
				if (!same(trial, p))
					return false;
			}
			p[at] = around[fill];
		}
	}
	return true;
}

static void fill_random(struct trial *trial, char *p, size_t size)
{
	size_t kind = random_below(&trial->random, 3);

	for (size_t i = 0; i < size; i++) {
		if (kind == 0 || random_below(&trial->random, 16) == 0)
			p[i] = (char)random_below(&trial->random, 256);
		else if (kind == 1)
			p[i] = "0123456789."[random_below(&trial->random, 11)];
		else
			p[i] = (char)('a' + random_below(&trial->random, 26));
	}
}

/* From any place on, not only before the end. */
static bool random_bytes(struct trial *trial, look_is_same *same, size_t window)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		char *p = trial->end - window -
			  random_below(&trial->random, LOOK);

		fill_random(trial, p, window);
		if (!same(trial, p))
			return false;
	}
	return true;
}

/* --- literals ------------------------------------------------------------- */

static void make_literal(struct edge *edge, const char *text, size_t size)
{
	memset(edge->literal, 0, sizeof(edge->literal));
	memcpy(edge->literal, text, size);
	edge->size = (uint8_t)size;
	edge->mask = (uint32_t)((UINT64_C(1) << size) - 1);
}

static bool same_literal(struct trial *trial, const struct edge *edge,
			 const char *p)
{
	return (trial->vectors->literal_misses(p, edge) != 0) ==
		       (vectors_plain.literal_misses(p, edge) != 0) ||
	       say(trial, "literal_misses", p, LITERAL_MAX);
}

/* Literals of all sizes, each byte of what stands there changed; behind the
 * literal that makes no difference. */
static bool literals(struct trial *trial)
{
	char *p = trial->end - LITERAL_MAX;
	static struct edge edge;

	for (size_t size = 1; size <= LITERAL_MAX; size++) {
		fill_random(trial, p, LITERAL_MAX);
		make_literal(&edge, p, size);
		if (trial->vectors->literal_misses(p, &edge) != 0)
			return say(trial, "literal_misses", p, size);
		for (size_t at = 0; at < LITERAL_MAX; at++) {
			for (int change = 0; change < 256; change++) {
				p[at] = (char)(p[at] ^ change);
				if (!same_literal(trial, &edge, p))
					return false;
				p[at] = (char)(p[at] ^ change);
			}
		}
	}
	return true;
}

/* --- UTF-8 ---------------------------------------------------------------- */

/* Bytes that sequences are made of, and that break them. */
static const unsigned char pieces[] = {
	'a',  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
	0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
	0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
};

static bool same_utf8(struct trial *trial, const char *p, size_t size)
{
	return trial->vectors->text_is_utf8(p, p + size) ==
		       vectors_plain.text_is_utf8(p, p + size) ||
	       say(trial, "text_is_utf8", p, size);
}

/* All rows of four such bytes, where they lie in one vector, across two, and
 * right before the end of the text. */
static bool each_sequence(struct trial *trial)
{
	static const size_t places[] = {0, 5, 28, 29, 30, 31, 60};
	size_t count = RANDOM_COUNT(pieces);
	char *p = trial->end - 2 * LOOK;

	memset(p - 4, 'a', 2 * LOOK + 4);
	for (size_t i = 0; i < RANDOM_COUNT(places); i++) {
		char *at = p + places[i];

		for (size_t n = 0; n < count * count * count * count; n++) {
			at[0] = (char)pieces[n % count];
			at[1] = (char)pieces[n / count % count];
			at[2] = (char)pieces[n / count / count % count];
			at[3] = (char)pieces[n / count / count / count];
			if (!same_utf8(trial, p, places[i] + 4))
				return false;
		}
		memset(at, 'a', 4);
	}
	return true;
}

/* Sequences of all lengths one behind the other, and one byte changed. */
static bool random_sequences(struct trial *trial)
{
	static const char *const texts[] = {"a", "\xc3\xa9", "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80"};

	for (unsigned i = 0; i < ROUNDS; i++) {
		char *p = trial->end - 2 * LOOK;
		size_t size = 0, wanted = random_below(&trial->random, 80);

		memset(p - 4, 'a', 2 * LOOK + 4);
		while (size < wanted) {
			const char *text =
				texts[random_below(&trial->random, 4)];

			memcpy(p + size, text, strlen(text));
			size += strlen(text);
		}
		if (!same_utf8(trial, p, size))
			return false;
		if (size == 0)
			continue;
		p[random_below(&trial->random, size)] =
			(char)random_below(&trial->random, 256);
		if (!same_utf8(trial, p, size))
			return false;
	}
	return true;
}

/* --- all of it ------------------------------------------------------------ */

/* A page, and none behind it. NULL: there is no memory. */
static char *guarded_page(size_t size)
{
	char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	if (mprotect(pages + size, size, PROT_NONE) != 0) {
		munmap(pages, 2 * size);
		return NULL;
	}
	return pages;
}

void check_vectors(struct tally *tally, const struct vectors *vectors)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	char *page = guarded_page(size);
	struct trial trial = {
		.vectors = vectors,
		.level = level_name(vectors->level),
		.random = {.state = 1},
		.end = page + size,
	};
	static const struct {
		const char *name;
		look_is_same *same;
		size_t window;
	} looks[] = {
		{"text_stops", same_text, RUN_WINDOW},
		{"number_stops", same_number, RUN_WINDOW},
		{"text_look", same_look, LOOK},
		{"text_escapable", same_escapable, LOOK},
	};

	if (!page) {
		tally_check(tally, false, trial.level, "a page of memory");
		return;
	}
	for (size_t i = 0; i < RANDOM_COUNT(looks); i++)
		tally_check(tally,
			    each_byte(&trial, looks[i].same, looks[i].window) &&
				    random_bytes(&trial, looks[i].same,
						 looks[i].window),
			    trial.level, looks[i].name);
	tally_check(tally, each_sequence(&trial) && random_sequences(&trial),
		    trial.level, "text_is_utf8");
	tally_check(tally, literals(&trial), trial.level, "literal_misses");
	munmap(page, 2 * size);
}
