#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_jobs.h"

static int init(void **state)
{
    static struct esl_jobs j;

    *state = &j;
    return esl_jobs_init(&j);
}

static int reset(void **state)
{
    esl_jobs_reset(*state);
    return 0;
}

static void they_are_found_in_any_order_and_once(void **state)
{
    struct esl_jobs *j = *state;
    struct esl_job job = {.due = 5}, out;
    uint64_t first = j->next;

    for (uint64_t i = 0; i < 3; i++) {
        job.ref = i;
        esl_jobs_add(j, &job);
    }
    assert_true(esl_jobs_take(j, first + 1, &out));
    assert_int_equal(out.ref, 1);
    assert_false(esl_jobs_take(j, first + 1, &out));
    assert_true(esl_jobs_take_first(j, &out));
    assert_int_equal(out.ref, 0);
    assert_true(esl_jobs_take_first(j, &out));
    assert_int_equal(out.ref, 2);
    assert_false(esl_jobs_take_first(j, &out));
    assert_false(esl_jobs_take(j, first, &out));
    assert_false(esl_jobs_take(j, first + 1000000, &out));
}

static void there_is_an_end_to_them(void **state)
{
    struct esl_jobs *j = *state;
    struct esl_job job = {.due = 5}, out;

    for (int i = 0; i < ESL_JOBS_MAX; i++) {
        assert_true(esl_jobs_room(j));
        esl_jobs_add(j, &job);
    }
    assert_false(esl_jobs_room(j));
    assert_true(esl_jobs_take_first(j, &out));
    assert_true(esl_jobs_room(j));
    esl_jobs_clear(j);
    assert_false(esl_jobs_take_first(j, &out));
    assert_true(esl_jobs_room(j));
}

static void late_ones_are_found(void **state)
{
    struct esl_jobs *j = *state;
    struct esl_job job = {.due = 100, .ref = 1}, out;

    esl_jobs_add(j, &job);
    job.due = 50;
    job.ref = 2;
    esl_jobs_add(j, &job);
    assert_false(esl_jobs_take_late(j, 49, &out));
    assert_true(esl_jobs_take_late(j, 50, &out));
    assert_int_equal(out.ref, 2);
    assert_false(esl_jobs_take_late(j, 99, &out));
    assert_true(esl_jobs_take_late(j, 100, &out));
    assert_int_equal(out.ref, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_found_in_any_order_and_once,
                                        init, reset),
        cmocka_unit_test_setup_teardown(there_is_an_end_to_them, init, reset),
        cmocka_unit_test_setup_teardown(late_ones_are_found, init, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
