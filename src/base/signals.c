#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* So close, two signals are one that was sent twice. */
#define ECHO_NS ((int64_t)20 * 1000000)

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
#define CAUGHT_COUNT (sizeof(caught) / sizeof(caught[0]))

/* The only globals: the handlers have nothing else to go by. */
static volatile sig_atomic_t wake_fd = -1;
static volatile sig_atomic_t ended_by;
static volatile sig_atomic_t hung_up;
/* Of the handlers alone: when the run was told to end, and by which. */
static volatile sig_atomic_t ended_with;
static volatile int64_t ended_ns;

/* Only wakes the loop: what happened is in the flags. */
static void wake(void)
{
	uint64_t one = 1;
	int error = errno;

	if (write((int)wake_fd, &one, sizeof(one)) < 0)
		errno = error;
	errno = error;
}

static void on_hangup(int number)
{
	hung_up = number;
	wake();
}

static int64_t steady_ns(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/*
 * The same signal at once again is the first one: timeout(1) sends it to the
 * process and to its group. Runs with all of them blocked.
 */
static void on_again(int number)
{
	int error = errno;

	if (number != ended_with || steady_ns() - ended_ns > ECHO_NS) {
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = error;
}

static void on_end(int number)
{
	int error = errno;

	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		struct sigaction action;

		if (sigaction(caught[i], NULL, &action) == 0 &&
		    action.sa_handler == on_end) {
			action.sa_handler = on_again;
			sigaction(caught[i], &action, NULL);
		}
	}
	ended_ns = steady_ns();
	ended_with = number;
	ended_by = number;
	wake();
	errno = error;
}

static void catch (int number, void (*handler)(int))
{
	struct sigaction action = {0};

	if (sigaction(number, NULL, &action) == 0 &&
	    action.sa_handler == SIG_IGN)
		return;
	action = (struct sigaction){.sa_handler = handler};
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaddset(&action.sa_mask, caught[i]);
	sigaction(number, &action, NULL);
}

int signals_open(struct signals *signals, bool hangup_reopens,
		 struct loop *loop, struct error *error)
{
	/* Where five descriptors must do, a pipe has one too many. */
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return error_system(error, errno, "cannot make an eventfd");
	signals->watch = (struct loop_watch){.fd = fd, .events = POLLIN};
	if (loop_watch_add(loop, &signals->watch, error) != 0) {
		close(fd);
		return -1;
	}
	wake_fd = fd;
	catch (SIGINT, on_end);
	catch (SIGTERM, on_end);
	catch (SIGHUP, hangup_reopens ? on_hangup : on_end);
	return 0;
}

int signals_next(struct signals *signals)
{
	uint64_t count;
	int number;

	/* First this, or a signal in between would wake nobody. */
	if (signals->watch.ready &&
	    read(signals->watch.fd, &count, sizeof(count)) > 0)
		signals->watch.ready = 0;
	number = (int)ended_by;
	if (number != 0) {
		ended_by = 0;
		return number;
	}
	number = (int)hung_up;
	if (number != 0)
		hung_up = 0;
	return number;
}

void signals_close(struct signals *signals, struct loop *loop)
{
	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		struct sigaction action;

		if (sigaction(caught[i], NULL, &action) == 0 &&
		    (action.sa_handler == on_end ||
		     action.sa_handler == on_again ||
		     action.sa_handler == on_hangup))
			signal(caught[i], SIG_DFL);
	}
	wake_fd = -1;
	loop_watch_remove(loop, &signals->watch);
	close(signals->watch.fd);
}

static void unblock(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void signals_set_output(void)
{
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	unblock(SIGPIPE);
}

void signals_end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
	unblock(number);
}
