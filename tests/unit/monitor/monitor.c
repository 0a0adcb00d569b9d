#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "monitor/monitor.h"
#include "monitor/watch.h"

static void tell(struct monitor *m, struct monitor_event ev)
{
    monitor_event(&ev, m);
}

static struct engine_contact contact(const char *id, bool reachable, bool gone)
{
    return (struct engine_contact){
        .id = id,
        .user = "jigasi",
        .uri = "sip:jigasi@192.0.2.1",
        .reachable = reachable,
        .gone = gone,
    };
}

static void tell_contact(struct monitor *m, unsigned node, const char *id,
                         bool gone)
{
    struct engine_contact c = contact(id, true, gone);

    tell(m, (struct monitor_event){
                .type = MONITOR_CONTACT, .node = node, .contact = &c});
}

static void calls_are_counted_from_start_to_end(void **state)
{
    struct monitor *m;
    struct monitor_stats st;

    assert_int_equal(monitor_alloc(&m), 0);
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .up = true});
    for (unsigned i = 0; i < 3; i++)
        tell(m, (struct monitor_event){.type = MONITOR_STARTED});
    tell(m, (struct monitor_event){.type = MONITOR_STATE, .state = "ivr"});
    tell(m, (struct monitor_event){.type = MONITOR_REFUSED, .state = "full"});
    tell(m, (struct monitor_event){.type = MONITOR_ENDED, .state = "over"});
    monitor_stats(m, &st);
    assert_int_equal(st.active_calls, 2);
    for (unsigned i = 0; i < 3; i++)
        tell(m, (struct monitor_event){.type = MONITOR_ENDED});
    monitor_stats(m, &st);
    assert_int_equal(st.active_calls, 0);
    monitor_free(m);
}

static void tell_trunk(struct monitor *m, unsigned node, bool up)
{
    tell(m, (struct monitor_event){
                .type = MONITOR_TRUNK, .node = node, .up = up});
}

static enum monitor_trunk trunk_of(const struct monitor *m)
{
    struct monitor_stats st;

    monitor_stats(m, &st);
    return st.trunk;
}

static void one_node_at_the_trunk_will_do(void **state)
{
    struct monitor *m;

    assert_int_equal(monitor_alloc(&m), 0);
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .up = true});
    assert_int_equal(trunk_of(m), MONITOR_TRUNK_NONE);
    tell_trunk(m, 0, false);
    assert_int_equal(trunk_of(m), MONITOR_TRUNK_AWAY);
    tell_trunk(m, 1, true);
    assert_int_equal(trunk_of(m), MONITOR_TRUNK_UP);
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .node = 1});
    assert_int_equal(trunk_of(m), MONITOR_TRUNK_AWAY);
    monitor_free(m);
}

static void quality_is_summed_by_side(void **state)
{
    const struct engine_quality whole = {.measured = true,
                                         .received = 100,
                                         .lost = 10,
                                         .sent = 90,
                                         .far_lost = 1,
                                         .rtt_us = 5000,
                                         .mos = 400,
                                         .far_mos = 420};
    const struct engine_quality half = {
        .measured = true, .received = 50, .sent = 50, .mos = 440};
    struct monitor_quality q;
    struct monitor *m;

    assert_int_equal(monitor_alloc(&m), 0);
    tell(m, (struct monitor_event){.type = MONITOR_QUALITY,
                                   .side = ENGINE_EXTERNAL,
                                   .quality = &whole});
    tell(m, (struct monitor_event){.type = MONITOR_QUALITY,
                                   .side = ENGINE_EXTERNAL,
                                   .quality = &half});
    monitor_quality(m, ENGINE_EXTERNAL, &q);
    assert_int_equal(q.legs, 2);
    assert_int_equal(q.received, 150);
    assert_int_equal(q.lost, 10);
    assert_int_equal(q.sent, 140);
    assert_int_equal(q.far_lost, 1);
    assert_int_equal(q.mos_sum, 840);
    assert_int_equal(q.mos_legs, 2);
    assert_int_equal(q.far_mos_sum, 420);
    assert_int_equal(q.far_mos_legs, 1);
    assert_int_equal(q.rtt_sum_us, 5000);
    assert_int_equal(q.rtt_legs, 1);
    monitor_quality(m, ENGINE_INTERNAL, &q);
    assert_int_equal(q.legs, 0);
    monitor_free(m);
}

static void a_contact_counts_once_however_often_it_is_told(void **state)
{
    struct monitor *m;
    struct monitor_stats st;

    assert_int_equal(monitor_alloc(&m), 0);
    tell_contact(m, 0, "a", false);
    tell_contact(m, 0, "a", false);
    tell_contact(m, 0, "b", false);
    tell_contact(m, 1, "a", false);
    tell_contact(m, 0, "unheard-of", true);
    monitor_stats(m, &st);
    assert_int_equal(st.registrations, 3);
    tell_contact(m, 0, "a", true);
    tell_contact(m, 0, "a", true);
    monitor_stats(m, &st);
    assert_int_equal(st.registrations, 2);
    monitor_free(m);
}

static void a_lost_node_takes_its_contacts_and_sides_with_it(void **state)
{
    struct monitor *m;
    struct monitor_stats st;

    assert_int_equal(monitor_alloc(&m), 0);
    for (unsigned node = 0; node < 2; node++) {
        tell(m, (struct monitor_event){
                    .type = MONITOR_ENGINE, .node = node, .up = true});
        tell(m, (struct monitor_event){.type = MONITOR_PROFILE,
                                       .node = node,
                                       .side = ENGINE_EXTERNAL,
                                       .up = true});
        tell_contact(m, node, "a", false);
    }
    tell(m, (struct monitor_event){.type = MONITOR_STARTED});
    tell(m, (struct monitor_event){.type = MONITOR_STARTED, .node = 1});
    monitor_stats(m, &st);
    assert_int_equal(st.active_calls, 2);
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .node = 1});
    monitor_stats(m, &st);
    assert_int_equal(st.active_calls, 1);
    assert_true(st.engine_up);
    assert_true(st.external_running);
    assert_false(st.internal_running);
    assert_int_equal(st.registrations, 1);
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .node = 0});
    monitor_stats(m, &st);
    assert_false(st.engine_up);
    assert_false(st.external_running);
    assert_int_equal(st.registrations, 0);
    assert_int_equal(st.active_calls, 0);
    /* Back again: its calls were not forgotten, only out of reach. */
    tell(m, (struct monitor_event){.type = MONITOR_ENGINE, .up = true});
    tell(m, (struct monitor_event){.type = MONITOR_ENDED, .node = 1});
    monitor_stats(m, &st);
    assert_int_equal(st.active_calls, 1);
    monitor_free(m);
}

static void draining_is_remembered(void **state)
{
    struct monitor *m;
    struct monitor_stats st;

    assert_int_equal(monitor_alloc(&m), 0);
    monitor_stats(m, &st);
    assert_false(st.draining);
    tell(m, (struct monitor_event){.type = MONITOR_DRAINING});
    monitor_stats(m, &st);
    assert_true(st.draining);
    monitor_free(m);
}

/* ---- the watch over Jigasi ---- */

struct watched {
    struct config cfg;
    struct timers *timers;
    struct log *log;
    struct watch *watch;
    int fd[2];
    uint64_t now;
};

static int watch_setup(void **state)
{
    static struct watched w;

    memset(&w, 0, sizeof(w));
    w.cfg.jigasi_user = "jigasi";
    w.cfg.jigasi_uri = "jigasi@meet.jitsi";
    w.cfg.jigasi_server = "gateway.example";
    w.cfg.internal_ip = "192.0.2.9";
    w.cfg.internal_sip_port = 5077;
    if (pipe2(w.fd, O_NONBLOCK) || timers_alloc(&w.timers, 0) ||
        log_alloc(&w.log, w.fd[1], LOG_INFO) ||
        watch_alloc(&w.watch, &w.cfg, w.timers, w.log))
        return -1;
    *state = &w;
    return 0;
}

static int watch_teardown(void **state)
{
    struct watched *w = *state;

    watch_free(w->watch);
    log_free(w->log);
    timers_free(w->timers);
    close(w->fd[0]);
    close(w->fd[1]);
    return 0;
}

/* Let time pass; returns what was logged meanwhile, "" for nothing. */
static const char *pass(struct watched *w, uint64_t ms)
{
    static char text[4 * LOG_LINE_MAX];
    ssize_t n;

    w->now += ms;
    timers_run(w->timers, w->now);
    n = read(w->fd[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void see(struct watched *w, const char *id, bool reachable, bool gone)
{
    struct engine_contact c = contact(id, reachable, gone);
    struct monitor_event ev = {.type = MONITOR_CONTACT, .contact = &c};

    watch_event(&ev, w->watch);
}

static void no_jigasi_is_told_once_with_what_to_do(void **state)
{
    struct watched *w = *state;
    const char *told;

    assert_string_equal(pass(w, WATCH_PATIENCE_MS - 1), "");
    told = pass(w, 1);
    assert_non_null(strstr(told, "warn"));
    assert_non_null(strstr(told, "JIGASI_SIP_URI=jigasi@meet.jitsi"));
    assert_non_null(strstr(told, "JIGASI_SIP_SERVER=gateway.example"));
    assert_non_null(strstr(told, "JIGASI_SIP_PORT=5077"));
    assert_string_equal(pass(w, 10 * WATCH_PATIENCE_MS), "");
}

static void a_jigasi_in_time_is_not_worth_a_line(void **state)
{
    struct watched *w = *state;

    pass(w, 1000);
    see(w, "a", true, false);
    assert_string_equal(pass(w, 10 * WATCH_PATIENCE_MS), "");
}

static void a_short_absence_is_forgiven_a_long_one_told(void **state)
{
    struct watched *w = *state;

    see(w, "a", true, false);
    see(w, "a", true, true);
    pass(w, WATCH_PATIENCE_MS - 1);
    see(w, "b", true, false);
    assert_string_equal(pass(w, WATCH_PATIENCE_MS), "");
    see(w, "b", true, true);
    assert_non_null(strstr(pass(w, WATCH_PATIENCE_MS), "no jigasi"));
    see(w, "c", true, false);
    assert_non_null(strstr(pass(w, 1), "jigasi is back"));
    see(w, "c", true, false);
    assert_string_equal(pass(w, WATCH_PATIENCE_MS), "");
}

static void a_silent_jigasi_does_not_count(void **state)
{
    struct watched *w = *state;

    see(w, "a", true, false);
    see(w, "b", true, false);
    see(w, "a", false, false);
    assert_string_equal(pass(w, WATCH_PATIENCE_MS), "");
    see(w, "b", false, false);
    assert_non_null(strstr(pass(w, WATCH_PATIENCE_MS), "has not answered"));
}

static void a_lost_engine_has_no_jigasi(void **state)
{
    struct watched *w = *state;
    struct monitor_event down = {.type = MONITOR_ENGINE};

    see(w, "a", true, false);
    watch_event(&down, w->watch);
    assert_non_null(strstr(pass(w, WATCH_PATIENCE_MS), "no jigasi"));
}

static void phones_are_no_jigasi(void **state)
{
    struct watched *w = *state;
    struct engine_contact c = {.id = "p", .user = "user", .reachable = true};
    struct monitor_event ev = {.type = MONITOR_CONTACT, .contact = &c};

    watch_event(&ev, w->watch);
    assert_non_null(strstr(pass(w, WATCH_PATIENCE_MS), "no jigasi"));
}

#define WATCH_TEST(f)                                                         \
    cmocka_unit_test_setup_teardown(f, watch_setup, watch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_counted_from_start_to_end),
        cmocka_unit_test(one_node_at_the_trunk_will_do),
        cmocka_unit_test(quality_is_summed_by_side),
        cmocka_unit_test(a_contact_counts_once_however_often_it_is_told),
        cmocka_unit_test(a_lost_node_takes_its_contacts_and_sides_with_it),
        cmocka_unit_test(draining_is_remembered),
        WATCH_TEST(no_jigasi_is_told_once_with_what_to_do),
        WATCH_TEST(a_jigasi_in_time_is_not_worth_a_line),
        WATCH_TEST(a_short_absence_is_forgiven_a_long_one_told),
        WATCH_TEST(a_silent_jigasi_does_not_count),
        WATCH_TEST(a_lost_engine_has_no_jigasi),
        WATCH_TEST(phones_are_no_jigasi),
    };

    return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
