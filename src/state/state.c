#include "state/state.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "state/store.h"

struct state {
	struct store store; /* the thread's, while a save is running */
	pthread_t thread;
	int event_fd; /* written to when a save has ended */
	uint64_t last;

	pthread_mutex_t mutex; /* for what follows */
	pthread_cond_t wake;   /* the thread: there is something to do */
	bool is_waiting;       /* a savepoint, for the thread to take */
	bool is_ending;
	bool is_read; /* state_forget_kept() was called */
	enum state_status status;
	struct savepoint savepoint; /* to be saved; else memory to use again */
	uint64_t taken;
	struct error error;
};

/* --- in the thread -------------------------------------------------------- */

static void answer(struct state *state, enum state_status status,
		   struct savepoint *spare, const struct error *error)
{
	static const uint64_t one = 1;
	ssize_t put;

	pthread_mutex_lock(&state->mutex);
	state->status = status;
	state->savepoint = *spare;
	if (status == STATE_FAILED)
		state->error = *error;
	/* While the owner cannot take the answer, else it would stay ready. */
	do
		put = write(state->event_fd, &one, sizeof(one));
	while (put < 0 && errno == EINTR);
	pthread_mutex_unlock(&state->mutex);
}

static bool has_work(struct state *state)
{
	bool has;

	pthread_mutex_lock(&state->mutex);
	has = state->is_waiting || state->is_ending;
	pthread_mutex_unlock(&state->mutex);
	return has;
}

/* What is pending moves when it is folded. */
static bool may_tidy(struct state *state)
{
	bool may;

	pthread_mutex_lock(&state->mutex);
	may = state->is_read;
	pthread_mutex_unlock(&state->mutex);
	return may;
}

static void save(struct state *state, struct savepoint *savepoint,
		 uint64_t taken)
{
	struct error error;
	enum state_status status = STATE_IDLE;

	if (store_save(&state->store, savepoint, taken, &error) < 0)
		status = STATE_FAILED;
	answer(state, status, savepoint, &error);
	/* Rows wait for the answer, not for this. Some of it is done each time,
	 * so that it does not pile up. */
	while (may_tidy(state) && store_tidy(&state->store) && !has_work(state))
		;
}

static void *thread_main(void *argument)
{
	struct state *state = argument;

	pthread_mutex_lock(&state->mutex);
	while (!state->is_ending || state->is_waiting) {
		struct savepoint savepoint;
		uint64_t taken;

		if (!state->is_waiting) {
			pthread_cond_wait(&state->wake, &state->mutex);
			continue;
		}
		savepoint = state->savepoint;
		savepoint_init(&state->savepoint);
		taken = state->taken;
		state->is_waiting = false;
		pthread_mutex_unlock(&state->mutex);
		save(state, &savepoint, taken);
		pthread_mutex_lock(&state->mutex);
	}
	pthread_mutex_unlock(&state->mutex);
	return NULL;
}

/* --- opening and closing -------------------------------------------------- */

static int start_thread(struct state *state)
{
	sigset_t all, before;
	int number;

	/* Signals are for the loop: one that came here would not wake it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(&state->thread, NULL, thread_main, state);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return number;
}

static int start(struct state *state, struct error *error)
{
	int number;

	pthread_mutex_init(&state->mutex, NULL);
	pthread_cond_init(&state->wake, NULL);
	savepoint_init(&state->savepoint);
	state->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (state->event_fd < 0)
		return error_system(error, errno, "cannot make an eventfd");
	number = start_thread(state);
	if (number == 0)
		return 0;
	close(state->event_fd);
	return error_system(error, number, "cannot start a thread");
}

int state_open(struct state **state, const char *path, const char *query,
	       struct error *error)
{
	struct state *opened = calloc(1, sizeof(*opened));

	if (!opened)
		return error_set(error, "out of memory");
	if (store_open(&opened->store, path, query, error) < 0) {
		free(opened);
		return -1;
	}
	opened->last = opened->store.last;
	if (start(opened, error) < 0) {
		store_close(&opened->store);
		free(opened);
		return -1;
	}
	*state = opened;
	return 0;
}

void state_close(struct state *state)
{
	if (!state)
		return;
	pthread_mutex_lock(&state->mutex);
	state->is_ending = true;
	pthread_cond_signal(&state->wake);
	pthread_mutex_unlock(&state->mutex);
	pthread_join(state->thread, NULL);
	store_close(&state->store);
	savepoint_release(&state->savepoint);
	pthread_cond_destroy(&state->wake);
	pthread_mutex_destroy(&state->mutex);
	close(state->event_fd);
	free(state);
}

/* --- what was read -------------------------------------------------------- */

const struct savepoint *state_kept(const struct state *state)
{
	return &state->store.kept;
}

const struct savepoint *state_pending(const struct state *state, size_t index)
{
	const struct store *store = &state->store;

	if (index >= store->count - store->taken)
		return NULL;
	return &store->pending[store->taken + index].savepoint;
}

uint64_t state_pending_number(const struct state *state, size_t index)
{
	const struct store *store = &state->store;

	return store->pending[store->taken + index].number;
}

uint64_t state_last(const struct state *state)
{
	return state->last;
}

void state_forget_kept(struct state *state)
{
	savepoint_release(&state->store.kept);
	pthread_mutex_lock(&state->mutex);
	state->is_read = true;
	pthread_mutex_unlock(&state->mutex);
}

/* --- saving --------------------------------------------------------------- */

int state_fd(const struct state *state)
{
	return state->event_fd;
}

void state_save(struct state *state, struct savepoint *savepoint,
		uint64_t taken)
{
	struct savepoint spare;

	pthread_mutex_lock(&state->mutex);
	if (state->status != STATE_FAILED) {
		spare = state->savepoint;
		state->savepoint = *savepoint;
		*savepoint = spare;
		state->taken = taken;
		state->is_waiting = true;
		state->status = STATE_SAVING;
		state->last++;
		pthread_cond_signal(&state->wake);
	}
	pthread_mutex_unlock(&state->mutex);
	savepoint_clear(savepoint);
}

/* With the mutex held. */
static enum state_status take_status(struct state *state, struct error *error)
{
	uint64_t count;

	if (state->status == STATE_SAVING)
		return STATE_SAVING;
	if (state->status == STATE_FAILED)
		*error = state->error;
	/* Empty, when it was taken already. */
	if (read(state->event_fd, &count, sizeof(count)) < 0)
		return state->status;
	return state->status;
}

enum state_status state_poll(struct state *state, struct error *error)
{
	enum state_status status;

	pthread_mutex_lock(&state->mutex);
	status = take_status(state, error);
	pthread_mutex_unlock(&state->mutex);
	return status;
}

static int64_t monotonic_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* On the descriptor, as the loop does: a library that fakes the time, by which
 * clocks that step are tried, ends the wait for a condition variable at once.
 */
enum state_status state_wait(struct state *state, int timeout_ms,
			     struct error *error)
{
	struct pollfd answered = {.fd = state->event_fd, .events = POLLIN};
	int64_t end_ms = monotonic_ms() + timeout_ms;
	enum state_status status = state_poll(state, error);
	int64_t left_ms = timeout_ms;

	while (status == STATE_SAVING && left_ms > 0) {
		/* A signal ends it early. */
		if (poll(&answered, 1, (int)left_ms) < 0 && errno != EINTR)
			break;
		left_ms = end_ms - monotonic_ms();
		status = state_poll(state, error);
	}
	return status;
}
