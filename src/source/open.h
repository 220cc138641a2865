/*
 * The sources that live in the file system. Each returns a source that
 * source_start() opens and source_close() frees, or NULL when memory is out.
 * The name is borrowed until then.
 */
#ifndef SOURCE_OPEN_H
#define SOURCE_OPEN_H

#include "source/source.h"

struct file_options {
	bool follow;	/* go on as it grows; it need not be there yet */
	bool until_end; /* follow: only to what was the end at the start */
	bool keep_half; /* an unfinished last line is left for a later run */
};

/* Standard input: a pipe, a terminal, a socket or a file. */
struct source *stdin_source_new(const char *name);

/*
 * A file: regular, a FIFO (open once a writer is, ended with the last writer)
 * or a device. A regular file never makes the loop wait.
 */
struct source *file_source_new(const char *path,
			       const struct file_options *options);

/*
 * Every regular file in a directory (links to one too), dot files aside, in
 * the order of the bytes of their names, no subdirectories. A file that cannot
 * be read is a LOST stream with AFTER_NEXT, or AFTER_OVER for the last.
 */
struct source *directory_source_new(const char *path,
				    const struct file_options *options);

#endif
