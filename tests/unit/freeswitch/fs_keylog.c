/* The log of keys in a channel's variable: every key counts once, whatever
   happens while the log is emptied. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/freeswitch.h"
#include "engine/freeswitch/fs.h"

enum { MANY = 101, BEGIN_MS = 1000, PAUSE_MS = 4000 };

struct rig {
    struct event_base *base;
    struct timers *timers;
    struct engine *engine;
    struct fs_leg *leg;
    uint64_t now;
    char keys[16]; /* told of keys other than 0 */
    unsigned zeros;
};

static void tell_h(const struct engine_event *ev, void *arg)
{
    struct rig *r = arg;

    if (ev->type != ENGINE_KEYS)
        return;
    if (*ev->keys == '0')
        r->zeros++;
    else
        strncat(r->keys, ev->keys, sizeof(r->keys) - strlen(r->keys) - 1);
}

static int setup(void **state)
{
    static const char *const sequences[] = {"0", "1", "2", "3"};
    static struct config cfg = {
        .freeswitch_server = "127.0.0.1",
        .esl_port = 1,
        .rtp_end_port = UINT16_MAX,
        .external_ip = "127.0.0.1",
        .internal_ip = "127.0.0.2",
        .esl_password = "x",
        .jigasi_user = "jigasi",
        .jigasi_codecs = "opus",
        .language = "en",
        .freeswitch_sounds_dir = "/sounds",
    };
    static struct rig rig;
    struct rig *r = &rig;
    struct freeswitch *fs;

    memset(r, 0, sizeof(*r));
    r->now = BEGIN_MS;
    r->base = event_base_new();
    timers_alloc(&r->timers, r->now);
    if (freeswitch_alloc(&r->engine, &cfg, r->base, r->timers, NULL, tell_h,
                         r))
        return -1;
    fs = (struct freeswitch *)r->engine;
    r->leg = fs_leg_alloc(fs->nodes[0], "uuid-1", true);
    fs_keys_bind(r->leg, sequences, 4, 0);
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

/* FreeSWITCH tells its log: a round, so many zeros, and keys after them. */
static void read_log(struct rig *r, unsigned round, unsigned zeros,
                     const char *keys)
{
    char text[2048], zero[1024] = "";
    struct esl_event ev;
    int n;

    memset(zero, '0', zeros);
    n = snprintf(text, sizeof(text),
                 "Event-Name: DTMF\nvariable_jigate_keys: %u.%s%s\n\n", round,
                 zero, keys);
    esl_event_open(&ev, (struct slice){text, (size_t)n});
    fs_keylog_read(r->leg, &ev);
}

static void pause_keys(struct rig *r)
{
    r->now += PAUSE_MS;
    timers_run(r->timers, r->now);
}

/* … and it is to be emptied. */
static void fill(struct rig *r)
{
    read_log(r, 0, MANY, "");
    assert_int_equal(r->leg->keylog.round, 0);
    pause_keys(r);
    assert_int_equal(r->leg->keylog.round, 1);
    assert_int_equal(r->zeros, MANY);
}

static void each_key_counts_once(void **state)
{
    struct rig *r = *state;

    read_log(r, 0, 2, "1");
    read_log(r, 0, 2, "1");
    read_log(r, 0, 2, "123");
    read_log(r, 0, 2, "12");
    assert_int_equal(r->zeros, 2);
    assert_string_equal(r->keys, "123");
}

static void a_log_is_emptied_in_a_pause_alone(void **state)
{
    struct rig *r = *state;

    for (unsigned n = MANY - 5; n < MANY + 3; n++) {
        read_log(r, 0, n, "");
        r->now += PAUSE_MS / 3;
        timers_run(r->timers, r->now);
    }
    assert_int_equal(r->leg->keylog.round, 0);
    pause_keys(r);
    assert_int_equal(r->leg->keylog.round, 1);
}

static void a_log_that_grows_without_a_pause_is_emptied(void **state)
{
    struct rig *r = *state;

    read_log(r, 0, 1000, "");
    assert_int_equal(r->leg->keylog.round, 0);
    read_log(r, 0, 1001, "");
    assert_int_equal(r->leg->keylog.round, 1);
    read_log(r, 1, 0, "1");
    assert_string_equal(r->keys, "1");
}

static void an_emptied_log_begins_anew(void **state)
{
    struct rig *r = *state;

    fill(r);
    read_log(r, 0, MANY, ""); /* told late */
    read_log(r, 1, 0, "1");
    read_log(r, 1, 0, "12");
    read_log(r, 0, MANY, "3"); /* wiped out, and later than what follows it */
    read_log(r, 1, 0, "123");
    assert_string_equal(r->keys, "123");
    assert_int_equal(r->zeros, MANY);
}

/* FreeSWITCH had read the log before it was emptied, and wrote it after. */
static void emptying_may_be_undone(void **state)
{
    struct rig *r = *state;

    fill(r);
    read_log(r, 0, MANY, "1");
    read_log(r, 0, MANY, "12");
    assert_string_equal(r->keys, "12");
    assert_int_equal(r->leg->keylog.done, MANY + 2); /* no longer 0 */
    pause_keys(r);
    read_log(r, 1, 0, "3");
    assert_string_equal(r->keys, "123");
    assert_int_equal(r->zeros, MANY);
}

/* … or told a key just before. */
static void a_key_may_come_just_before(void **state)
{
    struct rig *r = *state;

    fill(r);
    read_log(r, 0, MANY, "1");
    read_log(r, 1, 0, "2");
    read_log(r, 1, 0, "23");
    assert_string_equal(r->keys, "123");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_key_counts_once),
        TEST(a_log_is_emptied_in_a_pause_alone),
        TEST(a_log_that_grows_without_a_pause_is_emptied),
        TEST(an_emptied_log_begins_anew),
        TEST(emptying_may_be_undone),
        TEST(a_key_may_come_just_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
