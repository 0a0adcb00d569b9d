/**
 * Digest authentication, server side (RFC 3261 section 22, RFC 7616).
 *
 * Challenges with MD5 and qop="auth" only. MD5, because that is what Jigasi
 * and nearly all phones speak, and a second challenge for SHA-256 (RFC 8760)
 * makes some of them give up; qop, because without it there is no protection
 * against replay, so clients of RFC 2069 are refused.
 *
 * An unknown user, a user of the other side and a wrong password take the
 * same path: the same hashes over a random secret, compared in constant time.
 *
 * Not thread-safe: one thread owns a struct digest.
 */
#ifndef ENGINE_EMBEDDED_DIGEST_H
#define ENGINE_EMBEDDED_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "engine/engine.h"

enum {
    DIGEST_PARAMS_MAX = 32,     /* parameters in one header */
    DIGEST_VALUE_MAX = 256,     /* bytes of a value … */
    DIGEST_URI_MAX = 1024,      /* … but of uri */
    DIGEST_CHALLENGE_MAX = 512, /* bytes of a challenge, NUL included */
    DIGEST_USERS_MAX = 64,
};

/** Values of an Authorization header, without their quotes; what was not
 *  sent is empty with p NULL. They point into the parameters parsed. */
struct digest_credentials {
    struct slice username;
    struct slice realm;
    struct slice nonce;
    struct slice uri;
    struct slice response;
    struct slice algorithm;
    struct slice cnonce;
    struct slice qop;
    struct slice nc;
};

/** Who may authenticate. The texts are copied. */
struct digest_user {
    const char *name;      /* "user", also accepted as "user@realm" */
    const char *password;  /* not empty */
    enum engine_side side; /* where alone the user exists */
};

enum digest_verdict {
    DIGEST_OK,
    DIGEST_STALE,  /* right, but the nonce is old or its count was used:
                      challenge again with stale=true, hold it against none */
    DIGEST_WRONG,  /* unknown user or wrong password: challenge again while
                      sip_guard_failed() lets you */
    DIGEST_BROKEN, /* not an answer to a challenge of ours (parameter missing
                      or malformed, other realm, no qop, other algorithm):
                      as DIGEST_WRONG */
};

struct digest;

/**
 * Split the parameters of one Authorization or Proxy-Authorization header.
 *
 * @param cr      Set; valid as long as the parameters.
 * @param params  NULL-terminated list of "name=value", the value bare or
 *                quoted, as sofia-sip's au_params. NULL is an empty list.
 * @return 0, or EINVAL: too many or too long, a parameter twice, an open
 * quote, a control character.
 */
int digest_parse(struct digest_credentials *cr, const char *const *params);

/**
 * @param realm        SIP domain of all users; no quote, backslash or
 *                     control character in it.
 * @param lifetime_ms  How long a challenge can be answered.
 * @return 0, EINVAL (realm or a user unfit), ENOMEM or EIO (no randomness).
 */
int digest_alloc(struct digest **dp, const char *realm,
                 const struct digest_user *users, size_t n_users,
                 uint32_t lifetime_ms);
void digest_free(struct digest *d);

/**
 * Write the value of a WWW-Authenticate or Proxy-Authenticate header with a
 * new nonce: Digest realm="…", nonce="…", algorithm=MD5, qop="auth".
 *
 * @param now    ms on a clock that does not go back; the same one as for
 *               digest_check().
 * @param stale  Add stale=true: the secret was right, only the nonce old.
 * @return 0 or EIO (no randomness; out is "").
 */
int digest_challenge(const struct digest *d, uint64_t now, bool stale,
                     char out[DIGEST_CHALLENGE_MAX]);

/** Whether credentials answer a challenge for our realm, rightly or not. A
 *  request may carry several headers, for proxies of other realms, too. */
bool digest_is_ours(const struct digest *d,
                    const struct digest_credentials *cr);

/**
 * Check credentials. The uri is part of the hash but not compared with the
 * request URI, which proxies and NAT helpers rewrite; the nonce count keeps
 * it from being used for a second request.
 *
 * @param side    Where the request came in.
 * @param method  Of the request, e.g. "INVITE".
 * @param user    Set to the user's name as configured when DIGEST_OK, else
 *                to NULL; valid until digest_free().
 */
enum digest_verdict digest_check(struct digest *d, enum engine_side side,
                                 const struct digest_credentials *cr,
                                 struct slice method, uint64_t now,
                                 const char **user);

#endif
