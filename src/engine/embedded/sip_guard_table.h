/**
 * The guard's memory: a bounded hash table of sources that forgets whom it
 * heard of least recently. Private to sip_guard.c.
 */
#ifndef ENGINE_EMBEDDED_SIP_GUARD_TABLE_H
#define ENGINE_EMBEDDED_SIP_GUARD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

/** A source: an IPv4 address, or the /64 of an IPv6 address. */
struct sip_guard_source {
    uint64_t address[2];
    bool begun;            /* set once the numbers below are */
    uint64_t tokens_at;    /* when tokens was right, ms */
    uint64_t tokens;       /* requests allowed at once, in thousandths */
    uint64_t minute_at;    /* when the minute began that is counted in */
    unsigned overruns;     /* requests above the rate in that minute */
    unsigned failures;     /* wrong credentials in that minute */
    bool told;             /* that it is dropped, in that minute */
    unsigned failures_row; /* wrong credentials since the last right ones */
    uint64_t silent_until; /* after too many wrong credentials */
    unsigned unanswered;   /* challenges since one was answered */
    uint64_t quiet_until;  /* no challenge before */
    bool quiet_told;
    uint64_t challenged_at;
    uint64_t challenged;   /* hash of the transaction challenged last */
    unsigned repeats;      /* of that challenge */
    uint64_t banned_until; /* 0: not banned */
    unsigned bans;         /* since it last authenticated */
    uint64_t known_until;  /* authenticated, thus exempt, until */
    uint32_t chain;        /* next with the same hash, index + 1 */
    uint32_t newer, older; /* in its list, index + 1 */
    bool held;             /* in the list of those kept longer */
};

struct sip_guard_table;

/** @param max  Sources held, at least 16. @return 0, EINVAL, ENOMEM, EIO. */
int sip_guard_table_alloc(struct sip_guard_table **tp, size_t max);
void sip_guard_table_free(struct sip_guard_table *t);

/**
 * Find a source, or make it (all zero), in place of the oldest when full.
 * It becomes the one heard of most recently.
 * @return NULL when the address is neither IPv4 nor IPv6.
 */
struct sip_guard_source *sip_guard_table_get(struct sip_guard_table *t,
                                             const struct sockaddr *sa,
                                             uint64_t now);

/** Make a source the one heard of most recently; call it after a ban or an
 *  authentication, which put it into the other list. */
void sip_guard_table_touch(struct sip_guard_table *t,
                           struct sip_guard_source *s, uint64_t now);

/** Sources in the table. */
size_t sip_guard_table_count(const struct sip_guard_table *t);

/** Hash that outsiders cannot foresee; never 0. */
uint64_t sip_guard_table_hash(const struct sip_guard_table *t,
                              struct slice text);

#endif
