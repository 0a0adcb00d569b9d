#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/embedded/ua.h"

/* Where nobody listens: a connection by TLS that is gone is not opened anew,
   least of all in the clear. */
#define CLOSED "sip:127.0.0.1:1;transport=tcp"

enum {
    MESSAGE_PRELOAD = 512, /* bytes of each message beyond its text */
    UDP_BUFFER = 1 << 20,  /* bytes of requests that may wait */
    UDP_MTU = 65535,       /* never turn to TCP: Jigasi listens only to the
                              address that it registered to */
};

const char *ua_side_bracketed(const char *ip, char *out, size_t size)
{
    snprintf(out, size, strchr(ip, ':') ? "[%s]" : "%s", ip);
    return out;
}

/* One transport in each call: what a URL may say of several is not the same
   in all versions of sofia-sip. */
static void url_of(const struct ua_side *side, const char *transport,
                   char out[UA_CONTACT_MAX])
{
    char ip[ADDRESS_TEXT_SIZE];

    snprintf(out, UA_CONTACT_MAX, "sip:%s:%u;transport=%s",
             ua_side_bracketed(side->ip, ip, sizeof(ip)), side->port,
             transport);
}

nta_agent_t *ua_side_agent(struct ua_side *side, const char *url,
                           const msg_mclass_t *messages)
{
    return nta_agent_create(
        side->ua->root, ua_url(url), ua_receive, side, NTATAG_UA(1),
        NTATAG_MCLASS(messages), NTATAG_MERGE_482(1), NTATAG_SERVER_RPORT(1),
        NTATAG_CLIENT_RPORT(1), NTATAG_PASS_100(1),
        NTATAG_MAXSIZE(UA_MESSAGE_MAX), NTATAG_UDP_MTU(UDP_MTU),
        NTATAG_PRELOAD(MESSAGE_PRELOAD), NTATAG_USE_NAPTR(0),
        NTATAG_USE_SRV(0), TPTAG_UDP_RMEM(UDP_BUFFER),
        TPTAG_TIMEOUT(UA_TCP_PAUSE_MS), TPTAG_PONG2PING(1), TAG_END());
}

static int listen_both(struct ua_side *side)
{
    char udp[UA_CONTACT_MAX], tcp[UA_CONTACT_MAX];
    uint16_t port = (uint16_t)side->port;
    int err = address_try(side->ip, port, SOCK_DGRAM);

    /* The kernel's reason is asked for first: nta forgets its errno. */
    if (!err)
        err = address_try(side->ip, port, SOCK_STREAM);
    if (err)
        return err;
    url_of(side, "UDP", udp);
    url_of(side, "TCP", tcp);
    side->agent = ua_side_agent(side, udp, NULL);
    if (side->agent && nta_agent_add_tport(side->agent, ua_url(tcp),
                                           TPTAG_TIMEOUT(UA_TCP_PAUSE_MS),
                                           TPTAG_PONG2PING(1), TAG_END()) == 0)
        return 0;
    return EADDRNOTAVAIL;
}

int ua_side_open(struct ua_side *side)
{
    int err;

    if (ua_side_is_tls(side))
        return ua_tls_open(side);
    err = listen_both(side);

    if (!err)
        return 0;
    log_line(side->ua->log, LOG_ERROR, NULL,
             "cannot listen for SIP on %s port %u (UDP and TCP): %s; set %s",
             side->ip, side->port, strerror(err),
             side->which == ENGINE_EXTERNAL
                 ? "FREESWITCH_EXTERNAL_IP or FREESWITCH_EXTERNAL_SIP_PORT"
                 : "FREESWITCH_INTERNAL_IP or JIGASI_SIP_PORT");
    return err;
}

void ua_side_close(struct ua_side *side)
{
    ua_tls_close(side);
    if (side->agent)
        nta_agent_destroy(side->agent);
    side->agent = NULL;
}

const char *ua_side_address(const struct ua_side *side,
                            const struct sockaddr *peer)
{
    if (netlist_match(side->ua->local, peer))
        return side->ip;
    return side->advertised;
}

void ua_side_contact(const struct ua_side *side, const struct sockaddr *peer,
                     bool tcp, char out[UA_CONTACT_MAX])
{
    char ip[ADDRESS_TEXT_SIZE];

    ua_side_bracketed(ua_side_address(side, peer), ip, sizeof(ip));
    snprintf(out, UA_CONTACT_MAX, "<sip:jigate@%s:%u%s>", ip, side->port,
             ua_side_is_tls(side) ? ";transport=tls"
             : tcp                ? ";transport=tcp"
                                  : "");
}

void ua_side_route(const struct ua_side *side, const struct sockaddr *to,
                   bool tcp, char out[UA_ROUTE_MAX])
{
    char address[ADDRESS_TEXT_SIZE];
    struct sockaddr_storage inner;

    if (ua_side_is_tls(side)) {
        if (ua_tls_inner(side, to, &inner))
            to = (const struct sockaddr *)&inner;
        else if (!ua_tls_outer(side, to, &inner)) {
            snprintf(out, UA_ROUTE_MAX, "%s", CLOSED);
            return;
        }
    }
    snprintf(out, UA_ROUTE_MAX, "sip:%s;transport=%s",
             address_text(to, address), tcp ? "tcp" : "udp");
}

bool ua_side_is_tls(const struct ua_side *side)
{
    return side == &side->ua->sides[UA_TLS] || ua_side_is_trunk(side);
}

bool ua_side_is_trunk(const struct ua_side *side)
{
    return side == &side->ua->sides[UA_TRUNK];
}

struct ua_side *ua_side_of(struct ua *ua, const struct registrar_binding *b)
{
    return &ua->sides[b->transport == REGISTRAR_TLS ? (int)UA_TLS
                                                    : (int)b->side];
}

const struct sockaddr *ua_source(msg_t *msg)
{
    return &msg_addr(msg)->su_sa;
}

bool ua_is_tcp(const sip_t *sip)
{
    return sip->sip_via && sip->sip_via->v_protocol &&
           strcasecmp(sip->sip_via->v_protocol, "SIP/2.0/UDP") != 0;
}
