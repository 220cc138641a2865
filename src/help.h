/*
 * help: what --help and --version print.
 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

/* Errors are left in the stream's error indicator. */
void help_print(FILE *out);
void version_print(FILE *out);

#endif
