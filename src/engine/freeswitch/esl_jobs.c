#include "engine/freeswitch/esl_jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct esl_job *at(const struct esl_jobs *j, uint64_t number)
{
    return &j->ring[number & (ESL_JOBS_MAX - 1)];
}

int esl_jobs_init(struct esl_jobs *j)
{
    j->ring = calloc(ESL_JOBS_MAX, sizeof(*j->ring));
    j->first = j->next = 1;
    return j->ring ? 0 : ENOMEM;
}

void esl_jobs_reset(struct esl_jobs *j)
{
    free(j->ring);
    memset(j, 0, sizeof(*j));
}

void esl_jobs_clear(struct esl_jobs *j)
{
    j->first = j->next;
}

bool esl_jobs_room(const struct esl_jobs *j)
{
    return j->next - j->first < ESL_JOBS_MAX;
}

void esl_jobs_add(struct esl_jobs *j, const struct esl_job *job)
{
    struct esl_job *slot = at(j, j->next);

    *slot = *job;
    slot->number = j->next++;
}

static void skip_done(struct esl_jobs *j)
{
    while (j->first < j->next && !at(j, j->first)->number)
        j->first++;
}

bool esl_jobs_take(struct esl_jobs *j, uint64_t number, struct esl_job *out)
{
    struct esl_job *slot = at(j, number);

    if (number < j->first || number >= j->next || slot->number != number)
        return false;
    *out = *slot;
    slot->number = 0;
    skip_done(j);
    return true;
}

bool esl_jobs_take_first(struct esl_jobs *j, struct esl_job *out)
{
    skip_done(j);
    return esl_jobs_take(j, j->first, out);
}

bool esl_jobs_take_late(struct esl_jobs *j, uint64_t now, struct esl_job *out)
{
    for (uint64_t n = j->first; n < j->next; n++) {
        if (at(j, n)->number && at(j, n)->due <= now)
            return esl_jobs_take(j, n, out);
    }
    return false;
}
