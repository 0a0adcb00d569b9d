/* Ports that are taken, and ranges that collide. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "doctor/checkup.h"
#include "doctor/holder.h"

enum {
    JIGASI_PORT_MIN = 20000, /* docker-jitsi-meet's defaults */
    JIGASI_PORT_MAX = 20050,
    JVB_PORT = 10000,
    JIGASI_PORTS_A_CALL = 4, /* RTP and RTCP to SIP and to the bridge */
    TOLD_MAX = 5,            /* sockets told of one range */
};

struct range {
    const char *name; /* of the first port's setting */
    const char *ip;
    unsigned first, last;
    bool embedded; /* only that engine opens it */
};

unsigned calls_allowed(const struct config *cfg)
{
    unsigned phones = config_calls_of(cfg->rtp_start_port, cfg->rtp_end_port);
    unsigned jigasi = config_calls_of(cfg->internal_rtp_start_port,
                                      cfg->internal_rtp_end_port);
    unsigned calls = phones < jigasi ? phones : jigasi;

    return cfg->max_calls && cfg->max_calls < calls ? cfg->max_calls : calls;
}

/* Tell about one port; false when something is wrong with it. */
static bool look_at(struct checkup *c, const char *ip, unsigned port, int type,
                    const char *settings)
{
    enum holder_protocol protocol =
        type == SOCK_STREAM ? HOLDER_TCP : HOLDER_UDP;
    const char *name = protocol == HOLDER_TCP ? "TCP" : "UDP";
    int err = address_try(ip, (uint16_t)port, type);
    char who[HOLDER_TEXT];

    if (!err)
        return true;
    if (err == EADDRINUSE) {
        holder_name(protocol, ip, port, who, sizeof(who));
        found(c, FOUND_FAULT, "%s port %u of %s is taken by %s", name, port,
              ip, who);
        advise(c, "End that program, or change %s.", settings);
    } else if (err == EACCES) {
        found(c, FOUND_FAULT,
              "%s port %u of %s may not be opened by this user", name, port,
              ip);
        advise(c,
               "Ports below 1024 want CAP_NET_BIND_SERVICE; give it, or "
               "change %s.",
               settings);
    } else {
        found(c, FOUND_FAULT, "%s port %u of %s cannot be opened: %s", name,
              port, ip, strerror(err));
        advise(c, "Change %s.", settings);
    }
    return false;
}

void check_sip_ports(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    const struct {
        const char *ip, *settings;
        unsigned port;
    } sides[] = {
        {cfg->external_ip,
         "FREESWITCH_EXTERNAL_SIP_PORT or FREESWITCH_EXTERNAL_IP",
         cfg->external_sip_port},
        {cfg->internal_ip,
         "JIGASI_SIP_PORT (on Jigasi's side too) or FREESWITCH_INTERNAL_IP",
         cfg->internal_sip_port},
    };
    bool good = true;

    for (size_t i = 0; i < 2; i++) {
        good &= look_at(c, sides[i].ip, sides[i].port, SOCK_DGRAM,
                        sides[i].settings);
        good &= look_at(c, sides[i].ip, sides[i].port, SOCK_STREAM,
                        sides[i].settings);
    }
    if (good)
        found(c, FOUND_OK, "free: %s port %u and %s port %u", sides[0].ip,
              sides[0].port, sides[1].ip, sides[1].port);
}

void check_rest_port(struct checkup *c)
{
    const struct config *cfg = c->cfg;

    if (c->seen.stranger) /* told already */
        return;
    if (look_at(c, cfg->rest_address, cfg->rest_port, SOCK_STREAM,
                "REST_PORT"))
        found(c, FOUND_OK, "free: %s port %u", cfg->rest_address,
              cfg->rest_port);
}

/* ---- audio ---- */

static size_t ranges_of(const struct config *cfg, struct range r[2])
{
    r[0] = (struct range){"FREESWITCH_RTP_START_PORT", cfg->external_ip,
                          cfg->rtp_start_port, cfg->rtp_end_port, false};
    r[1] = (struct range){"JIGATE_INTERNAL_RTP_START_PORT", cfg->internal_ip,
                          cfg->internal_rtp_start_port,
                          cfg->internal_rtp_end_port, true};
    return cfg->engine == CONFIG_ENGINE_EMBEDDED ? 2 : 1;
}

/* The gateway's own sockets, in calls, are as they should be; those that
 * cannot be named may be its own. */
static bool is_ours(const struct checkup *c, const struct holder *h)
{
    return c->seen.running && (!h->pid || strcmp(h->program, "jigate") == 0);
}

static bool look_at_range(struct checkup *c, const struct range *r)
{
    struct holder *list;
    size_t n, taken = 0;
    int err = holders_list(&list, &n, HOLDER_UDP, r->ip, r->first, r->last);
    char who[HOLDER_TEXT];

    if (err) {
        found(c, FOUND_WARNING, "/proc/net/udp cannot be read: %s",
              strerror(err));
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_ours(c, &list[i]) || ++taken > TOLD_MAX)
            continue;
        holder_text(&list[i], who, sizeof(who));
        found(c, FOUND_WARNING,
              "UDP port %u of %s, among %u to %u for audio, is taken by %s",
              list[i].port, list[i].ip, r->first, r->last, who);
        advise(c,
               "Jigate passes over it, with room for less calls; a range "
               "without foreign ports is set by %s and the one after it.",
               r->name);
    }
    if (taken > TOLD_MAX)
        found(c, FOUND_WARNING, "and %zu more of that range",
              taken - TOLD_MAX);
    free(list);
    return !taken;
}

void check_rtp_ports(struct checkup *c)
{
    struct range r[2];
    bool good = true;

    for (size_t i = 0, n = ranges_of(c->cfg, r); i < n; i++)
        good &= look_at_range(c, &r[i]);
    if (good)
        found(c, FOUND_OK, "free, with room for %u calls",
              calls_allowed(c->cfg));
}

/* ---- what Jitsi's own programs use ---- */

/* They collide for sure where one machine's addresses are shared: Jigasi on
 * the loopback, or its ports known from the environment that is shared. */
static enum severity collision(const struct checkup *c)
{
    bool shared = strncmp(c->cfg->internal_ip, "127.", 4) == 0 ||
                  strcmp(c->cfg->internal_ip, "::1") == 0;

    return shared || c->hints[HINT_PORT_MIN] || c->hints[HINT_PORT_MAX]
               ? FOUND_FAULT
               : FOUND_WARNING;
}

static void ports_text(char *out, size_t size, unsigned first, unsigned last)
{
    if (first == last)
        snprintf(out, size, "port %u", first);
    else
        snprintf(out, size, "ports %u to %u", first, last);
}

static bool collide(struct checkup *c, const char *name, unsigned first,
                    unsigned last, const char *whose, unsigned min,
                    unsigned max, const char *other)
{
    char ours[40], theirs[40];

    if (first > max || last < min)
        return false;
    ports_text(ours, sizeof(ours), first, last);
    ports_text(theirs, sizeof(theirs), min, max);
    found(c, collision(c), "%s: %s collides with %s, %s", name, ours, whose,
          theirs);
    advise(c,
           "Set %s or %s to ports that are apart, unless they are on "
           "different machines.",
           name, other);
    return true;
}

/* Only where Jigasi's range is known. True when it is wide enough. */
static bool jigasi_has_room(struct checkup *c, unsigned min, unsigned max)
{
    unsigned room = max > min ? (max - min + 1) / JIGASI_PORTS_A_CALL : 0;
    unsigned calls = calls_allowed(c->cfg);

    if (!c->hints[HINT_PORT_MIN] || !c->hints[HINT_PORT_MAX] || room >= calls)
        return true;
    found(c, FOUND_WARNING,
          "Jigasi's ports, %u to %u, carry about %u calls, where the "
          "settings have room for %u",
          min, max, room, calls);
    advise(c, "Set JIGASI_PORT_MAX higher, or let several Jigasis run, or set "
              "JIGATE_MAX_CALLS.");
    return false;
}

void check_neighbours(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    unsigned min = hint_number(c, HINT_PORT_MIN, JIGASI_PORT_MIN);
    unsigned max = hint_number(c, HINT_PORT_MAX, JIGASI_PORT_MAX);
    unsigned jvb = hint_number(c, HINT_JVB_PORT, JVB_PORT);
    struct range r[4];
    size_t n = ranges_of(cfg, r);
    bool bad = false;

    r[n++] =
        (struct range){"FREESWITCH_EXTERNAL_SIP_PORT", NULL,
                       cfg->external_sip_port, cfg->external_sip_port, false};
    r[n++] = (struct range){"JIGASI_SIP_PORT", NULL, cfg->internal_sip_port,
                            cfg->internal_sip_port, false};
    for (size_t i = 0; i < n; i++) {
        bad |= collide(c, r[i].name, r[i].first, r[i].last, "Jigasi's audio",
                       min, max, "JIGASI_PORT_MIN");
        bad |= collide(c, r[i].name, r[i].first, r[i].last,
                       "Jitsi's video bridge", jvb, jvb, "JVB_PORT");
    }
    bad |= !jigasi_has_room(c, min, max);
    if (!bad)
        found(c, FOUND_OK,
              "no port is one of Jigasi's (%u to %u) or of Jitsi's video "
              "bridge (%u)",
              min, max, jvb);
}
