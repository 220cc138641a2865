/* Corpora of the generator: long strings, and records that are all unlike. */
#include "generate.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const words[] = {
	"the",	     "parcel", "was",	   "left",    "with",  "a",
	"neighbour", "and",    "delivery", "of",      "two",   "boxes",
	"please",    "ring",   "twice",	   "before",  "noon",  "returned",
	"because",   "colour", "did",	   "not",     "match", "description",
	"size",	     "large",  "gift",	   "wrapped", "paid",  "invoice",
	"Monday",    "express"};

static const char *const world[] = {
	"façade", "Größe",	 "señor",
	"naïve",  "Straße",	 "élève",
	"Łódź",	  "smörgåsbord", "çok",
	"přítel", "Ελλάδα",	 "Москва",
	"東京",	  "مرحبا",	 "😀",
	"🚚📦",	  "❤️",	 "👩‍👩‍👧"};

static const char *const escapes[] = {
	"\\n",	    "\\\"quoted\\\"", "\\t",	 "caf\\u00e9",
	"and\\/or", "\\ud83d\\ude00", "C:\\\\a", "\\r\\n"};

#define PICK(array, draft) \
	((array)[draw_below((draft), (unsigned)COUNT_OF(array))])

static unsigned between(struct draft *draft, unsigned least, unsigned most)
{
	return least + draw_below(draft, most - least + 1);
}

void put_word(struct pen *pen, struct draft *draft, unsigned least,
	      unsigned most)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"-_";
	char text[128];
	unsigned length = between(draft, least, most);
	uint64_t drawn = 0;

	for (unsigned i = 0; i < length; i++) {
		if (i % 10 == 0)
			drawn = draw(&draft->random);
		text[i] = letters[drawn & 63];
		drawn >>= 6;
	}
	put(pen, "\"%.*s\"", (int)length, text);
}

static const char *pick_word(struct draft *draft, int of_the_world)
{
	unsigned drawn = of_the_world ? draw_below(draft, 16) : 15;

	if (drawn == 0)
		return PICK(escapes, draft);
	if (drawn <= 3)
		return PICK(world, draft);
	return PICK(words, draft);
}

void put_sentence(struct pen *pen, struct draft *draft, unsigned least,
		  unsigned most, int of_the_world)
{
	size_t room = between(draft, least, most);
	char text[1024];
	size_t length = 0;

	for (;;) {
		const char *word = pick_word(draft, of_the_world);
		size_t more = strlen(word) + (length > 0);

		if (length + more > room)
			break;
		if (length > 0)
			text[length++] = ' ';
		memcpy(text + length, word, strlen(word));
		length += strlen(word);
	}
	put(pen, "\"%.*s\"", (int)length, text);
}

/* --- text ----------------------------------------------------------------- */

/* Long strings in all alphabets, three of them before the status. */
int text_record(char *record, struct draft *draft)
{
	struct pen pen = {record, record};

	put(&pen, "{\"order_id\":%lu,\"name\":", draft->number);
	put_sentence(&pen, draft, 16, 40, 1);
	put(&pen, ",\"note\":");
	put_sentence(&pen, draft, 100, 400, 1);
	put(&pen, ",\"review\":");
	put_sentence(&pen, draft, 100, 800, 1);
	put(&pen, ",\"status\":\"%s\",\"answer\":", draft->status);
	put_sentence(&pen, draft, 40, 200, 1);
	put(&pen, "}\n");
	return (int)(pen.at - pen.begin);
}

/* --- chaos ---------------------------------------------------------------- */

#define DEEPEST 4

/* Inner objects have a status, too, now and then: that is not the order's. */
static void put_name(struct pen *pen, struct draft *draft, unsigned depth)
{
	if (depth > 0 && draw_below(draft, 32) == 0)
		put(pen, "\"status\"");
	else
		put_word(pen, draft, 3, 16);
	put(pen, draw_below(draft, 8) == 0 ? " : " : ":");
}

static void put_value(struct pen *pen, struct draft *draft, unsigned depth);

static void put_members(struct pen *pen, struct draft *draft, unsigned depth,
			int named)
{
	unsigned count = draw_below(draft, 6);

	put(pen, named ? "{" : "[");
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			put(pen, draw_below(draft, 4) == 0 ? ", " : ",");
		if (named)
			put_name(pen, draft, depth);
		put_value(pen, draft, depth);
	}
	put(pen, named ? "}" : "]");
}

static void put_number(struct pen *pen, struct draft *draft)
{
	int whole = (int)draw_below(draft, 2000000) - 1000000;

	switch (draw_below(draft, 4)) {
	case 0: put(pen, "%d", whole % 100); break;
	case 1: put(pen, "%d", whole); break;
	case 2: put(pen, "%d.%03u", whole, draw_below(draft, 1000)); break;
	default: put(pen, "%d.5e%d", whole % 10, whole % 30); break;
	}
}

static void put_value(struct pen *pen, struct draft *draft, unsigned depth)
{
	static const char *const constants[] = {"true", "false", "null"};
	unsigned kind = draw_below(draft, depth < DEEPEST ? 16 : 12);

	if (kind < 4)
		put_word(pen, draft, 0, 40);
	else if (kind < 6)
		put_sentence(pen, draft, 10, 120, kind == 5);
	else if (kind < 10)
		put_number(pen, draft);
	else if (kind < 12)
		put(pen, "%s", PICK(constants, draft));
	else
		put_members(pen, draft, depth + 1, kind < 14);
}

/* No record is like another, but each has a status, which is not inside. */
int chaos_record(char *record, struct draft *draft)
{
	struct pen pen = {record, record};
	unsigned count = between(draft, 3, 14);
	unsigned status = draw_below(draft, count);

	for (unsigned i = 0; i < count; i++) {
		put(&pen, i == 0 ? "{" : ",");
		if (i == status) {
			put(&pen, "\"status\":\"%s\"", draft->status);
		} else {
			put_name(&pen, draft, 0);
			put_value(&pen, draft, 0);
		}
	}
	put(&pen, "}\n");
	return (int)(pen.at - pen.begin);
}
