/**
 * The registrar's bindings (RFC 3261 section 10.3): which contacts each user
 * has, where they were registered from, until when, and whether they answer.
 *
 * Pure bookkeeping: time comes as an argument, in ms of wall-clock time
 * (bindings outlive the process); what to send, and storing, is the caller's.
 * Not thread-safe.
 */
#ifndef ENGINE_EMBEDDED_REGISTRAR_H
#define ENGINE_EMBEDDED_REGISTRAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "engine/engine.h"

enum {
    REGISTRAR_ID_SIZE = 17, /* bytes, NUL included, as all of these */
    REGISTRAR_USER_SIZE = 128,
    REGISTRAR_URI_SIZE = 512,
    REGISTRAR_CALL_ID_SIZE = 256,
    REGISTRAR_INSTANCE_SIZE = 128,
    REGISTRAR_CONTACTS_MAX = 64, /* of one user, and in one request */
    REGISTRAR_PING_MS = 15000,   /* between OPTIONS to one contact */
};

enum registrar_transport {
    REGISTRAR_UDP,
    REGISTRAR_TCP,
    REGISTRAR_TLS,
    REGISTRAR_TRANSPORTS,
};

/** A user who may register. The name is copied; no two are the same. */
struct registrar_user {
    const char *name;
    enum engine_side side;
    unsigned max_contacts; /* 1 to REGISTRAR_CONTACTS_MAX */
    uint32_t min_s;        /* shorter wishes get 423 with Min-Expires */
    uint32_t max_s;        /* longer ones are shortened to it; no wish: it */
};

/** One contact of one user. Read only. */
struct registrar_binding {
    char id[REGISTRAR_ID_SIZE]; /* engine_contact.id: stays the same while
                                   the contact is refreshed, and over a
                                   restart; hex digits */
    char user[REGISTRAR_USER_SIZE];
    char uri[REGISTRAR_URI_SIZE]; /* checked: printable ASCII, no <>" or
                                     blank; request URI of what we send */
    char instance[REGISTRAR_INSTANCE_SIZE]; /* +sip.instance, or "" */
    char call_id[REGISTRAR_CALL_ID_SIZE];
    uint32_t cseq;
    struct sockaddr_storage source; /* where the REGISTER came from, and
                                       where requests go (RFC 3581) */
    enum registrar_transport transport;
    enum engine_side side;
    uint64_t expires_at;   /* wall clock, ms */
    uint64_t order;        /* grows with each registration that is new, a
                              refresh (same Call-ID) keeps it */
    bool reachable;        /* answered the last OPTIONS; who registers anew
                              counts as reachable until proven otherwise */
    uint64_t ping_at;      /* next OPTIONS due, wall clock, ms */
    uint64_t refreshed_at; /* last REGISTER, wall clock, ms */
};

enum registrar_change {
    REGISTRAR_ADDED,
    REGISTRAR_CHANGED,   /* URI, source, order or reachability */
    REGISTRAR_REFRESHED, /* expiry and CSeq only: worth storing, not telling */
    REGISTRAR_REMOVED,   /* expired, unregistered, pushed out by a newer one */
};

/** Told of each change after it was made, all of a request's changes after
 *  the last. The binding is valid during the call. The handler must not call
 *  back into functions that change bindings. */
typedef void registrar_change_h(enum registrar_change what,
                                const struct registrar_binding *b, void *arg);

/** A Contact header field value of a REGISTER. */
struct registrar_contact {
    struct slice uri;      /* without <> */
    struct slice instance; /* value of +sip.instance, may be empty */
    bool has_expires;      /* expires parameter given … */
    uint32_t expires_s;    /* … and its value */
};

struct registrar_request {
    const char *user; /* whose bindings: the authenticated user */
    enum engine_side side;
    const struct sockaddr *source;
    enum registrar_transport transport;
    struct slice call_id;
    uint32_t cseq;
    const struct registrar_contact *contacts; /* n = 0: query only */
    size_t n_contacts;
    bool star;          /* "Contact: *", alone and with Expires: 0 */
    bool has_expires;   /* Expires header given … */
    uint32_t expires_s; /* … and its value */
};

struct registrar;

/**
 * @param users    Who may register; nobody else can have bindings.
 * @param n_users  1 to 16.
 * @param h        May be NULL.
 * @return 0, EINVAL or ENOMEM.
 */
int registrar_alloc(struct registrar **rp, const struct registrar_user *users,
                    size_t n_users, registrar_change_h *h, void *arg);

/** Free, telling nobody: bindings are meant to outlive the program. */
void registrar_free(struct registrar *r);

/**
 * Carry out a REGISTER, wholly or not at all. A user who is at the limit
 * loses the binding refreshed least recently (unreachable ones first): the
 * stale contacts of a phone that changed its port must not lock it out.
 *
 * @param now  Wall clock, ms.
 * @param min_expires  Set to the Min-Expires to send with 423, else to 0;
 *                     may be NULL.
 * @return SIP status: 200 (answer with all bindings, registrar_next()), 400
 * (malformed: contact, star, CSeq not higher), 403 (no such user on that
 * side), 423 (interval too brief), 503 (more contacts at once than allowed).
 */
unsigned registrar_register(struct registrar *r,
                            const struct registrar_request *rq, uint64_t now,
                            uint32_t *min_expires);

/**
 * Walk through bindings, in no particular order. Expired ones count until
 * registrar_sweep() removed them.
 *
 * @param user  Whose, NULL for everybody's.
 * @param prev  The one before, NULL to begin.
 * @return the next, NULL when there is none.
 */
const struct registrar_binding *registrar_next(
    const struct registrar *r, const char *user,
    const struct registrar_binding *prev);

/** Find by id; NULL when it is gone. */
const struct registrar_binding *registrar_find(const struct registrar *r,
                                               const char *id);

/** The reachable binding of a user that was registered last; NULL if none. */
const struct registrar_binding *registrar_newest(const struct registrar *r,
                                                 const char *user,
                                                 uint64_t now);

/** Number of bindings that have not expired. */
size_t registrar_count(const struct registrar *r, uint64_t now);

/** Whole seconds left, rounded up, for the expires parameter in a 200. */
uint32_t registrar_left_s(const struct registrar_binding *b, uint64_t now);

/** Remove what has expired. */
void registrar_sweep(struct registrar *r, uint64_t now);

/**
 * Take the next contact to send an OPTIONS to. Its next turn is
 * REGISTRAR_PING_MS later.
 * @return NULL when none is due.
 */
const struct registrar_binding *registrar_ping(struct registrar *r,
                                               uint64_t now);

/** When the next expiry or ping is due (wall clock, ms); UINT64_MAX: never.
 *  Cap the wait at a few seconds: wall clocks are set. */
uint64_t registrar_due(const struct registrar *r);

/** An OPTIONS was answered (any final response but 408 and 503), or not.
 *  ids that are gone are ignored. */
void registrar_reachable(struct registrar *r, const char *id, bool reachable);

/**
 * Put back a stored binding, checking every member as if it came from
 * outside. It is due for a ping at once. No change is told for it.
 *
 * @return 0, EINVAL (malformed, or user unknown), ETIMEDOUT (expired, or
 * later than the user may ask for: a clock was wrong), EEXIST or ENOSPC.
 */
int registrar_restore(struct registrar *r, const struct registrar_binding *b,
                      uint64_t now);

#endif
