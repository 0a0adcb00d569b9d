/* The REGISTER (RFC 3261 section 10.2). */
#include <errno.h>
#include <stdio.h>

#include "engine/embedded/trunk_private.h"

enum { CONTACT_MAX = 2 * UA_CONTACT_MAX + 128 };

/* Our Contact: the user is random, the address what the trunk can reach.
   Over TLS that is our end of the connection; one that broke is taken back
   in the same breath (RFC 3261 section 10.2.2). */
static void contact(const struct trunk *t, char out[CONTACT_MAX])
{
    static const char *const transports[] = {
        [CONFIG_UDP] = "",
        [CONFIG_TCP] = ";transport=tcp",
        [CONFIG_TLS] = ";transport=tls",
    };
    const struct sockaddr *to = (const struct sockaddr *)&t->addresses[t->at];
    const char *transport = transports[t->ua->cfg->trunk_transport];
    char ip[ADDRESS_TEXT_SIZE];
    int n;

    ua_side_bracketed(ua_side_address(t->side, to), ip, sizeof(ip));
    n = snprintf(out, CONTACT_MAX, "<sip:%s@%s:%u%s>", t->user, ip,
                 t->side->port, transport);
    if (t->told_port && t->told_port != t->side->port && !t->leaving)
        snprintf(out + n, CONTACT_MAX - (size_t)n,
                 ", <sip:%s@%s:%u%s>;expires=0", t->user, ip, t->told_port,
                 transport);
}

static int fill(struct trunk *t, msg_t *msg, const char *uri)
{
    const char *user = t->ua->cfg->trunk_user;
    char from[TRUNK_URI_SIZE + 32], to[TRUNK_URI_SIZE], expires[16];
    char place[CONTACT_MAX];
    char authorization[DIGEST_CLIENT_ANSWER_SIZE + 32];
    su_home_t *home = msg_home(msg);

    snprintf(to, sizeof(to), "<sip:%s@%s>", user, t->domain);
    snprintf(from, sizeof(from), "%s;tag=%s", to, t->tag);
    snprintf(expires, sizeof(expires), "%u",
             t->leaving ? 0 : (unsigned)t->expires_s);
    contact(t, place);
    trunk_authorize(t, &t->auth, "REGISTER", uri, authorization);
    return sip_add_tl(
        msg, sip_object(msg),
        SIPTAG_REQUEST(
            sip_request_create(home, SIP_METHOD_REGISTER, ua_url(uri), NULL)),
        SIPTAG_FROM_STR(from), SIPTAG_TO_STR(to),
        SIPTAG_CALL_ID_STR(t->call_id),
        SIPTAG_CSEQ(sip_cseq_create(home, ++t->cseq, SIP_METHOD_REGISTER)),
        SIPTAG_MAX_FORWARDS_STR("70"), SIPTAG_CONTACT_STR(place),
        SIPTAG_EXPIRES_STR(expires), SIPTAG_ALLOW_STR(UA_ALLOW),
        SIPTAG_USER_AGENT_STR(UA_AGENT),
        TAG_IF(*authorization, SIPTAG_HEADER_STR(authorization)), TAG_END());
}

int trunk_register(struct trunk *t, nta_response_f *h)
{
    const struct sockaddr *to = (const struct sockaddr *)&t->addresses[t->at];
    msg_t *msg = nta_msg_create(t->side->agent, 0);
    char uri[TRUNK_HOST_SIZE + 8], route[UA_ROUTE_MAX];

    if (!msg)
        return ENOMEM;
    snprintf(uri, sizeof(uri), "sip:%s", t->domain);
    ua_side_route(t->side, to, t->ua->cfg->trunk_transport != CONFIG_UDP,
                  route);
    if (fill(t, msg, uri) < 0) {
        msg_destroy(msg);
        return ENOMEM;
    }
    t->orq = nta_outgoing_mcreate(t->side->agent, h, (nta_outgoing_magic_t *)t,
                                  ua_url(route), msg, TAG_END());
    if (t->orq)
        return 0;
    msg_destroy(msg);
    return ENOMEM;
}
