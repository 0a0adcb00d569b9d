/**
 * The connections of a TLS front: found by either of their ends, in the order
 * in which something was last heard on them. Not locked.
 */
#ifndef ENGINE_EMBEDDED_TLS_TABLE_H
#define ENGINE_EMBEDDED_TLS_TABLE_H

#include <stdbool.h>

#include "base/address.h"
#include "engine/embedded/tls/tls_link.h"

enum { TLS_TABLE_BUCKETS = 1024 };

/** All zero is an empty table. */
struct tls_table {
    struct tls_link *first; /* heard last */
    struct tls_link *last;
    struct tls_link *by_outer[TLS_TABLE_BUCKETS];
    struct tls_link *by_inner[TLS_TABLE_BUCKETS];
};

/** How many connections there are. */
struct tls_count {
    unsigned all;
    unsigned unproven; /* … whose handshake is not done */
    unsigned source;   /* … of one network: address_same_network() */
    unsigned source_unproven;
};

/** Add a connection as heard last; its outer address is set. */
void tls_table_add(struct tls_table *t, struct tls_link *l);

/** Its inner address is known: it can be found by it from now on. */
void tls_table_ready(struct tls_table *t, struct tls_link *l);

/** Something was heard on it. */
void tls_table_heard(struct tls_table *t, struct tls_link *l);

void tls_table_remove(struct tls_table *t, struct tls_link *l);

/** The connection whose outer end this is; NULL: none. */
struct tls_link *tls_table_outer(const struct tls_table *t,
                                 union address_ref outer);

/** The connection whose inner end this is; NULL: none that is ready. */
struct tls_link *tls_table_inner(const struct tls_table *t,
                                 union address_ref inner);

void tls_table_count(const struct tls_table *t, union address_ref source,
                     struct tls_count *n);

/**
 * The connection that was silent for longest, but for those that are kept.
 * @param source  Of this network alone; NULL: of all.
 */
struct tls_link *tls_table_idle(const struct tls_table *t,
                                const struct sockaddr *source);

#endif
