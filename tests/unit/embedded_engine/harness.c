#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/timer.h"
#include "engine/embedded/embedded.h"
#include "fake_media.h"

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A port that is free for UDP and TCP. */
static unsigned free_port(void)
{
    for (int i = 0; i < 100; i++) {
        struct sockaddr_in sa = {.sin_family = AF_INET};
        socklen_t len = sizeof(sa);
        int udp = socket(AF_INET, SOCK_DGRAM, 0);
        int tcp = socket(AF_INET, SOCK_STREAM, 0);
        int err;

        inet_pton(AF_INET, "127.0.0.1", &sa.sin_addr);
        err = bind(udp, (struct sockaddr *)&sa, sizeof(sa));
        getsockname(udp, (struct sockaddr *)&sa, &len);
        err |= bind(tcp, (struct sockaddr *)&sa, sizeof(sa));
        close(udp);
        close(tcp);
        if (!err)
            return ntohs(sa.sin_port);
    }
    fail_msg("no free port");
    return 0;
}

static void choose_ports(struct harness *h)
{
    h->cfg.external_sip_port = free_port();
    do {
        h->cfg.internal_sip_port = free_port();
    } while (h->cfg.internal_sip_port == h->cfg.external_sip_port);
}

void harness_init(struct harness *h)
{
    const struct config cfg = {
        .log_level = LOG_DEBUG,
        .sounds_dir = (char *)"/nonexistent",
        .language = (char *)"en",
        .registration_user = (char *)"user",
        .registration_password = (char *)"secret",
        .trusted_networks = (char *)"",
        .external_ip = (char *)"127.0.0.1",
        .external_ext_ip = (char *)"192.0.2.7",
        .local_network_acl = (char *)"none",
        .jigasi_uri = (char *)"jigasi@meet.jitsi",
        .jigasi_user = (char *)"jigasi",
        .sip_domain = (char *)"meet.jitsi",
        .jigasi_password = (char *)"brewery",
        .jigasi_codecs = (char *)"caller,opus,pcmu,pcma",
        .internal_ip = (char *)"127.0.0.1",
        .media_timeout_s = 60,
        .trunk_server = (char *)"127.0.0.1",
        .trunk_domain = (char *)"provider.example",
        .trunk_user = (char *)"acct",
        .trunk_password = (char *)"", /* no trunk */
    };

    memset(h, 0, sizeof(*h));
    h->cfg = cfg;
    choose_ports(h);
    snprintf(h->state_dir, sizeof(h->state_dir), "/tmp/jigate-test-XXXXXX");
    assert_non_null(mkdtemp(h->state_dir));
    h->cfg.state_dir = h->state_dir;
    h->base = event_base_new();
    assert_int_equal(timers_alloc(&h->timers, now_ms()), 0);
    timers_set_clock(h->timers, now_ms);
    assert_int_equal(log_alloc(&h->log, STDERR_FILENO, LOG_DEBUG), 0);
}

static void keep(struct seen *s, size_t i, const char **text, size_t len)
{
    if (!*text)
        return;
    if (len >= sizeof(s->text[i]))
        len = sizeof(s->text[i]) - 1;
    memcpy(s->text[i], *text, len);
    *text = s->text[i];
}

static void event_h(const struct engine_event *ev, void *arg)
{
    struct harness *h = arg;
    struct seen *s = calloc(1, sizeof(*s));
    struct engine_offer *o = &s->ev.offered;
    struct engine_contact *c = &s->ev.contact;

    assert_true(h->n_seen < HARNESS_EVENTS_MAX);
    s->ev = *ev;
    h->seen[h->n_seen++] = s;
    if (ev->type == ENGINE_OFFERED) {
        keep(s, 0, &o->call, strlen(o->call));
        keep(s, 1, &o->to, o->to_len);
        keep(s, 2, &o->caller_name, strlen(o->caller_name));
        keep(s, 3, &o->caller_number, strlen(o->caller_number));
        keep(s, 4, &o->address, strlen(o->address));
    } else if (ev->type == ENGINE_CONTACT) {
        keep(s, 0, &c->id, strlen(c->id));
        keep(s, 1, &c->user, strlen(c->user));
        keep(s, 2, &c->uri, strlen(c->uri));
    } else if (ev->type == ENGINE_INFO) {
        keep(s, 0, &s->ev.info.type, strlen(ev->info.type));
        memcpy(s->body, ev->info.body, ev->info.len);
        s->ev.info.body = s->body;
    } else if (ev->type == ENGINE_GONE) {
        keep(s, 0, &s->ev.gone.reason, strlen(ev->gone.reason));
    } else if (ev->type == ENGINE_KEYS) {
        keep(s, 0, &s->ev.keys, strlen(ev->keys));
    } else if (ev->type == ENGINE_DIGITS) {
        keep(s, 0, &s->ev.digits.digits, strlen(ev->digits.digits));
    }
}

int harness_try_start(struct harness *h)
{
    assert_int_equal(embedded_alloc(&h->engine, &h->cfg, h->base, h->timers,
                                    h->log, event_h, h),
                     0);
    return engine_start(h->engine);
}

void harness_start(struct harness *h)
{
    int err = harness_try_start(h);

    /* Somebody else may have taken a port since it was found free. */
    for (int i = 0; err == EADDRINUSE && i < 5; i++) {
        harness_stop(h);
        choose_ports(h);
        err = harness_try_start(h);
    }
    assert_int_equal(err, 0);
    harness_expect(h, ENGINE_UP);
}

void harness_stop(struct harness *h)
{
    engine_stop(h->engine);
    h->engine = NULL;
}

static void remove_dir(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char name[512];

        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (*e->d_name != '.')
            unlink(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

void harness_free(struct harness *h)
{
    if (h->engine)
        harness_stop(h);
    for (size_t i = 0; i < h->n_seen; i++)
        free(h->seen[i]);
    timers_free(h->timers);
    event_base_free(h->base);
    log_free(h->log);
    remove_dir(h->state_dir);
}

void harness_run(struct harness *h, int ms)
{
    uint64_t end = now_ms() + (uint64_t)ms;

    do {
        struct timeval tv = {.tv_usec = 5000};

        event_base_loopexit(h->base, &tv);
        event_base_loop(h->base, EVLOOP_ONCE);
        timers_run(h->timers, now_ms());
    } while (now_ms() < end);
}

static const struct seen *take(struct harness *h, enum engine_event_type type)
{
    for (size_t i = 0; i < h->n_seen; i++) {
        struct seen *s = h->seen[i];

        if (s && s->ev.type == type && s->ev.node == 0) {
            s->ev.node = 1; /* taken */
            return s;
        }
    }
    return NULL;
}

const struct seen *harness_expect(struct harness *h,
                                  enum engine_event_type type)
{
    uint64_t end = now_ms() + PEER_WAIT_MS;
    const struct seen *s;

    while (!(s = take(h, type)) && now_ms() < end)
        harness_run(h, 5);
    if (!s)
        fail_msg("no event of type %d came", type);
    return s;
}

void harness_expect_none(struct harness *h, enum engine_event_type type,
                         int ms)
{
    harness_run(h, ms);
    if (take(h, type))
        fail_msg("an event of type %d came", type);
}

const char *harness_register(struct harness *h, struct peer *p, bool jigasi)
{
    const struct request rq = {
        .method = "REGISTER",
        .uri = "sip:meet.jitsi",
        .to = jigasi ? "<sip:jigasi@meet.jitsi>" : "<sip:user@meet.jitsi>",
        .from = jigasi ? "<sip:jigasi@meet.jitsi>" : "<sip:user@meet.jitsi>",
        .extra = "Expires: 600\r\n",
        .user = jigasi ? "jigasi" : "user",
        .password = jigasi ? "brewery" : "secret",
    };

    peer_authenticated(p, &rq, "SIP/2.0 200");
    return harness_expect(h, ENGINE_CONTACT)->ev.contact.id;
}

engine_leg harness_offer(struct harness *h, struct peer *p, const char *to)
{
    char uri[256];
    const struct request rq = {
        .method = "INVITE",
        .uri = uri,
        .type = "application/sdp",
        .body = peer_sdp("0 8 101", "sendrecv"),
        .user = "user",
        .password = "secret",
    };

    snprintf(uri, sizeof(uri), "sip:%s@meet.jitsi", to);
    peer_new_call(p);
    peer_authenticated(p, &rq, "SIP/2.0 100");
    return harness_expect(h, ENGINE_OFFERED)->ev.leg;
}

void harness_answer(struct harness *h, struct peer *p, engine_leg leg)
{
    engine_answer(h->engine, leg);
    peer_expect(p, "SIP/2.0 200");
    peer_take_tag(p);
    peer_request(p, &(struct request){.method = "ACK", .same_cseq = true});
    assert_int_equal(harness_expect(h, ENGINE_ANSWERED)->ev.leg, leg);
}

engine_leg harness_dial(struct harness *h, struct peer *p, const char *contact,
                        engine_leg for_leg)
{
    const struct engine_dial d = {
        .for_leg = for_leg,
        .contact = contact,
        .caller_name = "Caller",
        .call = "feedbeef",
    };
    engine_leg leg = engine_dial(h->engine, &d);

    peer_expect(p, "INVITE ");
    return leg;
}
