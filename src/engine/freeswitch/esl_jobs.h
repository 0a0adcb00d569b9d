/**
 * What the event socket still owes us: replies in order, jobs by number.
 */
#ifndef ENGINE_FREESWITCH_ESL_JOBS_H
#define ENGINE_FREESWITCH_ESL_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/freeswitch/esl_client.h"

enum { ESL_JOBS_MAX = 8192 }; /* under way at once; a power of two */

struct esl_job {
    uint64_t number; /* 0 when it is over */
    uint64_t due;    /* ms */
    unsigned kind;   /* as the owner likes */
    esl_done_h *h;
    void *arg;
    uint64_t ref;
};

/** A ring of jobs whose numbers grow by one each. */
struct esl_jobs {
    struct esl_job *ring;
    uint64_t first; /* number of the oldest that may be under way */
    uint64_t next;  /* number of the next */
};

/** Make an empty ring. Returns 0 or ENOMEM. */
int esl_jobs_init(struct esl_jobs *j);
void esl_jobs_reset(struct esl_jobs *j);

/** Forget all. */
void esl_jobs_clear(struct esl_jobs *j);

/** Whether another one fits. */
bool esl_jobs_room(const struct esl_jobs *j);

/** Append one; it gets the number j->next. There must be room. */
void esl_jobs_add(struct esl_jobs *j, const struct esl_job *job);

/** Take one out. @return whether it was under way. */
bool esl_jobs_take(struct esl_jobs *j, uint64_t number, struct esl_job *out);

/** Take the oldest one that is under way. @return whether there was one. */
bool esl_jobs_take_first(struct esl_jobs *j, struct esl_job *out);

/** Take one whose time is over. @return whether there was one. */
bool esl_jobs_take_late(struct esl_jobs *j, uint64_t now, struct esl_job *out);

#endif
