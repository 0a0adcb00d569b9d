#include "directory/directory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "directory/query.h"

/* Where ids are looked up, by how JIGATE_MEETING_LOOKUP begins. */
static const struct {
    const char *begin;
    int (*alloc)(struct directory **dp, const struct config *cfg,
                 struct event_base *base, struct log *log);
} kinds[] = {
    {"direct", direct_alloc},
    {"https://", mapper_alloc},
    {"http://", mapper_alloc},
};

int directory_alloc(struct directory **dp, const struct config *cfg,
                    struct event_base *base, struct log *log)
{
    const char *where = cfg->meeting_lookup;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strncmp(where, kinds[i].begin, strlen(kinds[i].begin)) == 0)
            return kinds[i].alloc(dp, cfg, base, log);
    log_line(log, LOG_ERROR, NULL,
             "JIGATE_MEETING_LOOKUP: expected direct or a URL, got \"%s\"",
             where);
    return EINVAL;
}

void directory_free(struct directory *d)
{
    if (d)
        d->ops->free(d);
}

struct directory_query *directory_lookup(struct directory *d, const char *id,
                                         const char *caller, const char *call,
                                         directory_h *h, void *arg)
{
    return d->ops->lookup(d, id, caller, call, h, arg);
}

void directory_cancel(struct directory_query *q, struct directory *d)
{
    if (q)
        d->ops->cancel(q);
}

void directory_query_init(struct directory_query *q, const char *call,
                          directory_h *h, void *arg)
{
    q->h = h;
    q->arg = arg;
    snprintf(q->call, sizeof(q->call), "%s", call ? call : "");
}

struct directory_answer directory_answer_of(enum directory_status status)
{
    return (struct directory_answer){
        .status = status,
        .conference = "",
        .room = "",
        .token = "",
        .password = "",
    };
}
