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
	uint64_t theirs, ours;

	return (trial->vectors->text_look(p, &theirs) ==
			vectors_plain.text_look(p, &ours) &&
		theirs == ours) ||
	       say(trial, "text_look", p, LOOK);
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
	tally_check(tally, literals(&trial), trial.level, "literal_misses");
	munmap(page, 2 * size);
}
