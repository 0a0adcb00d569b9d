/**
 * Nonces of the digest challenge (RFC 7616 section 5.4): no memory is spent
 * on a challenge, only on one that was answered rightly.
 *
 * A nonce is hex of time, random bytes and their HMAC-SHA256 under a key
 * that is drawn anew in each process, over the realm as well. It is not bound
 * to an address, for phones roam. The nonce count (nc) of each used nonce is
 * kept in a table of bounded size, so that a recorded request cannot be sent
 * again; when the table overflows the oldest nonces count as expired, which
 * costs their owners one more challenge and nobody a replay.
 *
 * Not thread-safe: one thread owns a set.
 */
#ifndef ENGINE_EMBEDDED_NONCE_H
#define ENGINE_EMBEDDED_NONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { NONCE_SIZE = 65 }; /* characters of a nonce, NUL included */

struct nonces;

enum nonce_state {
    NONCE_FRESH,
    NONCE_EXPIRED, /* ours, but too old */
    NONCE_FORGED,  /* not made by this process, or for another realm */
};

/**
 * @param realm        Bound into each nonce; copied.
 * @param lifetime_ms  How long a nonce may be used after it was made.
 * @param max          Used nonces remembered, at least 8.
 * @return 0, EINVAL, ENOMEM, or EIO when no random key could be had.
 */
int nonces_alloc(struct nonces **np, const char *realm, uint32_t lifetime_ms,
                 size_t max);
void nonces_free(struct nonces *n);

/**
 * Make a nonce.
 *
 * @param now  ms on any clock that does not go back.
 * @return 0, or EIO (out set to "").
 */
int nonce_make(const struct nonces *n, uint64_t now, char out[NONCE_SIZE]);

/** Whether a nonce is ours and young enough; takes the same time for each
 *  forged one of the right length. */
enum nonce_state nonce_check(const struct nonces *n, struct slice nonce,
                             uint64_t now);

/**
 * Use up one nonce count (RFC 7616 section 3.4, nc): call it once the rest
 * of the credentials proved right.
 *
 * Counts may come out of order within 64 of the highest (a phone's requests
 * over UDP overtake each other).
 *
 * @return true the first time; false for a count seen before, too far behind
 * or 0, for a nonce that is not fresh, and for one pushed out of the table.
 */
bool nonce_use(struct nonces *n, struct slice nonce, uint32_t nc,
               uint64_t now);

#endif
