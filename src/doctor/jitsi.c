/* What Jigasi is told, and how Jitsi is set up, as far as it can be seen. */
#include <string.h>
#include <strings.h>

#include "doctor/checkup.h"

/* Jigasi looks for the header by its exact name. */
static const char *const room_headers[] = {
    "X-Room-Name",           /* docker-jitsi-meet */
    "Jitsi-Conference-Room", /* Jigasi by itself */
};
static const char *const domain_headers[] = {
    "X-Domain-Base",
    "Jitsi-Conference-Domain-Base",
};

static int index_of(const char *const names[2], const char *name)
{
    return strcmp(name, names[0]) == 0   ? 0
           : strcmp(name, names[1]) == 0 ? 1
                                         : -1;
}

static bool look_at_names(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    int room = index_of(room_headers, cfg->header_room);
    int domain = index_of(domain_headers, cfg->header_domain_base);

    if (room < 0) {
        found(c, FOUND_WARNING,
              "JIGATE_HEADER_ROOM is %s: docker-jitsi-meet's Jigasi looks "
              "for %s, a plain one for %s, and one that finds neither "
              "refuses every call with 486",
              cfg->header_room, room_headers[0], room_headers[1]);
        advise(c, "Leave it out, unless JITSI_MEET_ROOM_HEADER_NAME of "
                  "Jigasi's account is the same.");
        return false;
    }
    if (domain < 0 || domain == room)
        return true;
    found(c, FOUND_WARNING,
          "JIGATE_HEADER_ROOM is %s, but JIGATE_HEADER_DOMAIN_BASE is %s: one "
          "of them is docker-jitsi-meet's, the other a plain Jigasi's",
          cfg->header_room, cfg->header_domain_base);
    advise(c,
           "Set both to docker-jitsi-meet's (%s, %s) or to a plain "
           "Jigasi's (%s, %s).",
           room_headers[0], domain_headers[0], room_headers[1],
           domain_headers[1]);
    return false;
}

/* Whether the URL's host is that name. */
static bool host_is(const char *url, const char *name)
{
    const char *host = strstr(url, "://");
    size_t n;

    host = host ? host + 3 : url;
    n = strcspn(host, ":/?#");
    return n && n == strlen(name) && strncasecmp(host, name, n) == 0;
}

void check_headers(struct checkup *c)
{
    const char *muc = c->cfg->xmpp_muc_domain;
    const char *url = c->hints[HINT_PUBLIC_URL];
    bool good = look_at_names(c);

    if (!*muc) {
        found(c, FOUND_WARNING,
              "XMPP_MUC_DOMAIN is not set: Jigasi is told bare rooms, and "
              "rooms of a tenant or of another domain are refused with 486");
        advise(c, "Set it as Jitsi has it; docker-jitsi-meet's is "
                  "muc.meet.jitsi.");
    } else if (url && host_is(url, muc)) {
        found(c, FOUND_FAULT,
              "XMPP_MUC_DOMAIN is %s, the host of PUBLIC_URL: Jigasi finds no "
              "room there, and refuses every call with 486",
              muc);
        advise(c, "Set it to the internal domain of rooms; docker-jitsi-"
                  "meet's is muc.meet.jitsi.");
    } else if (good) {
        found(c, FOUND_OK, "rooms are told in %s, as room@%s",
              c->cfg->header_room, muc);
    }
}

static void look_at_translator(struct checkup *c, bool *good)
{
    if (!hint_on(c, HINT_TRANSLATOR))
        return;
    *good = false;
    found(c, FOUND_FAULT,
          "%s is on: Jigasi sends the voice of each participant as a stream "
          "of its own, where one is expected, and callers hear them break up",
          hint_name(HINT_TRANSLATOR));
    advise(c, "Set it to 0, and restart Jigasi, which mixes then.");
}

static void look_at_startmuted(struct checkup *c, bool *good)
{
    if (!hint_on(c, HINT_STARTMUTED) || hint_on(c, HINT_TRANSLATOR))
        return;
    *good = false;
    found(c, FOUND_WARNING,
          "%s is on, which a Jigasi that mixes does not do well: a caller "
          "whom a moderator muted may not get unmuted",
          hint_name(HINT_STARTMUTED));
    advise(c, "Set it to 0.");
}

static void look_at_transport(struct checkup *c, bool *good)
{
    const char *transport = c->hints[HINT_TRANSPORT];
    bool embedded = c->cfg->engine == CONFIG_ENGINE_EMBEDDED;

    if (transport && strcasecmp(transport, "tls") == 0 && embedded) {
        *good = false;
        found(c, FOUND_FAULT,
              "%s is TLS, which the internal side does not speak",
              hint_name(HINT_TRANSPORT));
        advise(c, "Set it to UDP.");
    }
}

void check_jitsi(struct checkup *c)
{
    bool good = true, known = false;

    for (size_t i = 0; i < HINTS; i++)
        known = known || c->hints[i];
    look_at_translator(c, &good);
    look_at_startmuted(c, &good);
    look_at_transport(c, &good);
    if (good)
        found(c, FOUND_OK,
              known ? "nothing in Jitsi's own settings stands against it"
                    : "its settings cannot be seen from here; it must mix "
                      "(USE_TRANSLATOR_IN_CONFERENCE=0)");
}
