/**
 * Digest authentication, client side (RFC 3261 section 22, RFC 7616 and
 * RFC 8760): MD5 and SHA-256, qop "auth", and none for servers of RFC 2069.
 *
 * Not thread-safe: one thread owns a struct digest_client.
 */
#ifndef ENGINE_EMBEDDED_DIGEST_CLIENT_H
#define ENGINE_EMBEDDED_DIGEST_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    DIGEST_CLIENT_VALUE_MAX = 512,    /* bytes of realm, nonce, opaque */
    DIGEST_CLIENT_ANSWER_SIZE = 4096, /* bytes of an answer, NUL included */
};

/** The challenge that is answered; all zero bytes: none yet. */
struct digest_client {
    bool challenged;
    bool proxy;  /* 407: the answer goes into Proxy-Authorization */
    bool sha256; /* else MD5 */
    bool named;  /* the challenge named its algorithm */
    bool qop;
    uint32_t count; /* answers to this nonce */
    char realm[DIGEST_CLIENT_VALUE_MAX + 1];
    char nonce[DIGEST_CLIENT_VALUE_MAX + 1];
    char opaque[DIGEST_CLIENT_VALUE_MAX + 1];
};

/**
 * Take one challenge, in place of the one before.
 *
 * @param params  As for digest_params_read().
 * @param stale   Set: the credentials before were right, their nonce old.
 * @return 0; ENOTSUP: an algorithm or qop that we do not speak, try the next
 * header; EINVAL: broken. Nothing is changed then.
 */
int digest_client_take(struct digest_client *dc, const char *const *params,
                       bool proxy, bool *stale);

/**
 * Write the value of Authorization (or Proxy-Authorization): each call is
 * for one request.
 *
 * @param user    Without quotes, backslashes and control characters.
 * @param method  Of the request, e.g. "REGISTER".
 * @param uri     Request URI as it is sent.
 * @return 0, or EIO (no challenge, no randomness, too long; out is "").
 */
int digest_client_answer(struct digest_client *dc, const char *user,
                         const char *password, const char *method,
                         const char *uri, char out[DIGEST_CLIENT_ANSWER_SIZE]);

/** The same with a cnonce that is given, for the vectors of RFC 7616. */
int digest_client_answer_with(struct digest_client *dc, const char *user,
                              const char *password, const char *method,
                              const char *uri, const char *cnonce,
                              char out[DIGEST_CLIENT_ANSWER_SIZE]);

#endif
