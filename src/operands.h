/*
 * operands: what the arguments that are no options stand for.
 */
#ifndef OPERANDS_H
#define OPERANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum operand_kind { OPERAND_TCP, OPERAND_STDIN, OPERAND_PATH };

struct operand {
	enum operand_kind kind;
	char *name; /* as messages show it: tcp://HOST:PORT, the path, "-" */
	char *host; /* OPERAND_TCP, without brackets */
	unsigned port;
};

/*
 * Reads the operands: HOST PORT, or sources. Looks up whether a file exists,
 * but opens nothing. follow: one that is not there is a FILE that may come. -1:
 * the usage is wrong, or memory is out. The array and its strings are the
 * caller's, for operands_free().
 */
int operands_parse(char **arguments, size_t count, bool follow,
		   struct operand **operands, size_t *operand_count,
		   struct error *error) MUST_CHECK;
void operands_free(struct operand *operands, size_t count);

#endif
