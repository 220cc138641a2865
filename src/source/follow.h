/*
 * follow: files and directories that grow. See source/open.h for what they do;
 * these are what it calls.
 *
 * All streams of such a source share one time: that of its root, a stream
 * without bytes that is open from the start to the end of the source, so that
 * there is one also while no file is. A stream that ends with AFTER_NEXT ends
 * without it.
 */
#ifndef SOURCE_FOLLOW_H
#define SOURCE_FOLLOW_H

#include "source/open.h"

/* How often one looks by oneself where the kernel tells all, and where not. */
#define FOLLOW_CHECK_NS NS_PER_S
#define FOLLOW_POLL_NS	(NS_PER_S / 4)

/* A rotated file is read until nothing came for so long. */
#define FOLLOW_QUIET_NS (5 * NS_PER_S)

struct source *follow_file_new(const char *path,
			       const struct file_options *options);
struct source *follow_directory_new(const char *path);

#endif
