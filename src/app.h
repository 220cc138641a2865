/*
 * app: wires the modules together and runs the one loop.
 */
#ifndef APP_H
#define APP_H

#include "options.h"

/*
 * Opens what the options name, counts until the run ends, closes. Returns the
 * exit status; *signal is the signal by which the process is to end instead,
 * or 0. Says on stderr whatever goes wrong.
 */
int app_run(const struct options *options, int *signal);

#endif
