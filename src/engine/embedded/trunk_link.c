/* The TLS connection to the trunk: opened before we register, and anew when
   it broke. */
#include <stdio.h>

#include "engine/embedded/trunk_private.h"

enum {
    DIAL_MS = 15000, /* tls_client.h gives up sooner */
    TAKEN_LOOK_MS = 2,
    TAKEN_MS = 2000,
    HELD_MS = 5000,  /* a connection that holds; before it is a failure */
    AGAIN_MS = 1000, /* at most, after a connection that held */
};

bool trunk_is_tls(const struct trunk *t)
{
    return t->side->client;
}

bool trunk_held(const struct trunk *t)
{
    return t->registered && ua_now() - t->registered_at >= HELD_MS;
}

/* Who, where, why. */
static void describe(const struct trunk *t, const struct sockaddr_storage *at,
                     const char *why, char out[TRUNK_DETAIL_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];

    snprintf(out, TRUNK_DETAIL_SIZE, "no TLS with %s at %s: %s",
             t->ua->cfg->trunk_server, address_text(at, address), why);
}

/* The stack does not tell who waits for an answer that the connection is
   gone: they would wait for half a minute. */
static void broken(struct trunk *t)
{
    trunk_unregistered(t);
    leg_table_each(t->ua->legs, ua_leg_cut_h, NULL);
}

static void give_up(struct trunk *t, const char *why)
{
    char text[TRUNK_DETAIL_SIZE];

    describe(t, &t->addresses[t->at], why, text);
    trunk_unlink(t);
    trunk_next(t, text);
}

static void silent_h(void *arg)
{
    give_up(arg, "no answer");
}

/* The stack accepts the connection in its own time, and would open one of its
   own were it asked to send before. */
static void taken_h(void *arg)
{
    struct trunk *t = arg;
    struct tls_client_view v;

    tls_client_look(t->side->client, &v);
    if (v.state != TLS_CLIENT_UP) { /* trunk_link_changed() is called */
        ua_timer(t->ua, &t->timer, DIAL_MS, silent_h, t);
        return;
    }
    if (ua_tls_is_taken(t->side, &v.inner)) {
        t->linking = false;
        ua_tls_port(t->side, address_port(&v.local));
        trunk_send(t);
    } else if (ua_now() < t->taken_until) {
        ua_timer(t->ua, &t->timer, TAKEN_LOOK_MS, taken_h, t);
    } else {
        give_up(t, "no connection inside of this program");
    }
}

static void up(struct trunk *t)
{
    t->taken_until = ua_now() + TAKEN_MS;
    taken_h(t);
}

void trunk_link(struct trunk *t)
{
    const struct sockaddr_storage *to = &t->addresses[t->at];
    struct tls_client_view v;

    tls_client_look(t->side->client, &v);
    t->linking = true;
    if (v.state == TLS_CLIENT_UP && address_equal(&v.outer, to)) {
        up(t);
        return;
    }
    broken(t); /* what was registered went over another */
    tls_client_dial(t->side->client, to);
    ua_timer(t->ua, &t->timer, DIAL_MS, silent_h, t);
}

void trunk_unlink(struct trunk *t)
{
    tls_client_close(t->side->client);
    broken(t);
    t->linking = false;
}

void trunk_link_changed(struct trunk *t)
{
    char why[TRUNK_DETAIL_SIZE];
    struct tls_client_view v;

    if (!t || !trunk_is_tls(t))
        return;
    tls_client_look(t->side->client, &v);
    if (v.state == TLS_CLIENT_UP && t->linking)
        up(t);
    if (v.state != TLS_CLIENT_LOST)
        return;
    describe(t, &v.outer, v.why, why);
    if (t->linking || t->orq) {
        trunk_unlink(t);
        trunk_next(t, why);
    } else if (t->registered) {
        bool held = trunk_held(t);

        broken(t);
        if (!held) {
            trunk_next(t, why);
            return;
        }
        t->failures = 0;
        trunk_again(t, why, ua_random() % AGAIN_MS);
    }
}
