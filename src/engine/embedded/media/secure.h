/**
 * SRTP and SRTCP (RFC 3711) of one leg, by libsrtp. A packet that does not
 * pass is refused and changes nothing. For one thread at a time.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_SECURE_H
#define ENGINE_EMBEDDED_MEDIA_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/sdp/crypto.h"

/** Bytes that a packet may grow by when it is protected. */
enum { SECURE_TRAILER_MAX = 160 };

struct secure;

/** Make libsrtp ready, for the life of the process, before any thread uses it.
 *  May be called again. Returns 0, or EIO: it does not work. */
int secure_start(void);

/**
 * @param c  With a suite other than MEDIA_PLAIN; the keys are copied.
 * @return 0, EINVAL (no such suite) or ENOMEM.
 */
int secure_alloc(struct secure **sp, const struct media_crypto *c);
void secure_free(struct secure *s);

/**
 * Take what was agreed anew. A direction whose suite and key are those of
 * before goes on counting packets; begun anew, it would use its key a second
 * time for the same numbers (RFC 3711 sections 3.3.1 and 9.1).
 *
 * @return as secure_alloc(); on failure all is as before.
 */
int secure_renew(struct secure *s, const struct media_crypto *c);

/**
 * Encrypt and sign a packet in place.
 *
 * @param packet  With SECURE_TRAILER_MAX bytes of room behind it.
 * @param len     Its length; set to the new one.
 * @return 0, or EBADMSG: a number that was sent already, or keys used up.
 */
int secure_protect(struct secure *s, uint8_t *packet, size_t *len);
int secure_protect_rtcp(struct secure *s, uint8_t *packet, size_t *len);

/**
 * Check and decrypt a packet in place.
 * @return 0, or EBADMSG: not signed with the far side's key, or seen before.
 */
int secure_unprotect(struct secure *s, uint8_t *packet, size_t *len);
int secure_unprotect_rtcp(struct secure *s, uint8_t *packet, size_t *len);

#endif
