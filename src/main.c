#include <fcntl.h>
#include <unistd.h>

#include "app.h"
#include "base/signals.h"
#include "options.h"
#include "tls/tls.h"

/*
 * A standard descriptor that is closed would go to the next file or socket.
 * Each is filled the wrong way round, so that using it still fails.
 */
static int fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		int mode = fd == 0 ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options;
	int signal = 0;
	int status;

	if (fill_standard_descriptors() != 0)
		return 1;
	signals_set_output();
	tls_prepare();
	options_parse(&options, argc, argv);
	status = app_run(&options, &signal);
	options_release(&options);
	if (signal != 0)
		signals_end_by(signal);
	return status;
}
