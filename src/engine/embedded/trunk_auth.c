/* Credentials for the trunk, and for nobody else. */
#include <stdio.h>
#include <string.h>

#include "engine/embedded/trunk.h"
#include "engine/embedded/trunk_private.h"

enum { ANSWERS_MAX = 3 }; /* to one request, its nonce being stale */

bool trunk_response_is_from(const struct trunk *t, nta_outgoing_t *orq,
                            const struct sockaddr *at)
{
    msg_t *msg = nta_outgoing_getresponse(orq);
    char from[ADDRESS_TEXT_SIZE];
    bool same = msg && address_same_host(ua_source(msg), at) &&
                (!trunk_is_tls(t) || ua_tls_is_ours(t->side, msg));

    if (msg && !same)
        log_line(t->ua->log, LOG_WARN, NULL,
                 "rejected response from=%s reason=not-the-trunk",
                 address_text(ua_source(msg), from));
    if (msg)
        msg_destroy(msg);
    return same;
}

/* The first challenge that we can answer (RFC 8760 section 2.3). */
static bool take(struct digest_client *dc, const msg_auth_t *au, bool proxy,
                 bool *stale)
{
    for (; au; au = au->au_next) {
        if (au->au_scheme && strcasecmp(au->au_scheme, "Digest") == 0 &&
            digest_client_take(dc, (const char *const *)au->au_params, proxy,
                               stale) == 0)
            return true;
    }
    return false;
}

bool trunk_challenged(const struct trunk *t, struct trunk_auth *auth,
                      const struct sockaddr *at, nta_outgoing_t *orq,
                      const sip_t *sip)
{
    bool stale, taken;

    if (!t || !sip || nta_sip_is_internal(sip) ||
        !trunk_response_is_from(t, orq, at))
        return false;
    taken =
        sip->sip_status->st_status == 401
            ? take(&auth->digest, sip->sip_www_authenticate, false, &stale)
            : take(&auth->digest, sip->sip_proxy_authenticate, true, &stale);
    if (!taken) {
        log_line(t->ua->log, LOG_ERROR, NULL,
                 "the trunk asks for credentials in a way that is not known "
                 "here; Digest with MD5 or SHA-256 is");
        return false;
    }
    /* The first answer was perhaps to a nonce of before. */
    if (auth->answers && !(stale && auth->answers < ANSWERS_MAX))
        return false;
    auth->answers++;
    return true;
}

static struct trunk_nonce *nonce_of(struct trunk *t, const char *nonce)
{
    uint64_t key = 0xcbf29ce484222325u; /* FNV-1a */
    struct trunk_nonce *n;

    for (; *nonce; nonce++)
        key = (key ^ (unsigned char)*nonce) * 0x100000001b3u;
    for (size_t i = 0; i < TRUNK_NONCES; i++) {
        if (t->nonces[i].key == key)
            return &t->nonces[i];
    }
    n = &t->nonces[t->next_nonce++ % TRUNK_NONCES];
    *n = (struct trunk_nonce){key, 0};
    return n;
}

void trunk_authorize(struct trunk *t, struct trunk_auth *auth,
                     const char *method, const char *uri,
                     char out[DIGEST_CLIENT_ANSWER_SIZE + 32])
{
    const struct config *cfg = t->ua->cfg;
    char answer[DIGEST_CLIENT_ANSWER_SIZE];
    struct trunk_nonce *n;

    out[0] = '\0';
    if (!auth->digest.challenged)
        return;
    n = nonce_of(t, auth->digest.nonce);
    auth->digest.count = n->count;
    if (digest_client_answer(&auth->digest, cfg->trunk_user,
                             cfg->trunk_password, method, uri, answer) == 0)
        snprintf(out, DIGEST_CLIENT_ANSWER_SIZE + 32, "%sAuthorization: %s",
                 auth->digest.proxy ? "Proxy-" : "", answer);
    n->count = auth->digest.count;
}
