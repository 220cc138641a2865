/*
 * signals: SIGINT, SIGTERM and SIGHUP wake the loop, which then asks for them.
 *
 * Those that were ignored at the start (nohup) stay ignored. After the first
 * one that ends the run a second one ends the process at once, wherever it is;
 * but the same one within 20 ms is taken for the first, as timeout(1) sends its
 * signal to the process and then to the group.
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"

struct signals {
	struct loop_watch watch;
};

/*
 * Opens an eventfd, registers it and catches. With hangup_reopens SIGHUP is a
 * call to open files anew and ends nothing.
 */
int signals_open(struct signals *signals, bool hangup_reopens,
		 struct loop *loop, struct error *error) MUST_CHECK;

/* The next signal that came, or 0; several of one kind are one. */
int signals_next(struct signals *signals);

/* Sets the signals back to what ends the process, and leaves the loop. */
void signals_close(struct signals *signals, struct loop *loop);

/*
 * What happens to the output, whatever the parent process set: SIGPIPE does
 * what it does by default, and a file that grows beyond the limit (ulimit -f)
 * fails the write (EFBIG) instead of ending the process by SIGXFSZ.
 */
void signals_set_output(void);

/* Ends the process by this signal, as if it had not been caught. */
void signals_end_by(int number);

#endif
