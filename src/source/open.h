/*
 * The sources that live in the file system. Each returns a source that
 * source_start() opens and source_close() frees, or NULL when memory is out.
 * The name is borrowed until then.
 */
#ifndef SOURCE_OPEN_H
#define SOURCE_OPEN_H

#include "source/ahead.h"
#include "source/source.h"

struct file_options {
	bool follow;	/* go on as it grows; it need not be there yet */
	bool until_end; /* follow: only to what was the end at the start */
	bool keep_half; /* an unfinished last line is left for a later run */
	/* Large regular files are read ahead, but with follow; NULL: not. The
	 * caller's, until the source is closed. */
	struct ahead_common *ahead;
};

/* Standard input: a pipe, a terminal, a socket or a file. */
struct source *stdin_source_new(const char *name);

/*
 * A file: regular, a FIFO (open once a writer is, ended with the last writer)
 * or a device. A regular file never makes the loop wait.
 *
 * With follow it is what has the name, however that changes:
 * - It is truncated (it is shorter than what was read, or begins otherwise): a
 *   NOTE, and it is read anew from its first byte. The half line before that is
 *   a record.
 * - Another file has the name, renamed or linked there: both are read, the old
 *   one first to its end, and until nothing came for 5 s; then its half line is
 *   a record. Without a successor the old one is read on, whatever its name.
 * - It is rotated twice before it could be opened: the file in between is found
 *   by what inotify told, else a NOTE.
 * - It is not there, not readable, or a directory: a NOTE, and it is tried
 *   again, on what inotify tells and every second; every 250 ms where there is
 *   no inotify, or others may write to the file system (NFS). There a file that
 *   had the name between two looks only is not seen.
 * - A FIFO does not end with its last writer but waits for the next; what one
 *   leaves unfinished is a record. One that is made anew lets its writers in at
 *   once; they are read when the old one has no writer any more. A device ends
 * as ever.
 *
 * With until_end each file ends at the size that it had at the start, and the
 * line across that is left (half_left); one that is not there, or is truncated
 * meanwhile, has ended. A FIFO ends with its last writer.
 *
 * After source_restore() with follow, when the name is another file's than in
 * the last run, the old one is looked for in its folder, and read first.
 */
struct source *file_source_new(const char *path,
			       const struct file_options *options);

/*
 * Every regular file in a directory (links to one too), dot files aside, in
 * the order of the bytes of their names, no subdirectories. A file that cannot
 * be read is a LOST stream with AFTER_NEXT, or AFTER_OVER for the last.
 *
 * With follow, then each file that is moved or linked there, or closed by one
 * who wrote it, in that order; without inotify each that stood still for a
 * second. A file is read once, by inode and the time when it was made; that it
 * was written to later, or anew, is a NOTE, one a minute at most of each. A
 * directory that is removed or renamed is waited for, with a NOTE: it never
 * ends. A last line that the writer left unfinished is a record, but with
 * source_restore(): then a later run goes on there.
 *
 * With until_end the files are those of the start, each to its size then.
 */
struct source *directory_source_new(const char *path,
				    const struct file_options *options);

#endif
