/* The side of phones that come by TLS: what a front thread (tls/tls_front.h)
   hands on over loopback. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/embedded/ua.h"

/* behind ua.h, which tells sofia-sip our types */
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/tport.h>

/* nta compares requests' Via with its own, and puts that into what we send:
   it has to be the outer one. There is no call that would set it, and nta
   keeps two copies: its own, and the transport's. */
static void via_rewrite(struct ua_side *side, sip_via_t *via)
{
    via->v_protocol = sip_transport_tls;
    via->v_host = side->outer_host;
    via->v_port = side->outer_port;
}

/* The agent's TCP port on loopback, 0 when it has none. */
static uint16_t inner_port(struct ua_side *side)
{
    tport_t *tp = tport_primaries(nta_agent_tports(side->agent));
    sip_via_t *via = (sip_via_t *)nta_agent_via(side->agent);
    uint64_t port;

    if (!tp || !via || !tport_magic(tp) ||
        slice_to_u64(slice_of(via->v_port), 1, UINT16_MAX, &port))
        return 0;
    snprintf(side->outer_port, sizeof(side->outer_port), "%u", side->port);
    ua_side_bracketed(side->advertised, side->outer_host,
                      sizeof(side->outer_host));
    via_rewrite(side, via);
    via_rewrite(side, (sip_via_t *)tport_magic(tp));
    return (uint16_t)port;
}

/* Told of each message that comes, once its headers are read and before nta
   looks at it. */
static issize_t extract_h(msg_t *msg, msg_pub_t *pub, char b[], isize_t size,
                          int eos)
{
    const struct ua_side *side =
        (const void *)((const char *)msg_mclass(msg) -
                       offsetof(struct ua_side, messages));
    su_sockaddr_t *from = msg_addr(msg);
    struct sockaddr_storage outer;

    if (tls_front_outer(side->front, &from->su_sa, &outer)) {
        memset(from, 0, sizeof(*from));
        memcpy(from, &outer, address_len(&outer));
    }
    return sip_extract_body(msg, (sip_t *)pub, b, size, eos);
}

/* TLS ends in the front; the stack has a port of its own behind it. */
int ua_tls_open(struct ua_side *side)
{
    const struct config *cfg = side->ua->cfg;
    struct tls_front_config c = {
        .ip = side->ip,
        .port = (uint16_t)side->port,
        .dir = cfg->tls_dir,
        .log = side->ua->log,
    };

    side->messages = *sip_default_mclass();
    side->messages.mc_extract_body = extract_h;
    side->agent =
        ua_side_agent(side, "sip:127.0.0.1:*;transport=TCP", &side->messages);
    if (side->agent)
        c.inner_port = inner_port(side);
    if (c.inner_port)
        return tls_front_alloc(&side->front, &c);
    log_line(side->ua->log, LOG_ERROR, NULL,
             "no TCP port on 127.0.0.1 for SIP over TLS: %s", strerror(errno));
    return EADDRNOTAVAIL;
}

bool ua_tls_is_ours(const struct ua_side *side, msg_t *msg)
{
    struct sockaddr_storage inner;

    return tls_front_inner(side->front, ua_source(msg), &inner);
}

void ua_tls_keep(const struct ua_side *side, msg_t *msg)
{
    if (ua_side_is_tls(side))
        tls_front_keep(side->front, ua_source(msg));
}
