/*
 * error: why something could not be done, in the words that the user reads.
 *
 * A function that can fail returns -1 (or says so in its enum) and leaves one
 * line in the caller's struct error: what, where and, if it helps, what to do;
 * without a newline and without "ordercount: ". On success it is not touched.
 * Bad data is never an error: it is a counted reject.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define MUST_CHECK		 __attribute__((warn_unused_result))

struct error {
	char message[1024];
};

/* Formats the message, cut at the size of struct error. Returns -1. */
int error_set(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same, with ": " and the text of the system's error number behind it. */
int error_system(struct error *error, int number, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
