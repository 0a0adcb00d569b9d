#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/timer.h"

struct seen {
    struct timers *ts;
    struct timer t[100];
    uint64_t at[100];
    size_t order[100];
    size_t n;
};

struct tick {
    struct seen *seen;
    size_t i;
};

static void tick_h(void *arg)
{
    struct tick *tick = arg;

    tick->seen->at[tick->i] = timers_now(tick->seen->ts);
    tick->seen->order[tick->seen->n++] = tick->i;
}

static void fires_in_order_of_due_time(void **state)
{
    struct seen seen = {0};
    struct tick ticks[100];

    assert_int_equal(timers_alloc(&seen.ts, 1000), 0);
    for (size_t i = 0; i < 100; i++) {
        ticks[i] = (struct tick){&seen, i};
        timer_start(seen.ts, &seen.t[i], (i * 37) % 100, tick_h, &ticks[i]);
    }
    for (size_t i = 0; i < 100; i += 3)
        timer_stop(&seen.t[i]);
    timers_run(seen.ts, 2000);
    assert_int_equal(seen.n, 66);
    for (size_t i = 1; i < seen.n; i++)
        assert_true(seen.at[seen.order[i]] > seen.at[seen.order[i - 1]]);
    assert_int_equal(seen.at[1], 1037);
    assert_int_equal(timers_now(seen.ts), 2000);
    assert_true(timers_wait(seen.ts) == UINT64_MAX);
    timers_free(seen.ts);
}

static void equal_due_times_fire_in_order_of_start(void **state)
{
    struct seen seen = {0};
    struct tick ticks[10];

    assert_int_equal(timers_alloc(&seen.ts, 0), 0);
    for (size_t i = 0; i < 10; i++) {
        ticks[i] = (struct tick){&seen, i};
        timer_start(seen.ts, &seen.t[i], 5, tick_h, &ticks[i]);
    }
    timers_run(seen.ts, 4);
    assert_int_equal(seen.n, 0);
    assert_int_equal(timers_wait(seen.ts), 1);
    timers_run(seen.ts, 5);
    assert_int_equal(seen.n, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(seen.order[i], i);
    timers_free(seen.ts);
}

static void free_makes_timers_idle(void **state)
{
    struct timers *ts;
    struct timer t = {0};

    assert_int_equal(timers_alloc(&ts, 0), 0);
    timer_start(ts, &t, 5, tick_h, NULL);
    assert_true(timer_running(&t));
    timers_free(ts);
    assert_false(timer_running(&t));
    timer_stop(&t);
}

static uint64_t real_now;

static uint64_t real_clock(void)
{
    return real_now;
}

static void with_a_clock_a_timer_starts_from_its_time(void **state)
{
    struct seen seen = {0};
    struct tick tick = {&seen, 0};

    real_now = 100;
    assert_int_equal(timers_alloc(&seen.ts, 100), 0);
    timers_set_clock(seen.ts, real_clock);
    timers_run(seen.ts, 100);
    real_now = 60100;
    timer_start(seen.ts, &seen.t[0], 3000, tick_h, &tick);
    assert_int_equal(timers_wait(seen.ts), 3000);
    timers_run(seen.ts, real_now);
    assert_int_equal(seen.n, 0);
    real_now = 63100;
    timers_run(seen.ts, real_now);
    assert_int_equal(seen.n, 1);
    timers_free(seen.ts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_in_order_of_due_time),
        cmocka_unit_test(equal_due_times_fire_in_order_of_start),
        cmocka_unit_test(free_makes_timers_idle),
        cmocka_unit_test(with_a_clock_a_timer_starts_from_its_time),
    };

    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
