#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/embedded/leg_table.h"

enum { LEGS = 1000 };

static void legs_are_found_until_removed(void **state)
{
    static int records[LEGS];
    struct leg_table *t;

    assert_int_equal(leg_table_alloc(&t), 0);
    for (size_t i = 0; i < LEGS; i++)
        assert_int_equal(leg_table_add(t, 1 + 16 * i, &records[i]), 0);
    assert_int_equal(leg_table_count(t), LEGS);
    for (size_t i = 0; i < LEGS; i += 2)
        assert_ptr_equal(leg_table_remove(t, 1 + 16 * i), &records[i]);
    for (size_t i = 0; i < LEGS; i++)
        assert_ptr_equal(leg_table_find(t, 1 + 16 * i),
                         i % 2 ? &records[i] : NULL);
    assert_null(leg_table_remove(t, 1));
    assert_null(leg_table_find(t, 0));
    assert_int_equal(leg_table_count(t), LEGS / 2);
    leg_table_free(t);
}

struct walk {
    struct leg_table *t;
    size_t seen;
};

/* Each takes its neighbour out with it. */
static void remove_h(void *record, void *arg)
{
    struct walk *w = arg;
    engine_leg leg = *(engine_leg *)record;

    w->seen++;
    leg_table_remove(w->t, leg);
    leg_table_remove(w->t, leg ^ 1);
}

static void a_walk_may_remove_any_leg(void **state)
{
    static engine_leg legs[LEGS];
    struct walk w = {0};

    assert_int_equal(leg_table_alloc(&w.t), 0);
    for (size_t i = 0; i < LEGS; i++) {
        legs[i] = i;
        assert_int_equal(leg_table_add(w.t, i, &legs[i]), 0);
    }
    leg_table_each(w.t, remove_h, &w);
    assert_int_equal(w.seen, LEGS / 2);
    assert_int_equal(leg_table_count(w.t), 0);
    leg_table_free(w.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legs_are_found_until_removed),
        cmocka_unit_test(a_walk_may_remove_any_leg),
    };

    return cmocka_run_group_tests_name("leg_table", tests, NULL, NULL);
}
