/*
 * operands: what the arguments that are no options stand for.
 */
#ifndef OPERANDS_H
#define OPERANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum operand_kind {
	OPERAND_TCP,
	OPERAND_KAFKA,
	OPERAND_KINESIS,
	OPERAND_STDIN,
	OPERAND_PATH,
};

/* Partitions from one to another, both included. */
struct operand_range {
	unsigned first;
	unsigned last;
};

struct operand {
	enum operand_kind kind;
	char *name;  /* as messages show it: tcp://HOST:PORT, the path, "-" */
	bool by_tls; /* OPERAND_TCP: tls://HOST:PORT */
	char *host;  /* OPERAND_TCP: without brackets, OPERAND_KAFKA: brokers */
	unsigned port;
	/* OPERAND_KAFKA: */
	char **topics;
	size_t topic_count;
	struct operand_range *partitions;
	size_t range_count; /* 0: all partitions */
	/* OPERAND_KINESIS: */
	char *stream;
	char *region;	/* or NULL */
	char *endpoint; /* or NULL */
};

/*
 * Reads kafka://BROKER[,BROKER]/TOPIC[,TOPIC][?partitions=0-3,7], an operand or
 * an option's argument; several topics and partitions only if `many`. -1: it is
 * none, or memory is out; release it all the same.
 */
int operand_read_kafka(struct operand *operand, const char *text, bool many,
		       struct error *error) MUST_CHECK;

/* Reads kinesis://STREAM[?region=R&endpoint=URL]. -1: as above. */
int operand_read_kinesis(struct operand *operand, const char *text,
			 struct error *error) MUST_CHECK;

void operand_release(struct operand *operand);

/*
 * Reads [ADDRESS:]PORT, where to listen; an IPv6 address is in brackets. The
 * address is the caller's, NULL if there is none; what it was is freed. Port 0
 * is one. -1: it is none, or memory is out.
 */
int operands_read_listen(const char *text, char **address, unsigned *port,
			 struct error *error) MUST_CHECK;

/*
 * Reads the operands: HOST PORT, or sources. Looks up whether a file exists,
 * but opens nothing. follow: one that is not there is a FILE that may come. -1:
 * the usage is wrong, or memory is out. The array and its strings are the
 * caller's, for operands_free().
 */
int operands_parse(char **arguments, size_t count, bool follow,
		   struct operand **operands, size_t *operand_count,
		   struct error *error) MUST_CHECK;
void operands_free(struct operand *operands, size_t count);

#endif
