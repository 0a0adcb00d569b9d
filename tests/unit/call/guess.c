#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call/guess.h"

static int setup(void **state)
{
    return guess_alloc((struct guess **)state);
}

static int teardown(void **state)
{
    guess_free(*state);
    return 0;
}

static void blocked_at_the_limit_and_not_before(void **state)
{
    struct guess *g = *state;

    for (int i = 0; i < GUESS_LIMIT - 1; i++)
        guess_wrong(g, "a", 1000);
    assert_false(guess_blocked(g, "a", 1000));
    guess_wrong(g, "a", 2000);
    assert_true(guess_blocked(g, "a", 2000));
    assert_false(guess_blocked(g, "b", 2000));
}

static void window_slides_by_single_guesses(void **state)
{
    struct guess *g = *state;

    for (uint64_t i = 0; i < GUESS_LIMIT; i++)
        guess_wrong(g, "a", 1000 * i);
    assert_true(guess_blocked(g, "a", GUESS_WINDOW_MS - 1));
    assert_false(guess_blocked(g, "a", GUESS_WINDOW_MS));
    guess_wrong(g, "a", GUESS_WINDOW_MS);
    assert_true(guess_blocked(g, "a", GUESS_WINDOW_MS + 999));
    assert_false(guess_blocked(g, "a", GUESS_WINDOW_MS + 1000));
}

static void time_zero_is_a_time(void **state)
{
    struct guess *g = *state;

    for (int i = 0; i < GUESS_LIMIT; i++)
        guess_wrong(g, "a", 0);
    assert_true(guess_blocked(g, "a", 0));
}

static void long_keys_are_cut_and_still_found(void **state)
{
    struct guess *g = *state;
    char key[200];

    memset(key, 'x', sizeof(key));
    key[199] = '\0';
    for (int i = 0; i < GUESS_LIMIT; i++)
        guess_wrong(g, key, 1);
    assert_true(guess_blocked(g, key, 1));
    key[100] = '\0';
    assert_true(guess_blocked(g, key, 1));
    key[GUESS_KEY_SIZE - 2] = '\0';
    assert_false(guess_blocked(g, key, 1));
}

static void many_callers_push_out_the_most_silent(void **state)
{
    struct guess *g = *state;
    char key[16];

    for (int i = 0; i < GUESS_LIMIT; i++)
        guess_wrong(g, "silent", 1);
    for (int i = 0; i < GUESS_LIMIT; i++)
        guess_wrong(g, "busy", 100000);
    for (int i = 0; i < GUESS_CALLERS - 1; i++) {
        snprintf(key, sizeof(key), "%d", i);
        guess_wrong(g, key, 50000);
    }
    assert_false(guess_blocked(g, "silent", 100000));
    assert_true(guess_blocked(g, "busy", 100000));
}

static void delay_is_0_within_the_budget(void **state)
{
    struct guess *g = *state;

    for (int i = 0; i < GUESS_BUDGET; i++)
        guess_wrong(g, "a", 5);
    assert_int_equal(guess_delay(g, 5), 0);
}

static void delay_grows_and_is_bounded(void **state)
{
    struct guess *g = *state;
    uint64_t last = 0;

    for (int i = 0; i < GUESS_BUDGET; i++)
        guess_wrong(g, "a", 5);
    for (int i = 0; i < 40; i++) {
        guess_wrong(g, "a", 5);
        assert_int_equal(guess_delay(g, 5), last + GUESS_DELAY_MS);
        last += GUESS_DELAY_MS;
    }
    assert_int_equal(last, GUESS_DELAY_MAX_MS);
    guess_wrong(g, "a", 5);
    assert_int_equal(guess_delay(g, 5), GUESS_DELAY_MAX_MS);
}

static void budget_comes_back(void **state)
{
    struct guess *g = *state;

    for (int i = 0; i < GUESS_BUDGET + 10; i++)
        guess_wrong(g, "a", 5);
    assert_int_equal(guess_delay(g, 5), 10 * GUESS_DELAY_MS);
    assert_int_equal(guess_delay(g, 5 + 4 * GUESS_REFILL_MS),
                     6 * GUESS_DELAY_MS);
    assert_int_equal(guess_delay(g, 5 + 10 * GUESS_REFILL_MS), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(blocked_at_the_limit_and_not_before),
        T(window_slides_by_single_guesses),
        T(time_zero_is_a_time),
        T(long_keys_are_cut_and_still_found),
        T(many_callers_push_out_the_most_silent),
        T(delay_is_0_within_the_budget),
        T(delay_grows_and_is_bounded),
        T(budget_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
