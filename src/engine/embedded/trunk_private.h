/**
 * Private to trunk*.c.
 */
#ifndef ENGINE_EMBEDDED_TRUNK_PRIVATE_H
#define ENGINE_EMBEDDED_TRUNK_PRIVATE_H

#include "engine/embedded/resolve.h"
#include "engine/embedded/trunk.h"

/** How often a nonce was answered: a registrar may give one and the same to
 *  REGISTER and to calls, and looks at the count (RFC 7616 section 3.4). */
struct trunk_nonce {
    uint64_t key; /* of the nonce */
    uint32_t count;
};

enum { TRUNK_NONCES = 16 };

enum { TRUNK_USER_SIZE = 33, TRUNK_HOST_SIZE = 260, TRUNK_DETAIL_SIZE = 512 };

struct trunk {
    struct ua *ua;
    struct ua_side *side;
    char user[TRUNK_USER_SIZE];   /* random, of our Contact */
    char domain[TRUNK_HOST_SIZE]; /* in brackets where it has to be */
    char call_id[64];             /* of all REGISTERs … */
    char tag[20];
    uint32_t cseq;      /* … and of the last one */
    uint32_t expires_s; /* that we ask for */

    /* an attempt to register */
    struct resolve *resolve;
    uint64_t resolve_until; /* patience, ms */
    struct sockaddr_storage addresses[RESOLVE_MAX];
    size_t n_addresses, at; /* which of them is tried */
    bool linking;           /* TLS: waiting for the connection */
    uint64_t taken_until;   /* … for the stack to take it: patience, ms */
    nta_outgoing_t *orq;
    struct trunk_auth auth;
    struct timer timer; /* for an answer, or for the next attempt */
    unsigned failures;  /* in a row */
    bool leaving;       /* the registration is taken back */
    bool done;          /* … and that is over */

    /* what holds at present */
    struct trunk_nonce nonces[TRUNK_NONCES]; /* the last ones, in a ring */
    unsigned next_nonce;
    bool registered;
    uint64_t registered_at;       /* since when, ms */
    struct sockaddr_storage home; /* where, while registered */
    unsigned told_port;           /* TLS: of our Contact there, 0: none */
    struct timer lapse_timer;
    bool told_registered;
    char told[TRUNK_DETAIL_SIZE]; /* last detail */
};

/** Whether the response came from there; if not it is logged. */
bool trunk_response_is_from(const struct trunk *t, nta_outgoing_t *orq,
                            const struct sockaddr *at);

/** Send a REGISTER to the address that is tried. 0 or ENOMEM. */
int trunk_register(struct trunk *t, nta_response_f *h);

/* ---- trunk.c: for trunk_link.c ---- */

/** Register over what there is. */
void trunk_send(struct trunk *t);

/** The address that is tried will not do: on to the next, or later. */
void trunk_next(struct trunk *t, const char *why);

/** The registration is void; telling so is the caller's. */
void trunk_unregistered(struct trunk *t);

/** Tell why we are not registered, and begin anew so much later. */
void trunk_again(struct trunk *t, const char *why, uint64_t ms);

/* ---- trunk_link.c: the TLS connection ---- */

/** Whether the trunk is reached by TLS. */
bool trunk_is_tls(const struct trunk *t);

/** Whether it is registered long enough for what failed before to be past: a
 *  TLS connection that ends sooner is a failure of its own. */
bool trunk_held(const struct trunk *t);

/** Have a connection to the address that is tried, then trunk_send(). */
void trunk_link(struct trunk *t);

/** Give it up: the next attempt opens another. */
void trunk_unlink(struct trunk *t);

#endif
