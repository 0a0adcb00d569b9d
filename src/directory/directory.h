/**
 * Meeting ids: from the digits a caller keyed to a room. Where they are
 * looked up is told by JIGATE_MEETING_LOOKUP: "direct" (the digits are the
 * room), "builtin" (our own mapper, a later chapter) or a URL template with
 * {id} and {caller}.
 */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include <stdbool.h>

#include "base/log.h"
#include "config/config.h"

struct event_base;
struct directory;
struct directory_query;

enum directory_status {
    DIRECTORY_FOUND,
    DIRECTORY_UNKNOWN, /* no such id */
    DIRECTORY_FAILED,  /* could not be asked, or the answer made no sense */
};

/** What a lookup found. Texts are never NULL, "" when absent. */
struct directory_answer {
    enum directory_status status;
    const char *conference; /* verbatim from the mapper: goes into the room
                               header as it is; validated: UTF-8 without
                               control characters, < 512 bytes */
    const char *room;       /* set by "direct": a room to be treated like a
                               dialled one; else "" */
    const char *token;      /* JWT */
    const char *password;
    bool passcode; /* the meeting is protected: ask for it */
};

/** Called exactly once for each query, from the loop, unless cancelled. */
typedef void directory_h(const struct directory_answer *a, void *arg);

/** How an implementation looks like; see direct.c, http.c. */
struct directory_ops {
    struct directory_query *(*lookup)(struct directory *d, const char *id,
                                      const char *caller, const char *call,
                                      directory_h *h, void *arg);
    void (*cancel)(struct directory_query *q);
    void (*free)(struct directory *d);
};

/** First member of every implementation. */
struct directory {
    const struct directory_ops *ops;
};

/**
 * Make the directory that the settings name.
 * @return 0, EINVAL (template not usable, reason logged) or ENOMEM.
 */
int directory_alloc(struct directory **dp, const struct config *cfg,
                    struct event_base *base, struct log *log);
void directory_free(struct directory *d);

/**
 * Look up an id.
 *
 * @param id      Digits as keyed, 1 to 32.
 * @param caller  Caller's number, any text; it is percent-encoded.
 * @param call    Call id for log lines.
 * @return the query, to be cancelled or forgotten once answered; NULL when
 * out of memory (the handler is not called).
 */
struct directory_query *directory_lookup(struct directory *d, const char *id,
                                         const char *caller, const char *call,
                                         directory_h *h, void *arg);
/** Forget a query that has not been answered. NULL is allowed. */
void directory_cancel(struct directory_query *q, struct directory *d);

#endif
