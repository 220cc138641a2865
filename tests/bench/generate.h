/* What the files of the generator share. */
#ifndef TESTS_BENCH_GENERATE_H
#define TESTS_BENCH_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 16384

/* What a record is made from. */
struct draft {
	uint64_t random;
	unsigned long number; /* of records before it */
	const char *status;
};

/* splitmix64 */
uint64_t draw(uint64_t *state);
/* A number below limit. */
unsigned draw_below(struct draft *draft, unsigned limit);
/*
 * Milliseconds since the stream began: ten records each. One in sixteen took
 * up to a second longer on its way than the others.
 */
unsigned long draw_time(struct draft *draft);

/*
 * Writes a record bit by bit. One that gets too long ends the program. A call
 * draws once: compilers differ in which argument comes first.
 */
struct pen {
	char *begin, *at;
};

__attribute__((format(printf, 2, 3))) void put(struct pen *pen,
					       const char *format, ...);
/* A string between its quotes: letters and digits, no spaces. */
void put_word(struct pen *pen, struct draft *draft, unsigned least,
	      unsigned most);
/* Words; of the world: with accents, emoji and escapes among them. */
void put_sentence(struct pen *pen, struct draft *draft, unsigned least,
		  unsigned most, int of_the_world);

/* Records of a corpus. They return how many bytes the record has. */
int optional_record(char *record, struct draft *draft);
int items_record(char *record, struct draft *draft);
int text_record(char *record, struct draft *draft);
int fat_record(char *record, struct draft *draft);
int chaos_record(char *record, struct draft *draft);

#endif
