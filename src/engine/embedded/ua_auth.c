/* Digest authentication of requests (RFC 3261 section 22). */
#include <string.h>

#include "engine/embedded/ua.h"

static void challenge(struct ua_side *side, msg_t *msg, sip_t *sip, bool stale)
{
    char value[DIGEST_CHALLENGE_MAX];

    if (digest_challenge(side->ua->digest, ua_now(), stale, value)) {
        log_line(side->ua->log, LOG_ERROR, NULL,
                 "no random numbers: cannot challenge a request");
        ua_reply(side, msg, sip, SIP_500_INTERNAL_SERVER_ERROR, TAG_END());
        return;
    }
    ua_reply(side, msg, sip, SIP_401_UNAUTHORIZED,
             SIPTAG_WWW_AUTHENTICATE_STR(value), TAG_END());
}

void ua_challenge(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    const char *branch = sip->sip_via ? sip->sip_via->v_branch : NULL;
    const struct sockaddr *from = ua_source(msg);
    enum sip_guard_verdict v = SIP_GUARD_PASS;

    if (!netlist_match(side->ua->trusted, from))
        v = sip_guard_challenge(side->guard, from, slice_of(branch), ua_now());
    if (v == SIP_GUARD_PASS) {
        challenge(side, msg, sip, false);
        return;
    }
    if (v != SIP_GUARD_DROP)
        ua_log_rejected(side, msg, sip, "no-credentials", "");
    nta_msg_discard(side->agent, msg);
}

/* The credentials of the request that are for our realm. */
static bool find(struct ua_side *side, const msg_auth_t *au,
                 struct digest_credentials *cr)
{
    for (; au; au = au->au_next) {
        if (au->au_scheme && strcasecmp(au->au_scheme, "Digest") == 0 &&
            digest_parse(cr, (const char *const *)au->au_params) == 0 &&
            digest_is_ours(side->ua->digest, cr))
            return true;
    }
    return false;
}

static void failed(struct ua_side *side, msg_t *msg, sip_t *sip,
                   const struct digest_credentials *cr)
{
    const struct sockaddr *from = ua_source(msg);
    enum sip_guard_verdict v = SIP_GUARD_PASS;
    char user[HEADER_NAME_MAX];

    utf8_clean(cr->username.p, cr->username.len, user, sizeof(user));
    if (!netlist_match(side->ua->trusted, from))
        v = sip_guard_failed(side->guard, from, ua_now());
    if (v != SIP_GUARD_DROP)
        ua_log_rejected(side, msg, sip, "wrong-password", user);
    if (v == SIP_GUARD_PASS)
        challenge(side, msg, sip, false);
    else
        nta_msg_discard(side->agent, msg);
}

enum ua_auth ua_authenticate(struct ua_side *side, msg_t *msg, sip_t *sip,
                             const char **user)
{
    struct digest_credentials cr;
    struct slice method = slice_of(sip->sip_request->rq_method_name);

    *user = NULL;
    if (!find(side, sip->sip_authorization, &cr) &&
        !find(side, sip->sip_proxy_authorization, &cr))
        return UA_AUTH_NONE;
    switch (digest_check(side->ua->digest, side->which, &cr, method, ua_now(),
                         user)) {
    case DIGEST_OK:
        sip_guard_authenticated(side->guard, ua_source(msg), ua_now());
        return UA_AUTH_OK;
    case DIGEST_STALE:
        challenge(side, msg, sip, true);
        return UA_AUTH_DONE;
    default:
        failed(side, msg, sip, &cr);
        return UA_AUTH_DONE;
    }
}
