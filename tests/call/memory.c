/* Every allocation of a call fails once: nothing crashes or leaks, and the
 * participant is always told the end. */
#include "tests/call/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static unsigned long countdown; /* the n-th from now fails; 0: none */
static bool failed;

static bool fails(void)
{
    if (!countdown || --countdown)
        return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

static bool has(struct scenario *t, const char *line)
{
    return seen(t, line) > 0;
}

/* Into the meeting, out of it, and the end: as far as it goes. */
static void whole_call(struct scenario *t)
{
    static const struct directory_answer a = {
        DIRECTORY_FOUND, "r@muc.meet.jitsi", "", "eyJ", "", false};

    contact_new(t, "j2");
    offer(t, "1000");
    if (has(t, "reject"))
        return;
    answered(t, "phone");
    if (has(t, "collect"))
        digits(t, "12", '#');
    if (has(t, "lookup"))
        lookup_answer(t, &a);
    if (has(t, "dial jigasi1"))
        ringing(t, "jigasi1");
    if (has(t, "dial jigasi1"))
        answered(t, "jigasi1");
    if (!has(t, "bridge"))
        return;
    bridged(t);
    info(t, "{\"t\":8,\"d\":true}");
    info(t, "{\"t\":11}");
    keys(t, "*6");
    advance(t, 1500);
    keys(t, "*6");
    bye(t, "jigasi1", 408, "No invite from conference focus");
    advance(t, 30000);
    if (has(t, "dial jigasi2"))
        refused(t, "jigasi2", 488);
}

/* The same where a meeting dialled. */
static void whole_outbound_call(struct scenario *t)
{
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "+491", .to_len = 4};

    config_of(t)->dialout_allow = "+49";
    offer_from(t, &o, 0);
    if (!has(t, "dial callee1") || has(t, "reject"))
        return;
    use_callee(t, 1);
    ringing(t, "callee1");
    answered(t, "callee1");
    if (!has(t, "answer phone"))
        return;
    answered(t, "phone");
    if (!has(t, "bridge"))
        return;
    bridged(t);
    info(t, "{\"t\":8,\"d\":true}");
    keys(t, "*6");
    bye(t, "phone", 0, "");
}

static void every_allocation_may_fail(void (*whole)(struct scenario *t))
{
    unsigned long n;

    for (n = 1; n < 1000; n++) {
        void *s = NULL;
        struct scenario *t;

        assert_int_equal(scenario_setup(&s), 0);
        t = s;
        failed = false;
        countdown = n;
        whole(t);
        countdown = 0;
        advance(t, 20000); /* the last prompt has its time */
        settle(t);
        if (calls_count(calls_of(t)))
            bye(t, "phone", 0, "");
        assert_int_equal(calls_count(calls_of(t)), 0);
        assert_int_equal(monitored(t, "started"),
                         monitored(t, "ended no-memory") +
                             monitored(t, "ended codecs") +
                             monitored(t, "ended no-directory") +
                             monitored(t, "ended no-meeting") +
                             monitored(t, "ended completed") +
                             monitored(t, "ended not-reached") +
                             monitored(t, "ended hangup"));
        scenario_teardown(&s);
        if (!failed)
            break;
    }
    assert_in_range(n, 10, 900); /* it did something, and all was tried */
}

static void every_allocation_of_a_call_may_fail(void **state)
{
    every_allocation_may_fail(whole_call);
}

static void every_allocation_of_an_outbound_call_may_fail(void **state)
{
    every_allocation_may_fail(whole_outbound_call);
}

static void every_allocation_at_the_start_may_fail(void **state)
{
    void *s = NULL;
    int err = ENOMEM;

    assert_int_equal(scenario_setup(&s), 0);
    for (unsigned long n = 1; err; n++) {
        assert_in_range(n, 1, 20);
        countdown = n;
        err = restart_calls(s);
        countdown = 0;
        assert_true(err == ENOMEM || !err);
    }
    scenario_teardown(&s);
}

static void a_timer_that_cannot_run_ends_the_call(void **state)
{
    void *s = NULL;
    struct scenario *t;

    assert_int_equal(scenario_setup(&s), 0);
    t = s;
    offer(t, "a");
    for (int i = 0; i < 20 && !logged(t, "no memory for a timer"); i++) {
        countdown = 0;
        offer(t, "a"); /* until the set of timers has to grow */
        countdown = 2; /* the call itself may be made */
        offer(t, "a");
        countdown = 0;
    }
    expect_log(t, "no memory for a timer: the call is ended");
    settle(t);
    assert_int_equal(monitored(t, "ended no-memory"), 1);
    scenario_teardown(&s);
}

static void recovered_call_without_memory_is_ended(void **state)
{
    void *s = NULL;
    struct scenario *t;
    char note[ENGINE_NOTE_MAX];

    assert_int_equal(scenario_setup(&s), 0);
    t = s;
    in_meeting(t);
    snprintf(note, sizeof(note), "%s", note_of(t));
    countdown = 1;
    leg_recovered(t, "room", note, true);
    countdown = 0;
    expect(t, "hangup phone2");
    expect_log(t, "out of memory: a call of before the restart is ended");
    scenario_teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_call_may_fail),
        cmocka_unit_test(every_allocation_of_an_outbound_call_may_fail),
        cmocka_unit_test(every_allocation_at_the_start_may_fail),
        cmocka_unit_test(a_timer_that_cannot_run_ends_the_call),
        cmocka_unit_test(recovered_call_without_memory_is_ended),
    };

    json_set_alloc_funcs(__wrap_malloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
