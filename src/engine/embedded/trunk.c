/* The life of the registration: look the trunk up, register, and again before
   it runs out; when that fails, once more and later each time. */
#include "engine/embedded/trunk.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/trunk_private.h"

enum {
    EXPIRES_S = 60,
    EXPIRES_LEAST_S = 5, /* a registrar that grants less is asked that often */
    EXPIRES_MOST_S = 86400,
    ANSWER_MS = 8000, /* for an answer; then the next address */
    RESOLVE_MS = 30000,
    RESOLVE_LOOK_MS = 20,
    RETRY_S = 2, /* doubled each time … */
    RETRY_MOST_S = 60,
    REFUSED_S = 300, /* a wrong password does not get right by itself */
};

static void attempt_h(void *arg);
static int response_h(void *magic, nta_outgoing_t *orq, const sip_t *sip);

/* Of a time, at random between 3/4 and 5/4: gateways that lost the same
   registrar do not come back to it all at once. */
static uint64_t jittered_ms(uint64_t s)
{
    return s * 750 + ua_random() % (s * 500 + 1);
}

/* ---- telling ---- */

static void tell(struct trunk *t, const char *detail)
{
    const struct engine_event ev = {
        .type = ENGINE_TRUNK,
        .trunk = {t->registered, detail},
    };

    if (t->registered == t->told_registered && strcmp(detail, t->told) == 0)
        return;
    t->told_registered = t->registered;
    snprintf(t->told, sizeof(t->told), "%s", detail);
    ua_tell(t->ua, &ev);
}

static void tell_registered(struct trunk *t, unsigned granted_s)
{
    char at[ADDRESS_TEXT_SIZE], detail[TRUNK_DETAIL_SIZE];

    snprintf(detail, sizeof(detail), "%s@%s at %s, for %u s",
             t->ua->cfg->trunk_user, t->domain, address_text(&t->home, at),
             granted_s);
    tell(t, detail);
}

void trunk_unregistered(struct trunk *t)
{
    t->registered = false;
    timer_stop(&t->lapse_timer);
}

static void lapse_h(void *arg)
{
    struct trunk *t = arg;

    trunk_unregistered(t);
    tell(t, "the registration has run out");
}

/* ---- the end of an attempt ---- */

static void attempt_over(struct trunk *t)
{
    timer_stop(&t->timer);
    resolve_free(t->resolve);
    t->resolve = NULL;
    if (t->orq)
        nta_outgoing_destroy(t->orq);
    t->orq = NULL;
    t->linking = false;
}

void trunk_again(struct trunk *t, const char *why, uint64_t ms)
{
    char detail[TRUNK_DETAIL_SIZE];

    attempt_over(t);
    snprintf(detail, sizeof(detail), "%s", why);
    if (!t->registered)
        tell(t, detail);
    ua_timer(t->ua, &t->timer, ms, attempt_h, t);
}

/* The reason goes on after "not registered: ". */
static void failed(struct trunk *t, const char *why, unsigned wait_s)
{
    uint64_t ms;

    if (t->leaving) {
        attempt_over(t);
        t->done = true;
        return;
    }
    if (!wait_s) {
        wait_s = RETRY_S << (t->failures < 5 ? t->failures : 5);
        if (wait_s > RETRY_MOST_S)
            wait_s = RETRY_MOST_S;
    }
    t->failures++;
    ms = jittered_ms(wait_s);
    log_line(t->ua->log, LOG_DEBUG, NULL,
             "registration at the trunk failed: %s; next try in %llu ms", why,
             (unsigned long long)ms);
    trunk_again(t, why, ms);
}

static bool is_port(const char *text, unsigned port)
{
    uint64_t n;

    return text && !slice_to_u64(slice_of(text), 1, UINT16_MAX, &n) &&
           n == port;
}

/* Seconds granted to our Contact: found by its user, which is nobody
   else's. */
static unsigned granted(const struct trunk *t, const sip_t *sip)
{
    const char *text = NULL;
    uint64_t s = t->expires_s;

    for (const sip_contact_t *m = sip->sip_contact; m; m = m->m_next) {
        const url_t *url = m->m_url;

        if (url->url_user && strcmp(url->url_user, t->user) == 0 &&
            (!text || is_port(url->url_port, t->side->port)))
            text = m->m_expires;
    }
    if (text)
        slice_to_u64(slice_of(text), 0, UINT32_MAX, &s);
    else if (sip->sip_expires)
        s = sip->sip_expires->ex_delta;
    if (s < EXPIRES_LEAST_S)
        s = EXPIRES_LEAST_S;
    return (unsigned)(s < EXPIRES_MOST_S ? s : EXPIRES_MOST_S);
}

static void succeeded(struct trunk *t, const sip_t *sip)
{
    unsigned s = granted(t, sip);
    bool moved = t->told_port && t->told_port != t->side->port;

    attempt_over(t);
    if (t->leaving) {
        t->registered = false;
        t->done = true;
        return;
    }
    if (!t->registered)
        t->registered_at = ua_now();
    if (!trunk_is_tls(t)) /* whose connection has to hold for that */
        t->failures = 0;
    t->registered = true;
    t->home = t->addresses[t->at];
    t->told_port = t->side->port;
    ua_timer(t->ua, &t->lapse_timer, 1000ull * s, lapse_h, t);
    /* Early enough for two more tries. */
    ua_timer(t->ua, &t->timer, s * 600ull + ua_random() % (s * 150ull + 1),
             attempt_h, t);
    tell_registered(t, s);
    if (moved)
        leg_table_each(t->ua->legs, ua_leg_moved_h, NULL);
}

/* ---- an attempt ---- */

static void try_address(struct trunk *t)
{
    t->auth.answers = 0;
    if (trunk_is_tls(t))
        trunk_link(t);
    else
        trunk_send(t);
}

void trunk_next(struct trunk *t, const char *why)
{
    if (t->leaving || ++t->at >= t->n_addresses) {
        failed(t, why, 0);
        return;
    }
    attempt_over(t);
    try_address(t);
}

static void drop_request(struct trunk *t)
{
    timer_stop(&t->timer);
    if (t->orq)
        nta_outgoing_destroy(t->orq);
    t->orq = NULL;
}

static void silent_h(void *arg)
{
    struct trunk *t = arg;
    char at[ADDRESS_TEXT_SIZE], why[TRUNK_DETAIL_SIZE];

    drop_request(t);
    if (trunk_is_tls(t)) /* it may be dead, and nobody knows yet */
        trunk_unlink(t);
    snprintf(why, sizeof(why), "no answer from %s at %s",
             t->ua->cfg->trunk_server, address_text(&t->addresses[t->at], at));
    trunk_next(t, why);
}

void trunk_send(struct trunk *t)
{
    if (trunk_register(t, response_h)) {
        failed(t, "out of memory", 0);
        return;
    }
    ua_timer(t->ua, &t->timer, ANSWER_MS, silent_h, t);
}

/* 423: the registrar wants to be asked for longer. */
static bool too_brief(struct trunk *t, const sip_t *sip)
{
    unsigned long least =
        sip->sip_min_expires ? sip->sip_min_expires->me_delta : 0;

    if (least <= t->expires_s || least > EXPIRES_MOST_S)
        return false;
    t->expires_s = (uint32_t)least;
    return true;
}

static unsigned wait_of(int status, const sip_t *sip)
{
    unsigned long s =
        sip && sip->sip_retry_after ? sip->sip_retry_after->af_delta : 0;

    if (status == 401 || status == 403 || status == 404 || status == 407)
        return REFUSED_S;
    return (unsigned)(s < REFUSED_S ? s : REFUSED_S);
}

static void refused(struct trunk *t, int status, const sip_t *sip)
{
    char phrase[HEADER_TEXT_MAX], why[TRUNK_DETAIL_SIZE];
    bool ours = !sip || nta_sip_is_internal(sip);

    header_display_get(ours ? NULL : sip->sip_status->st_phrase, phrase,
                       sizeof(phrase));
    if (ours)
        snprintf(why, sizeof(why), "%s cannot be reached",
                 t->ua->cfg->trunk_server);
    else if (status == 401 || status == 407)
        snprintf(why, sizeof(why),
                 "%s does not accept SIPGW_SIP_USERNAME and "
                 "SIPGW_SIP_PASSWORD",
                 t->ua->cfg->trunk_server);
    else
        snprintf(why, sizeof(why), "%s answers %d %s",
                 t->ua->cfg->trunk_server, status, phrase);
    if (ours && trunk_is_tls(t))
        trunk_unlink(t);
    if (ours || status == 408 || status >= 500)
        trunk_next(t, why);
    else
        failed(t, why, wait_of(status, sip));
}

static int response_h(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
    struct trunk *t = magic;
    const struct sockaddr *at = (const struct sockaddr *)&t->addresses[t->at];
    int status = nta_outgoing_status(orq);
    bool again = false;

    if (status < 200)
        return 0;
    if (sip && !nta_sip_is_internal(sip) &&
        !trunk_response_is_from(t, orq, at)) {
        failed(t, "another than the trunk answered", 0);
        return 0;
    }
    if (status < 300) {
        succeeded(t, sip);
        return 0;
    }
    if (status == 401 || status == 407)
        again = trunk_challenged(t, &t->auth, at, orq, sip);
    else if (status == 423)
        again = too_brief(t, sip);
    drop_request(t);
    if (again)
        trunk_send(t);
    else
        refused(t, status, sip);
    return 0;
}

/* Who is registered somewhere stays there, as long as the name says so. */
static void prefer_home(struct trunk *t)
{
    for (size_t i = 1; t->registered && i < t->n_addresses; i++) {
        struct sockaddr_storage first = t->addresses[0];

        if (!address_equal(&t->addresses[i], &t->home))
            continue;
        t->addresses[0] = t->addresses[i];
        t->addresses[i] = first;
    }
}

static void look_h(void *arg)
{
    struct trunk *t = arg;
    char why[TRUNK_DETAIL_SIZE];
    int err = resolve_result(t->resolve, t->addresses, &t->n_addresses);

    if (err == EAGAIN && ua_now() < t->resolve_until) {
        ua_timer(t->ua, &t->timer, RESOLVE_LOOK_MS, look_h, t);
        return;
    }
    if (err) {
        snprintf(why, sizeof(why), "SIPGW_SIP_SERVER=%s has no address: %s",
                 t->ua->cfg->trunk_server,
                 err == EAGAIN ? "no answer" : resolve_error(t->resolve));
        failed(t, why, 0);
        return;
    }
    resolve_free(t->resolve);
    t->resolve = NULL;
    t->at = 0;
    prefer_home(t);
    try_address(t);
}

/* Where no port is set, DNS may tell: which transport is for the setting to
   say, so nothing is left to ask NAPTR for (RFC 3263 sections 4.1 and 4.2). */
static const struct way {
    const char *service;
    unsigned port;
} ways[] = {
    [CONFIG_UDP] = {"_sip._udp", 5060},
    [CONFIG_TCP] = {"_sip._tcp", 5060},
    [CONFIG_TLS] = {"_sips._tcp", 5061},
};

static void attempt_h(void *arg)
{
    struct trunk *t = arg;
    const struct config *cfg = t->ua->cfg;
    const struct way *w = &ways[cfg->trunk_transport];
    int family = strchr(t->side->ip, ':') ? AF_INET6 : AF_INET;

    if (trunk_held(t))
        t->failures = 0;
    t->resolve_until = ua_now() + RESOLVE_MS;
    if (resolve_start(&t->resolve, cfg->trunk_server,
                      cfg->trunk_port ? NULL : w->service,
                      cfg->trunk_port ? cfg->trunk_port : w->port, family)) {
        failed(t, "no memory to look its address up", 0);
        return;
    }
    look_h(t);
}

/* ---- for others ---- */

int trunk_start(struct trunk **tp, struct ua *ua)
{
    const char *domain = ua->cfg->trunk_domain;
    struct trunk *t;

    if (!*ua->cfg->trunk_password)
        return 0;
    t = calloc(1, sizeof(*t));
    if (!t)
        return ENOMEM;
    t->ua = ua;
    t->side = &ua->sides[ua->cfg->trunk_transport == CONFIG_TLS
                             ? (int)UA_TRUNK
                             : (int)ENGINE_EXTERNAL];
    t->expires_s = EXPIRES_S;
    snprintf(t->domain, sizeof(t->domain), strchr(domain, ':') ? "[%s]" : "%s",
             domain);
    snprintf(t->user, sizeof(t->user), "%016llx%016llx",
             (unsigned long long)ua_random(), (unsigned long long)ua_random());
    snprintf(t->call_id, sizeof(t->call_id), "%016llx%016llx",
             (unsigned long long)ua_random(), (unsigned long long)ua_random());
    snprintf(t->tag, sizeof(t->tag), "%016llx",
             (unsigned long long)ua_random());
    *tp = t;
    attempt_h(t);
    return 0;
}

void trunk_stop(struct trunk *t)
{
    if (!t || t->leaving)
        return;
    attempt_over(t);
    timer_stop(&t->lapse_timer);
    t->leaving = true;
    if (!t->registered) {
        t->done = true;
        return;
    }
    t->addresses[0] = t->home;
    t->n_addresses = 1;
    t->at = 0;
    t->auth.answers = 0;
    trunk_send(t);
}

bool trunk_busy(const struct trunk *t)
{
    return t && t->leaving && !t->done;
}

void trunk_free(struct trunk *t)
{
    if (!t)
        return;
    attempt_over(t);
    timer_stop(&t->lapse_timer);
    free(t);
}

bool trunk_home(const struct trunk *t, struct sockaddr_storage *home)
{
    if (!t || !t->registered)
        return false;
    *home = t->home;
    return true;
}

bool trunk_is_at(const struct trunk *t, const struct ua_side *side,
                 const struct sockaddr *from)
{
    return t && t->registered && side == t->side &&
           address_same_host(&t->home, from);
}

bool trunk_calls(const struct trunk *t, const struct ua_side *side,
                 const struct sockaddr *from, const char *user)
{
    return trunk_is_at(t, side, from) && user &&
           strlen(user) == strlen(t->user) &&
           CRYPTO_memcmp(user, t->user, strlen(t->user)) == 0;
}

static bool is_number(const char *text)
{
    const char *rest = text + (*text == '+');

    return *rest && strlen(rest) < 64 && !rest[strspn(rest, "0123456789*")];
}

int trunk_find(const struct trunk *t, struct trunk_target *out,
               const char *number, const char *caller)
{
    if (!t || !t->registered)
        return ENOTCONN;
    if (!is_number(number) || (*caller && !is_number(caller)))
        return EINVAL;
    out->side = t->side;
    out->to = t->home;
    out->tcp = t->ua->cfg->trunk_transport != CONFIG_UDP;
    snprintf(out->uri, sizeof(out->uri), "sip:%s@%s", number, t->domain);
    snprintf(out->from, sizeof(out->from), "sip:%s@%s",
             *caller ? caller : t->ua->cfg->trunk_user, t->domain);
    return 0;
}
