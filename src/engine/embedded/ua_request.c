/* Requests of ours inside a dialog. The trunk may ask for each of them who we
   are: then it is sent once more, with credentials (RFC 3261 section 22.2). */
#include <errno.h>
#include <stdlib.h>

#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"

/** One of them, until its final response. */
struct ua_request {
    struct ua_request *next;
    struct ua_leg *leg;
    nta_outgoing_t *orq;
    ua_response_h *h;
    sip_method_t method;
    const char *name;
    tagi_t *tags;            /* toward the trunk: what it is made of, … */
    struct trunk_auth *auth; /* … and the challenge, once there was one */
};

static void request_free(struct ua_request *rq)
{
    su_free(NULL, rq->tags);
    free(rq->auth);
    free(rq);
}

void ua_request_free_all(struct ua_leg *leg)
{
    while (leg->requests) {
        struct ua_request *rq = leg->requests;

        leg->requests = rq->next;
        nta_outgoing_destroy(rq->orq);
        request_free(rq);
    }
}

bool ua_request_unsent(const struct ua_leg *leg, int status, const sip_t *sip)
{
    return ua_side_is_trunk(leg->side) && status == 503 &&
           (!sip || nta_sip_is_internal(sip));
}

/* Over TLS the trunk's connection may be another than when the call began. */
const url_string_t *ua_leg_route(struct ua_leg *leg)
{
    struct sockaddr_storage home = {.ss_family = AF_UNSPEC};

    if (ua_side_is_trunk(leg->side)) {
        trunk_home(leg->ua->trunk, &home);
        ua_side_route(leg->side, (struct sockaddr *)&home, true, leg->route);
    }
    return *leg->route ? ua_url(leg->route) : NULL;
}

static int response_h(void *magic, nta_outgoing_t *orq, const sip_t *sip);

static int send_request(struct ua_request *rq, const tagi_t *tags,
                        const char *credentials)
{
    nta_outgoing_t *orq = nta_outgoing_tcreate(
        rq->leg->dialog, response_h, rq, ua_leg_route(rq->leg), rq->method,
        rq->name, NULL, SIPTAG_USER_AGENT_STR(UA_AGENT),
        TAG_IF(*credentials, SIPTAG_HEADER_STR(credentials)), TAG_NEXT(tags));

    if (!orq)
        return ENOMEM;
    rq->orq = orq;
    return 0;
}

/* The answer to the challenge is for the URI as it was sent. */
static bool authorize(struct ua_request *rq, nta_outgoing_t *orq,
                      char line[DIGEST_CLIENT_ANSWER_SIZE + 32])
{
    msg_t *msg = nta_outgoing_getrequest(orq);
    const char *uri;

    if (!msg)
        return false;
    uri = url_as_string(msg_home(msg), sip_object(msg)->sip_request->rq_url);
    if (uri)
        trunk_authorize(rq->leg->ua->trunk, rq->auth, rq->name, uri, line);
    msg_destroy(msg);
    return uri && *line;
}

static bool sent_again(struct ua_request *rq, nta_outgoing_t *orq, int status,
                       const sip_t *sip)
{
    char line[DIGEST_CLIENT_ANSWER_SIZE + 32];
    struct trunk *t = rq->leg->ua->trunk;
    struct sockaddr_storage home;

    if (!rq->tags || (status != 401 && status != 407) ||
        (rq->leg->state == UA_ENDING && rq->method != sip_method_bye) ||
        !trunk_home(t, &home))
        return false;
    if (!rq->auth)
        rq->auth = calloc(1, sizeof(*rq->auth));
    return rq->auth &&
           trunk_challenged(t, rq->auth, (const struct sockaddr *)&home, orq,
                            sip) &&
           authorize(rq, orq, line) && send_request(rq, rq->tags, line) == 0;
}

static void over(struct ua_request *rq, nta_outgoing_t *orq, int status,
                 const sip_t *sip)
{
    struct ua_leg *leg = rq->leg;
    ua_response_h *h = rq->h;

    request_free(rq);
    if (h)
        h(leg, orq, status, sip);
    nta_outgoing_destroy(orq);
}

static int response_h(void *magic, nta_outgoing_t *orq, const sip_t *sip)
{
    struct ua_request *rq = magic, **slot;
    struct ua_leg *leg = rq->leg;
    int status = nta_outgoing_status(orq);

    if (status < 200)
        return 0;
    if (sent_again(rq, orq, status, sip)) {
        nta_outgoing_destroy(orq);
        return 0;
    }
    for (slot = &leg->requests; *slot != rq; slot = &(*slot)->next)
        ;
    *slot = rq->next;
    over(rq, orq, status, sip);
    return 0;
}

void ua_request_lost_all(struct ua *ua, engine_leg number)
{
    struct ua_leg *leg;

    while ((leg = leg_table_find(ua->legs, number)) && leg->requests) {
        struct ua_request *rq = leg->requests;

        leg->requests = rq->next;
        over(rq, rq->orq, 503, NULL);
    }
}

int ua_leg_request(struct ua_leg *leg, ua_response_h *h, sip_method_t method,
                   const char *name, tag_type_t tag, tag_value_t value, ...)
{
    struct ua_request *rq = calloc(1, sizeof(*rq));
    tagi_t *tags;
    va_list ap;
    int err = 0;

    if (!rq)
        return ENOMEM;
    rq->leg = leg;
    rq->h = h;
    rq->method = method;
    rq->name = name;
    va_start(ap, value);
    tags = tl_vlist2(tag, value, ap);
    va_end(ap);
    if (leg->trunk)
        rq->tags = tl_adup(NULL, tags);
    if (!tags || (leg->trunk && !rq->tags))
        err = ENOMEM;
    if (!err)
        err = send_request(rq, tags, "");
    tl_vfree(tags);
    if (err) {
        request_free(rq);
        return err;
    }
    rq->next = leg->requests;
    leg->requests = rq;
    return 0;
}
