/*
 * assets: the files of the page, as they stand in page/, and the library that
 * draws its charts. assets.c is made by scripts/embed when the program is
 * built.
 */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include <stddef.h>

struct asset {
	const char *path; /* as it is asked for: "/page.css" */
	const char *type; /* "text/css; charset=utf-8" */
	const char *tag;  /* changes with the content; in its quotes */
	const unsigned char *data;
	size_t size;
};

extern const struct asset assets[];
extern const size_t asset_count;

#endif
