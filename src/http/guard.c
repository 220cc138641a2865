#include "http/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"

/* What stands before the port, if there is one. */
static struct span host_part(const char *host)
{
	const char *colon = strrchr(host, ':');
	const char *bracket = strrchr(host, ']');
	size_t size = strlen(host);

	if (colon && (!bracket || colon > bracket) &&
	    strspn(colon + 1, "0123456789") == strlen(colon + 1))
		size = (size_t)(colon - host);
	if (size > 0 && host[size - 1] == '.')
		size--;
	return span_make(host, size);
}

static bool is_name(struct span host, const char *name)
{
	return name && *name != '\0' && strlen(name) == host.size &&
	       strncasecmp(host.data, name, host.size) == 0;
}

static bool is_number(struct span host)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];
	bool bracketed = host.size > 2 && host.data[0] == '[' &&
			 host.data[host.size - 1] == ']';

	if (bracketed)
		host = span_make(host.data + 1, host.size - 2);
	if (host.size >= sizeof(text))
		return false;
	memcpy(text, host.data, host.size);
	text[host.size] = '\0';
	return inet_pton(bracketed ? AF_INET6 : AF_INET, text, address) == 1;
}

bool guard_host(const char *host, const char *address, const char *own_name)
{
	struct span part = host_part(host);

	return is_number(part) || is_name(part, "localhost") ||
	       is_name(part, address) || is_name(part, own_name);
}

bool guard_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < 2; i++) {
		size_t size = strlen(schemes[i]);

		if (strncasecmp(origin, schemes[i], size) == 0)
			return strcasecmp(origin + size, host) == 0;
	}
	return false;
}
