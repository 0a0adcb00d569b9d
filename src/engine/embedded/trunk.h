/**
 * The trunk: a SIP gateway or provider that we register at, take calls from
 * and send calls to. Lives on the SIP thread (ua.h).
 *
 * A REGISTER (RFC 3261 section 10.2) each minute, or as often as the registrar
 * wants it, with a Contact whose user part is random: a call is the trunk's
 * when it comes from the address that we are registered at *and* calls that
 * user, which nobody else knows. Credentials are given to that address alone.
 *
 * Over TLS (RFC 5630: of one hop) there is one connection, which we open and
 * whose server's certificate is checked; all goes over it, also what the
 * trunk asks of us. When it breaks it is opened anew, and we register again.
 *
 * All functions take NULL for no trunk.
 */
#ifndef ENGINE_EMBEDDED_TRUNK_H
#define ENGINE_EMBEDDED_TRUNK_H

#include <stdbool.h>
#include <sys/socket.h>

#include "engine/embedded/digest_client.h"
#include "engine/embedded/ua.h"

enum { TRUNK_URI_SIZE = 384 };

struct trunk;

/** Begin to register; *tp stays NULL when SIPGW_SIP_PASSWORD is not set.
 *  @return 0 or ENOMEM. */
int trunk_start(struct trunk **tp, struct ua *ua);

/** Take the registration back; trunk_busy() tells how long that lasts. */
void trunk_stop(struct trunk *t);
bool trunk_busy(const struct trunk *t);
void trunk_free(struct trunk *t);

/** The address that we are registered at; false: at none. */
bool trunk_home(const struct trunk *t, struct sockaddr_storage *home);

/** Whether this is the address that we are registered at, now, and the way
 *  there. */
bool trunk_is_at(const struct trunk *t, const struct ua_side *side,
                 const struct sockaddr *from);

/** Whether an INVITE from there to this user is a call of the trunk's; where
 *  that is TLS it comes over our own connection. */
bool trunk_calls(const struct trunk *t, const struct ua_side *side,
                 const struct sockaddr *from, const char *user);

/** The TLS connection came or went: tls_client_look(). */
void trunk_link_changed(struct trunk *t);

/** Where calls to telephones go. */
struct trunk_target {
    struct ua_side *side;
    struct sockaddr_storage to;
    bool tcp;
    char uri[TRUNK_URI_SIZE];  /* of the number called */
    char from[TRUNK_URI_SIZE]; /* of us */
};

/**
 * @param number  "+", digits and "*" only.
 * @param caller  The same, or "": the trunk's user.
 * @return 0; ENOTCONN: not registered (or no trunk); EINVAL: something else
 * is in a number.
 */
int trunk_find(const struct trunk *t, struct trunk_target *out,
               const char *number, const char *caller);

/** Credentials for one request, as far as it was challenged. */
struct trunk_auth {
    struct digest_client digest;
    unsigned answers; /* to challenges of this request */
};

/**
 * A request got 401 or 407. Whether it is to be sent once more, with
 * trunk_authorize(): the challenge came from the trunk, and our answer to it
 * is not known to be wrong.
 *
 * @param at  Where the request was sent to.
 */
bool trunk_challenged(const struct trunk *t, struct trunk_auth *auth,
                      const struct sockaddr *at, nta_outgoing_t *orq,
                      const sip_t *sip);

/** Write the line "Authorization: …" or "Proxy-Authorization: …" for a
 *  request; "" when there was no challenge. */
void trunk_authorize(struct trunk *t, struct trunk_auth *auth,
                     const char *method, const char *uri,
                     char out[DIGEST_CLIENT_ANSWER_SIZE + 32]);

#endif
