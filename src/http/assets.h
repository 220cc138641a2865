/*
 * assets: the files of the page, as they stand in page/, and the library that
 * draws its charts. assets.c is made by scripts/embed when the program is
 * built.
 */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include <stddef.h>

/* The content, in one encoding. */
struct asset_content {
	const char *tag; /* another one for each content; in its quotes */
	const unsigned char *data;
	size_t size;
};

struct asset {
	const char *path; /* as it is asked for: "/page.css" */
	const char *type; /* "text/css; charset=utf-8" */
	struct asset_content plain;
	struct asset_content gzip;
};

extern const struct asset assets[];
extern const size_t asset_count;

#endif
