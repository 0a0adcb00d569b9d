/* OPTIONS to each contact (RFC 3261 section 11), so that a dead one is known
   before a caller waits for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/ua.h"

struct ua_ping {
    struct ua_ping *next;
    struct ua *ua;
    char id[REGISTRAR_ID_SIZE];
    nta_outgoing_t *orq;
    struct timer timer;
};

static void drop(struct ua_ping *p)
{
    struct ua_ping **slot = &p->ua->pings;

    while (*slot != p)
        slot = &(*slot)->next;
    *slot = p->next;
    timer_stop(&p->timer);
    if (p->orq)
        nta_outgoing_destroy(p->orq);
    free(p);
}

static void silent_h(void *arg)
{
    struct ua_ping *p = arg;

    registrar_reachable(p->ua->registrar, p->id, false);
    drop(p);
}

static int answer_h(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
    struct ua_ping *p = magic;
    int status = nta_outgoing_status(orq);
    bool there = sip && !nta_sip_is_internal(sip);

    if (status < 200)
        return 0;
    registrar_reachable(p->ua->registrar, p->id,
                        there && status != 408 && status != 503);
    drop(p);
    return 0;
}

static msg_t *message(struct ua_side *side, const struct registrar_binding *b)
{
    msg_t *msg = nta_msg_create(side->agent, 0);
    sip_t *sip = sip_object(msg);
    char from[HEADER_URI_MAX], to[REGISTRAR_URI_SIZE + 2];
    char contact[UA_CONTACT_MAX];
    su_home_t *home;

    if (!sip)
        return NULL;
    home = msg_home(msg);
    snprintf(from, sizeof(from), "<sip:jigate@%s>;tag=%016llx",
             side->ua->cfg->sip_domain, (unsigned long long)ua_random());
    snprintf(to, sizeof(to), "<%s>", b->uri);
    ua_side_contact(side, (const struct sockaddr *)&b->source,
                    b->transport != REGISTRAR_UDP, contact);
    if (sip_add_tl(msg, sip,
                   SIPTAG_REQUEST(sip_request_create(home, SIP_METHOD_OPTIONS,
                                                     ua_url(b->uri), NULL)),
                   SIPTAG_FROM_STR(from), SIPTAG_TO_STR(to),
                   SIPTAG_CALL_ID(sip_call_id_create(home, NULL)),
                   SIPTAG_CSEQ(sip_cseq_create(home, 1, SIP_METHOD_OPTIONS)),
                   SIPTAG_MAX_FORWARDS_STR("70"), SIPTAG_CONTACT_STR(contact),
                   SIPTAG_USER_AGENT_STR(UA_AGENT), TAG_END()) < 0) {
        msg_destroy(msg);
        return NULL;
    }
    return msg;
}

void ua_ping(struct ua *ua, const struct registrar_binding *b)
{
    struct ua_side *side = ua_side_of(ua, b);
    struct ua_ping *p = calloc(1, sizeof(*p));
    msg_t *msg = p ? message(side, b) : NULL;
    char route[UA_ROUTE_MAX];

    if (!msg) {
        free(p);
        return;
    }
    p->ua = ua;
    memcpy(p->id, b->id, sizeof(p->id));
    ua_side_route(side, (const struct sockaddr *)&b->source,
                  b->transport != REGISTRAR_UDP, route);
    p->orq = nta_outgoing_mcreate(side->agent, answer_h, p, ua_url(route), msg,
                                  TAG_END());
    if (!p->orq) {
        msg_destroy(msg);
        free(p);
        return;
    }
    p->next = ua->pings;
    ua->pings = p;
    ua_timer(ua, &p->timer, UA_OPTIONS_WAIT_MS, silent_h, p);
}

void ua_ping_stop(struct ua *ua)
{
    while (ua->pings)
        drop(ua->pings);
}
