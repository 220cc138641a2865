/*
 * wal: whether a write-ahead log of SQLite is whole.
 *
 * SQLite takes such a log up to the first frame that is wrong, and what comes
 * behind for never written. That is right for the end of the last transaction,
 * which a crash may have cut; anything else is damage, and would silently lead
 * back to an old state. The format: https://www.sqlite.org/walformat.html
 */
#ifndef STATE_WAL_H
#define STATE_WAL_H

enum wal_health {
	WAL_WHOLE, /* but for the end of its last transaction, maybe */
	WAL_DAMAGED,
	WAL_UNREADABLE, /* errno says why */
};

/* Reads all of it. Blocks on the disk. */
enum wal_health wal_check(int fd);

#endif
