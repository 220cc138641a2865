/*
 * guard: whose requests are refused.
 *
 * A page of another site can make a browser send requests here. Such a request
 * says so in its Origin; or the site has told the browser that its own name is
 * our address (DNS rebinding), and then that name is in the Host. A number
 * cannot be rebound.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>

/*
 * May a request with this Host be answered? It is an address in digits,
 * localhost, `address` (what the user listens on, or NULL) or `own_name` (the
 * machine's). The port does not matter, nor do case and a dot at the end.
 */
bool guard_host(const char *host, const char *address, const char *own_name);

/* Is the Origin (RFC 6454) that of the Host, over http or https? */
bool guard_origin(const char *origin, const char *host);

#endif
