/**
 * Inside of directory/: what every implementation has.
 */
#ifndef DIRECTORY_QUERY_H
#define DIRECTORY_QUERY_H

#include "directory/directory.h"

enum { DIRECTORY_CALL_MAX = 33, DIRECTORY_ID_MAX = 32 };

/** First member of every implementation's query. */
struct directory_query {
    directory_h *h;
    void *arg;
    char call[DIRECTORY_CALL_MAX]; /* for log lines */
};

void directory_query_init(struct directory_query *q, const char *call,
                          directory_h *h, void *arg);

/** An answer without texts. */
struct directory_answer directory_answer_of(enum directory_status status);

/** Makers of the implementations; see directory_alloc(). */
int direct_alloc(struct directory **dp, const struct config *cfg,
                 struct event_base *base, struct log *log);
int mapper_alloc(struct directory **dp, const struct config *cfg,
                 struct event_base *base, struct log *log);

#endif
