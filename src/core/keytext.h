/*
 * keytext: a key as people see it, and back.
 *
 * A number, null, true and false are their literal text. A string is its text,
 * in one more pair of double quotes when it could be taken for something else.
 * On top of that every format escapes in its own way; tsv's is here, because
 * users name groups as tsv shows them, and so is what a terminal needs.
 */
#ifndef CORE_KEYTEXT_H
#define CORE_KEYTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/key.h"

#define TEXT_OTHER   "(other)"
#define TEXT_SUMMARY "(summary)"

/* The longest escape, "\u001b". */
#define ESCAPE_MAX 6

/* True when a string stands in one more pair of quotes. */
bool keytext_is_quoted(const struct key_part *part);

/*
 * Writes the escape of a character that must not stand for itself: \t \n \r
 * \\ and \u001b for other C0, DEL and C1 characters. Returns its size; 0: the
 * character stands for itself.
 */
size_t keytext_escape(uint32_t code, char out[ESCAPE_MAX]);

/*
 * The same for a terminal, where line and paragraph separators and what
 * changes the direction of writing (Unicode's Bidi_Control) are escaped too.
 */
size_t keytext_escape_shown(uint32_t code, char out[ESCAPE_MAX]);

/* What keytext_escape() is, of one format or another. */
typedef size_t escape_function(uint32_t code, char out[ESCAPE_MAX]);

/*
 * Appends text, each character that has an escape as its escape. Such are
 * quotes, backslashes, C0, DEL and C1 characters, or some of them.
 */
void keytext_append(struct buffer *out, struct span text,
		    escape_function *escape);

/* Appends text with what keytext_escape_shown() escapes escaped. */
void keytext_append_shown(struct buffer *out, struct span text);

/* Appends text with what tsv escapes escaped. */
void keytext_escape_tsv(struct buffer *out, struct span text);

/* Appends the text that keytext_escape_tsv() wrote so. -1: it never writes
 * such an escape. */
int keytext_unescape_tsv(struct buffer *out, struct span text) MUST_CHECK;

/* Appends one key column as tsv shows it. */
void keytext_tsv(struct buffer *out, const struct key_part *part);

/*
 * Parses a group as tsv shows it, columns joined by a tab, and appends its
 * encoded key. Beyond what tsv shows, the text may begin with \u0040 for '@'
 * and hold \u0020 for a space. -1: it has another number of columns, or is a
 * text that tsv never shows; the message says so without naming the text.
 */
int keytext_parse(struct span text, size_t columns, struct buffer *key,
		  struct error *error) MUST_CHECK;

#endif
