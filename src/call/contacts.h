/**
 * Registered contacts of one user, as the engine tells them, and how many
 * calls each of them carries: the list from which a call chooses one.
 */
#ifndef CALL_CONTACTS_H
#define CALL_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

enum {
    CONTACTS_MAX = 256,     /* remembered at a time; more are ignored */
    CONTACT_SHY_MS = 15000, /* one that failed is chosen last that long */
    CONTACT_TRIED_MAX = 16, /* contacts that one attempt goes through */
};

struct contacts;

/** One contact. It lives while it is registered or a call holds it. */
struct contact {
    struct contact *next;
    unsigned node;
    uint32_t serial; /* names this registration, never 0 */
    uint64_t order;
    uint64_t failed_until; /* chosen last before this time, ms */
    unsigned calls;
    bool gone;
    bool reachable;
    char *id;
    char *uri;
};

/** Returns 0 or ENOMEM. */
int contacts_alloc(struct contacts **csp);
void contacts_free(struct contacts *cs);

/** A contact is new, changed or gone. Returns 0, ENOMEM, or ENOSPC when
 *  CONTACTS_MAX are there. */
int contacts_update(struct contacts *cs, unsigned node,
                    const struct engine_contact *ec);

/** A node is out of reach: none of its contacts can be called. */
void contacts_void(struct contacts *cs, unsigned node);

/**
 * Choose whom to call: of the reachable ones on this node that are not in
 * tried, one that did not fail just now; of those the one with the fewest
 * calls; of those the newest registration.
 *
 * @param tried  Serials of contacts left out.
 * @return the contact, NULL when none is left.
 */
struct contact *contacts_choose(struct contacts *cs, unsigned node,
                                const uint32_t *tried, size_t n_tried,
                                uint64_t now);

/** The newest registration on this node, of the reachable ones if there are
 *  any; NULL when there is none. */
struct contact *contacts_newest(const struct contacts *cs, unsigned node);

/** Find a contact by its id; made (as gone) where it is not known, for a
 *  call that was read back before its contact. NULL when out of memory. */
struct contact *contacts_find(struct contacts *cs, unsigned node,
                              const char *id);

/** A call uses the contact … */
void contact_hold(struct contact *ct);
/** … and no more. */
void contact_release(struct contacts *cs, struct contact *ct);

#endif
