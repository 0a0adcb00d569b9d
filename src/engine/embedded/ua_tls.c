/* The sides behind TLS: phones that come by it, which a front thread
   (tls/tls_front.h) hands on over loopback, and the trunk, to which another
   (tls/tls_client.h) holds a connection. */
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
    ua_tls_port(side, side->port);
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

    if (ua_tls_outer(side, &from->su_sa, &outer)) {
        memset(from, 0, sizeof(*from));
        memcpy(from, &outer, address_len(&outer));
    }
    return sip_extract_body(msg, (sip_t *)pub, b, size, eos);
}

void ua_tls_port(struct ua_side *side, unsigned port)
{
    side->port = port;
    snprintf(side->outer_port, sizeof(side->outer_port), "%u", port);
}

static int front_open(struct ua_side *side, uint16_t inner)
{
    const struct tls_front_config c = {
        .ip = side->ip,
        .port = (uint16_t)side->port,
        .dir = side->ua->cfg->tls_dir,
        .inner_port = inner,
        .log = side->ua->log,
    };

    return tls_front_alloc(&side->front, &c);
}

/* On the client's thread: the SIP thread is to look. Without memory it looks
   at its next attempt to register. */
static void client_h(void *arg)
{
    const struct command news = {.type = COMMAND_TRUNK_LINK};
    struct ua *ua = arg;
    struct command *c;

    if (command_alloc(&c, &news) == 0)
        mailbox_post(ua->in, &c->mail);
}

static int client_open(struct ua_side *side, uint16_t inner)
{
    const struct config *cfg = side->ua->cfg;
    const struct tls_client_config c = {
        .ip = side->ip,
        .name = cfg->trunk_server,
        .ca_file = cfg->trunk_ca_file,
        .inner_port = inner,
        .log = side->ua->log,
        .h = client_h,
        .arg = side->ua,
    };
    int err = tls_client_alloc(&side->client, &c);

    if (err)
        log_line(side->ua->log, LOG_ERROR, NULL,
                 "cannot start TLS toward the trunk: %s", strerror(err));
    return err;
}

/* TLS ends in a thread of its own; the stack has a port behind it. */
int ua_tls_open(struct ua_side *side)
{
    uint16_t inner = 0;

    side->messages = *sip_default_mclass();
    side->messages.mc_extract_body = extract_h;
    side->agent =
        ua_side_agent(side, "sip:127.0.0.1:*;transport=TCP", &side->messages);
    if (side->agent)
        inner = inner_port(side);
    side->inner_port = inner;
    if (inner)
        return ua_side_is_trunk(side) ? client_open(side, inner)
                                      : front_open(side, inner);
    log_line(side->ua->log, LOG_ERROR, NULL,
             "no TCP port on 127.0.0.1 for SIP over TLS: %s", strerror(errno));
    return EADDRNOTAVAIL;
}

void ua_tls_close(struct ua_side *side)
{
    tls_front_free(side->front);
    tls_client_free(side->client);
    side->front = NULL;
    side->client = NULL;
}

bool ua_tls_outer(const struct ua_side *side, const struct sockaddr *inner,
                  struct sockaddr_storage *outer)
{
    return side->client ? tls_client_outer(side->client, inner, outer)
                        : tls_front_outer(side->front, inner, outer);
}

bool ua_tls_inner(const struct ua_side *side, const struct sockaddr *outer,
                  struct sockaddr_storage *inner)
{
    return side->client ? tls_client_inner(side->client, outer, inner)
                        : tls_front_inner(side->front, outer, inner);
}

bool ua_tls_is_taken(const struct ua_side *side,
                     const struct sockaddr_in *inner)
{
    char port[8];
    const tp_name_t name = {
        .tpn_proto = "tcp",
        .tpn_canon = "127.0.0.1",
        .tpn_host = "127.0.0.1",
        .tpn_port = port,
    };
    tport_t *tp = tport_primaries(nta_agent_tports(side->agent));

    snprintf(port, sizeof(port), "%u", address_port(inner));
    tp = tp ? tport_by_name(tp, &name) : NULL;
    return tp && tport_is_secondary(tp);
}

bool ua_tls_is_ours(const struct ua_side *side, msg_t *msg)
{
    struct sockaddr_storage inner;

    return ua_tls_inner(side, ua_source(msg), &inner);
}

void ua_tls_keep(const struct ua_side *side, msg_t *msg)
{
    if (side->front)
        tls_front_keep(side->front, ua_source(msg));
}
