/* The engine fed with what a real FreeSWITCH said, without a socket: what it
   tells, and that it stands whatever is cut from or changed in it. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_parse.h"
#include "engine/freeswitch/freeswitch.h"
#include "engine/freeswitch/fs.h"

struct rig {
    char *bytes;
    size_t len;
    struct event_base *base;
    struct timers *timers;
    struct engine *engine;
    struct freeswitch *fs;
    unsigned told[ENGINE_GONE + 1];
    char keys[256];
    char to[64], name[64], address[64];
};

static void tell_h(const struct engine_event *ev, void *arg)
{
    static const char *const sequences[] = {"*6", "4711#"};
    struct rig *r = arg;

    r->told[ev->type]++;
    if (ev->type == ENGINE_OFFERED) {
        engine_bind(r->engine, ev->leg, sequences, 2, 3000);
        snprintf(r->to, sizeof(r->to), "%s", ev->offered.to);
        snprintf(r->name, sizeof(r->name), "%s", ev->offered.caller_name);
        snprintf(r->address, sizeof(r->address), "%s", ev->offered.address);
    }
    if (ev->type == ENGINE_KEYS)
        strncat(r->keys, ev->keys, sizeof(r->keys) - strlen(r->keys) - 1);
}

static int setup(void **state)
{
    static struct rig rig;
    static struct config cfg;
    struct rig *r = &rig;
    FILE *f = fopen(ESL_RECORDING, "rb");

    memset(r, 0, sizeof(*r));
    if (!f)
        return -1;
    fseek(f, 0, SEEK_END);
    r->len = (size_t)ftell(f);
    rewind(f);
    r->bytes = malloc(r->len);
    if (!r->bytes || fread(r->bytes, 1, r->len, f) != r->len)
        return -1;
    fclose(f);
    cfg.freeswitch_server = "127.0.0.1";
    cfg.esl_port = 1;
    cfg.rtp_end_port = UINT16_MAX;
    cfg.external_ip = "127.0.0.1";
    cfg.internal_ip = "127.0.0.2";
    cfg.esl_password = "x";
    cfg.jigasi_user = "jigasi";
    cfg.jigasi_codecs = "opus";
    cfg.language = "en";
    cfg.freeswitch_sounds_dir = "/sounds";
    r->base = event_base_new();
    timers_alloc(&r->timers, 1000);
    if (freeswitch_alloc(&r->engine, &cfg, r->base, r->timers, NULL, tell_h,
                         r))
        return -1;
    r->fs = (struct freeswitch *)r->engine;
    r->fs->nodes[0]->up = true;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;

    engine_stop(r->engine);
    timers_free(r->timers);
    event_base_free(r->base);
    free(r->bytes);
    return 0;
}

static void feed(struct rig *r, const char *bytes, size_t len)
{
    size_t at = 0, used;
    struct esl_frame f;

    while (at < len && !esl_frame_parse(&f, bytes + at, len - at, &used)) {
        struct esl_event ev;

        at += used;
        if (f.type != ESL_EVENT_PLAIN)
            continue;
        esl_event_open(&ev, f.body);
        if (ev.name != ESL_EVENT_UNKNOWN && ev.name != ESL_BACKGROUND_JOB)
            fs_event_h(&ev, r->fs->nodes[0]);
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
}

static void calls_come_and_go(void **state)
{
    struct rig *r = *state;

    feed(r, r->bytes, r->len);
    assert_int_equal(r->told[ENGINE_OFFERED], 6);
    assert_int_equal(r->told[ENGINE_ANSWERED], 6);
    assert_int_equal(r->told[ENGINE_GONE], 6);
    assert_int_equal(r->fs->legs.n, 0);
    assert_string_equal(r->name, "Test phone");
    assert_string_equal(r->to, "x");
    assert_string_equal(r->address, "127.0.0.40");
    assert_string_equal(r->keys, "*6*64711#*6*6*6*6*6*64711#*6*6");
    assert_true(r->told[ENGINE_CONTACT] >= 2);
}

/* The bytes up to any place, and any byte another one. */
static void nothing_in_it_can_break_the_engine(void **state)
{
    struct rig *r = *state;
    char *copy = malloc(r->len);
    unsigned seed = 1;

    assert_non_null(copy);
    for (int round = 0; round < 60; round++) {
        memcpy(copy, r->bytes, r->len);
        for (int i = 0; i < 400; i++) {
            seed = seed * 1103515245u + 12345u;
            copy[(seed >> 4) % r->len] = (char)(seed >> 20);
        }
        seed = seed * 1103515245u + 12345u;
        feed(r, copy, (seed >> 4) % r->len);
    }
    free(copy);
}

static void a_phone_is_no_jigasi_whatever_it_says(void **state)
{
    static const char text[] =
        "Event-Name: CUSTOM\nEvent-Subclass: sofia%3A%3Aregister\n"
        "profile-name: external\nfrom-user: jigasi\nto-user: jigasi\n"
        "contact: %3Csip%3Ajigasi%40127.0.0.9%3A5060%3E\n\n";
    struct rig *r = *state;
    struct esl_event ev;
    unsigned before = r->told[ENGINE_CONTACT];

    esl_event_open(&ev, slice_of(text));
    fs_event_h(&ev, r->fs->nodes[0]);
    assert_int_equal(r->told[ENGINE_CONTACT], before);
}

static void nodes_are_read_from_a_list(void **state)
{
    static const char *const good[] = {"a", "a:1", "a,b:2, c", "[::1]:8021",
                                       "10.0.0.1:8021,x.example.org"};
    static const char *const bad[] = {"", ",", "a:0", "a:99999", "a:x", ":1"};
    struct rig *r = *state;
    struct config cfg = *r->fs->cfg;
    struct engine *e;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cfg.freeswitch_server = (char *)good[i];
        assert_int_equal(
            freeswitch_alloc(&e, &cfg, r->base, r->timers, NULL, tell_h, r),
            0);
        engine_stop(e);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cfg.freeswitch_server = (char *)bad[i];
        assert_int_not_equal(
            freeswitch_alloc(&e, &cfg, r->base, r->timers, NULL, tell_h, r),
            0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_come_and_go),
        TEST(nothing_in_it_can_break_the_engine),
        TEST(a_phone_is_no_jigasi_whatever_it_says),
        TEST(nodes_are_read_from_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
