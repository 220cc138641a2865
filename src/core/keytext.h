/*
 * keytext: a key as people see it, and back.
 *
 * A number, null, true and false are their literal text. A string is its text,
 * in one more pair of double quotes when it could be taken for something else.
 * On top of that every format escapes in its own way; tsv's is here, because
 * users name groups as tsv shows them.
 */
#ifndef CORE_KEYTEXT_H
#define CORE_KEYTEXT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "core/key.h"

#define TEXT_OTHER   "(other)"
#define TEXT_SUMMARY "(summary)"

/* True when a string stands in one more pair of quotes. */
bool keytext_is_quoted(const struct key_part *part);

/* Appends text with what tsv escapes escaped: \t \n \r \\ \u001b. */
void keytext_escape_tsv(struct buffer *out, struct span text);

/* Appends one key column as tsv shows it. */
void keytext_tsv(struct buffer *out, const struct key_part *part);

/*
 * Parses a group as tsv shows it, columns joined by a tab, and appends its
 * encoded key. -1: it has another number of columns, or is a text that tsv
 * never shows.
 */
int keytext_parse(struct span text, size_t columns, struct buffer *key,
		  struct error *error) MUST_CHECK;

#endif
