#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "engine/embedded/media/leg_map.h"

enum { LEGS = 5000 };

/* Any address will do: the map looks into no stream. */
static struct stream *nth(char *base, engine_leg leg)
{
    return (struct stream *)(void *)(base + leg % LEGS + 1);
}

static void what_was_put_is_found(void **state)
{
    static char base[LEGS + 1];
    struct leg_map map = {0};

    assert_null(leg_map_get(&map, 1));
    assert_null(leg_map_take(&map, 1));
    for (engine_leg leg = 1; leg <= LEGS; leg++)
        assert_int_equal(leg_map_put(&map, leg * 8, nth(base, leg)), 0);
    assert_int_equal(leg_map_put(&map, 8, nth(base, 1)), EEXIST);
    for (engine_leg leg = 1; leg <= LEGS; leg += 3)
        assert_ptr_equal(leg_map_take(&map, leg * 8), nth(base, leg));
    for (engine_leg leg = 1; leg <= LEGS; leg++)
        assert_ptr_equal(leg_map_get(&map, leg * 8),
                         leg % 3 == 1 ? NULL : nth(base, leg));
    for (engine_leg leg = 1; leg <= LEGS; leg++)
        leg_map_take(&map, leg * 8);
    assert_int_equal(map.count, 0);
    leg_map_reset(&map);
}

static void calls_that_come_and_go_do_not_fill_it(void **state)
{
    static char base[LEGS + 1];
    struct leg_map map = {0};

    for (engine_leg leg = 1; leg <= 100000; leg++) {
        assert_int_equal(leg_map_put(&map, leg, nth(base, leg)), 0);
        if (leg > 20)
            assert_non_null(leg_map_take(&map, leg - 20));
    }
    assert_int_equal(map.size, 64);
    leg_map_reset(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(calls_that_come_and_go_do_not_fill_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
