/*
 * What the parts of survey share; nobody else includes this.
 *
 *     survey_group.c   what a group committed, and what beside the offsets
 *     survey_topic.c   how a topic is kept
 *     survey.c         the questions and their order
 */
#ifndef KAFKA_SURVEY_PARTS_H
#define KAFKA_SURVEY_PARTS_H

#include "kafka/survey.h"

/* What is left of its time, at least 1. */
int survey_rest_ms(const struct survey *survey);

/* Sets result and why: "WHAT 'NAME': REASON". */
void survey_fail(struct survey *survey, rd_kafka_resp_err_t code,
		 const char *what, const char *name);

/*
 * Fills in what the group committed of the partitions, and `born`. An error
 * without survey->result set is for the caller to say.
 */
rd_kafka_resp_err_t survey_committed(struct survey *survey) MUST_CHECK;

/*
 * Topics that are compacted lose deltas: false, and said. A broker that does
 * not let us ask is believed.
 */
bool survey_check_kept(struct survey *survey) MUST_CHECK;

#endif
