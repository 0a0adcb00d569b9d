/*
 * What a FreeSWITCH 1.10.12 said to others than us: a service that took all
 * events as JSON, and a small one with few, in JSON and in the plain format.
 * The parser finds every frame, and the engine makes nothing of calls that
 * are not its own. Events in JSON are also read in the plain format, written
 * as FreeSWITCH writes it: each value has to be the JSON's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/freeswitch/esl_parse.h"
#include "engine/freeswitch/freeswitch.h"
#include "engine/freeswitch/fs.h"

enum {
    VALUE_MAX = 16384,
    PREFIX = 24000, /* bytes of each that are cut at every position */
    ROUNDS = 12,    /* of fuzzing each */
};

/* Counted by another parser. A recording may end within a frame. */
static const struct recording {
    const char *name;
    size_t rest; /* bytes of that frame */
    size_t requests, replies, plain, json;
    size_t park, answer, hangup, dtmf, info;
    size_t info_bytes; /* of all bodies of RECV_INFO */
} recordings[] = {
    {"busy", 0, 0, 47, 0, 280, 3, 2, 4, 0, 0, 0},
    {"direct", 0, 0, 22, 0, 108, 1, 2, 2, 0, 0, 0},
    {"info_lobby", 0, 0, 32, 0, 150, 1, 2, 2, 0, 3, 39},
    {"ivr9", 0, 0, 25, 0, 153, 2, 2, 2, 10, 0, 0},
    {"jigasi_hangup", 0, 0, 27, 0, 184, 1, 2, 2, 0, 0, 0},
    {"mini_json", 57, 1, 10, 0, 25, 0, 0, 2, 0, 3, 215},
    {"mini_plain", 57, 1, 10, 23, 0, 0, 0, 2, 0, 3, 215},
    {"mute", 0, 0, 34, 0, 171, 1, 2, 2, 0, 3, 310},
    {"service_restart", 0, 0, 15, 0, 111, 1, 2, 0, 0, 1, 103},
};

enum { N = sizeof(recordings) / sizeof(recordings[0]) };

struct bytes {
    char *p;
    size_t len, size;
};

static struct bytes raw[N];   /* as recorded */
static struct bytes plain[N]; /* the same events, framed in plain format */

static void append(struct bytes *b, const char *p, size_t n)
{
    if (b->len + n > b->size) {
        b->size = 2 * (b->len + n);
        b->p = realloc(b->p, b->size);
        assert_non_null(b->p);
    }
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

/* ---- JSON to plain ---- */

/* As switch_url_encode() does: what is no letter, digit or harmless sign. */
static void append_encoded(struct bytes *b, const char *text)
{
    for (; *text; text++) {
        char hex[4];

        if (strchr("%\r\n <>\"#{}|\\^~[]`;/?:@=&+,'", *text) ||
            (unsigned char)*text > '~') {
            snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)*text);
            append(b, hex, 3);
        } else {
            append(b, text, 1);
        }
    }
}

/* An array is written as "ARRAY::one|:two". */
static const char *text_of(const json_t *value, char *buf)
{
    size_t n = 0;

    if (!json_is_array(value))
        return json_string_value(value);
    buf[0] = '\0';
    for (size_t i = 0; i < json_array_size(value); i++)
        n += (size_t)snprintf(
            buf + n, VALUE_MAX - n, "%s%s",
            i ? "|:" : "ARRAY::", json_string_value(json_array_get(value, i)));
    return buf;
}

static void to_plain(json_t *event, struct bytes *out)
{
    struct bytes b = {0};
    static char buf[VALUE_MAX];
    const char *name, *body = "";
    json_t *value;
    char head[128];
    int n;

    json_object_foreach(event, name, value)
    {
        if (!strcmp(name, "_body")) {
            body = json_string_value(value);
            continue;
        }
        append(&b, name, strlen(name));
        append(&b, ": ", 2);
        append_encoded(&b, text_of(value, buf));
        append(&b, "\n", 1);
    }
    append(&b, "\n", 1);
    append(&b, body, strlen(body));
    n = snprintf(head, sizeof(head),
                 "Content-Length: %zu\nContent-Type: text/event-plain\n\n",
                 b.len);
    append(out, head, (size_t)n);
    append(out, b.p, b.len);
    free(b.p);
}

/* ---- reading ---- */

static bool is_type(const struct esl_frame *f, const char *type)
{
    struct slice s = esl_header(f->head, "Content-Type", 12);

    return s.p && slice_is(s, type);
}

static void read_recording(size_t i)
{
    char path[4096];
    size_t at = 0, used;
    struct esl_frame f;
    FILE *file;
    char part[4096];

    snprintf(path, sizeof(path), "%s/%s.bin", ESL_RECORDINGS,
             recordings[i].name);
    file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t n; (n = fread(part, 1, sizeof(part), file)) > 0;)
        append(&raw[i], part, n);
    fclose(file);
    for (; !esl_frame_parse(&f, raw[i].p + at, raw[i].len - at, &used);
         at += used) {
        if (f.type == ESL_EVENT_PLAIN)
            append(&plain[i], raw[i].p + at, used);
        if (is_type(&f, "text/event-json")) {
            json_t *event = json_loadb(f.body.p, f.body.len, 0, NULL);

            assert_non_null(event);
            to_plain(event, &plain[i]);
            json_decref(event);
        }
    }
}

static int load(void **state)
{
    for (size_t i = 0; i < N; i++)
        read_recording(i);
    return 0;
}

static int unload(void **state)
{
    for (size_t i = 0; i < N; i++) {
        free(raw[i].p);
        free(plain[i].p);
    }
    return 0;
}

/* ---- the parser ---- */

static void every_frame_is_found(void **state)
{
    for (size_t i = 0; i < N; i++) {
        const struct recording *r = &recordings[i];
        size_t at = 0, used, requests = 0, replies = 0, n_plain = 0, json = 0;
        struct esl_frame f;

        for (; !esl_frame_parse(&f, raw[i].p + at, raw[i].len - at, &used);
             at += used) {
            requests += f.type == ESL_AUTH_REQUEST;
            replies += f.type == ESL_COMMAND_REPLY;
            n_plain += f.type == ESL_EVENT_PLAIN;
            json += f.type == ESL_OTHER && is_type(&f, "text/event-json");
        }
        assert_int_equal(raw[i].len - at, r->rest);
        assert_int_equal(requests, r->requests);
        assert_int_equal(replies, r->replies);
        assert_int_equal(n_plain, r->plain);
        assert_int_equal(json, r->json);
    }
}

static void count(const struct esl_event *ev, size_t *seen, size_t *bytes)
{
    seen[ev->name]++;
    if (ev->name == ESL_RECV_INFO)
        *bytes += esl_event_body(ev).len;
}

static void every_event_has_its_name_and_body(void **state)
{
    for (size_t i = 0; i < N; i++) {
        const struct recording *r = &recordings[i];
        size_t at = 0, used, seen[ESL_EVENT_NAMES] = {0}, all = 0, info = 0;
        struct esl_frame f;

        for (; at < plain[i].len; at += used, all++) {
            struct esl_event ev;

            assert_int_equal(
                esl_frame_parse(&f, plain[i].p + at, plain[i].len - at, &used),
                0);
            esl_event_open(&ev, f.body);
            assert_non_null(esl_event_raw(&ev, "Event-Name").p);
            count(&ev, seen, &info);
        }
        assert_int_equal(all, r->plain + r->json);
        assert_int_equal(seen[ESL_CHANNEL_PARK], r->park);
        assert_int_equal(seen[ESL_CHANNEL_ANSWER], r->answer);
        assert_int_equal(seen[ESL_CHANNEL_HANGUP], r->hangup);
        assert_int_equal(seen[ESL_DTMF], r->dtmf);
        assert_int_equal(seen[ESL_RECV_INFO], r->info);
        assert_int_equal(info, r->info_bytes);
    }
}

static void same(const struct esl_event *ev, const json_t *event)
{
    static char buf[VALUE_MAX], got[VALUE_MAX];
    struct slice body = esl_event_body(ev);
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)event, name, value)
    {
        if (!strcmp(name, "_body")) {
            assert_true(slice_is(body, json_string_value(value)));
            continue;
        }
        assert_true(esl_event_get(ev, name, got, sizeof(got)));
        assert_string_equal(got, text_of(value, buf));
    }
}

static void every_value_is_that_of_the_json(void **state)
{
    for (size_t i = 0; i < N; i++) {
        size_t at = 0, used, plain_at = 0, plain_used;
        struct esl_frame f, p;

        for (; !esl_frame_parse(&f, raw[i].p + at, raw[i].len - at, &used);
             at += used) {
            struct esl_event ev;
            json_t *event;

            if (!is_type(&f, "text/event-json"))
                continue;
            event = json_loadb(f.body.p, f.body.len, 0, NULL);
            assert_int_equal(esl_frame_parse(&p, plain[i].p + plain_at,
                                             plain[i].len - plain_at,
                                             &plain_used),
                             0);
            plain_at += plain_used;
            esl_event_open(&ev, p.body);
            same(&ev, event);
            json_decref(event);
        }
    }
}

/* As the client reads: what is there is tried when it may be enough. Returns
   the number of frames. */
static size_t feed_bytes(const char *p, size_t len)
{
    size_t at = 0, want = 1, frames = 0, used;
    struct esl_frame f;

    for (size_t n = 1; n <= len; n++) {
        int err;

        if (n - at < want)
            continue;
        err = esl_frame_parse(&f, p + at, n - at, &used);
        if (err == EAGAIN) {
            assert_true(used > n - at);
            want = used;
            continue;
        }
        assert_int_equal(err, 0);
        assert_int_equal(used, n - at); /* not a byte too late */
        at = n;
        want = 1;
        frames++;
    }
    return frames;
}

static void one_byte_at_a_time_makes_the_same_frames(void **state)
{
    for (size_t i = 0; i < N; i++) {
        const struct recording *r = &recordings[i];

        assert_int_equal(feed_bytes(raw[i].p, raw[i].len),
                         r->requests + r->replies + r->plain + r->json);
    }
}

/* Every position of the beginning, each in a block of its own. */
static void a_cut_anywhere_is_no_fault(void **state)
{
    for (size_t i = 0; i < N; i++) {
        size_t whole = 0, used;
        struct esl_frame f;

        for (size_t n = 0; n < PREFIX; n++) {
            char *part = malloc(n ? n : 1);
            size_t at = 0, want;
            int err;

            memcpy(part, raw[i].p, n);
            while (!(err = esl_frame_parse(&f, part + at, n - at, &want)))
                at += want;
            assert_int_equal(err, EAGAIN);
            while (whole < n &&
                   !esl_frame_parse(&f, raw[i].p + whole, n - whole, &used))
                whole += used;
            assert_int_equal(at, whole);
            free(part);
        }
    }
}

/* ---- the engine ---- */

struct rig {
    struct event_base *base;
    struct timers *timers;
    struct engine *engine;
    struct freeswitch *fs;
    unsigned told[ENGINE_GONE + 1];
};

static void tell_h(const struct engine_event *ev, void *arg)
{
    ((struct rig *)arg)->told[ev->type]++;
}

static int setup(void **state)
{
    static struct rig rig;
    static struct config cfg;
    struct rig *r = &rig;

    memset(r, 0, sizeof(*r));
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
    if (!r->base || timers_alloc(&r->timers, 1000) ||
        freeswitch_alloc(&r->engine, &cfg, r->base, r->timers, NULL, tell_h,
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
    return 0;
}

static void to_engine(struct rig *r, const char *p, size_t len)
{
    size_t at = 0, used;
    struct esl_frame f;

    for (; at < len && !esl_frame_parse(&f, p + at, len - at, &used);
         at += used) {
        struct esl_event ev;

        if (f.type != ESL_EVENT_PLAIN)
            continue;
        esl_event_open(&ev, f.body);
        if (ev.name != ESL_EVENT_UNKNOWN && ev.name != ESL_BACKGROUND_JOB)
            fs_event_h(&ev, r->fs->nodes[0]);
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
}

static void calls_of_others_are_none_of_ours(void **state)
{
    struct rig *r = *state;

    for (size_t i = 0; i < N; i++)
        to_engine(r, plain[i].p, plain[i].len);
    for (int i = 0; i <= ENGINE_GONE; i++) {
        if (i != ENGINE_CONTACT)
            assert_int_equal(r->told[i], 0);
    }
    assert_int_equal(r->fs->legs.n, 0);
}

static unsigned dice;

static size_t roll(size_t below)
{
    dice = dice * 1103515245u + 12345u;
    return (dice >> 4) % below;
}

/* Bytes changed, or one said to come from our own dialplan. */
static void nothing_of_it_breaks_the_engine(void **state)
{
    static const char *const words[] = {
        "variable_jigate_source: ", "Content-Length: 9", "%00%0A%25%2", "\n\n",
        "variable_jigate_for: "};
    struct rig *r = *state;

    dice = 7;
    for (size_t i = 0; i < N; i++) {
        char *copy = malloc(plain[i].len);

        assert_non_null(copy);
        for (int round = 0; round < ROUNDS; round++) {
            memcpy(copy, plain[i].p, plain[i].len);
            for (int k = 0; k < 300; k++) {
                const char *word = words[roll(5)];
                size_t at = roll(plain[i].len - 32);

                if (k % 4)
                    copy[at] = (char)roll(256);
                else
                    memcpy(copy + at, word, strlen(word));
            }
            to_engine(r, copy, roll(plain[i].len));
            to_engine(r, copy, plain[i].len);
        }
        free(copy);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_found),
        cmocka_unit_test(every_event_has_its_name_and_body),
        cmocka_unit_test(every_value_is_that_of_the_json),
        cmocka_unit_test(one_byte_at_a_time_makes_the_same_frames),
        cmocka_unit_test(a_cut_anywhere_is_no_fault),
        TEST(calls_of_others_are_none_of_ours),
        TEST(nothing_of_it_breaks_the_engine),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
