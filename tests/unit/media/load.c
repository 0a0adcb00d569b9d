#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "engine/embedded/media/load.h"

/* Seconds of which so many percent are busy; returns changes. */
static unsigned seconds(struct load *l, uint64_t *now, unsigned n,
                        unsigned percent)
{
    unsigned changes = 0;

    for (unsigned i = 0; i < n * 50; i++) {
        uint64_t from = *now + 20000 - 200 * percent;

        *now += 20000;
        changes += load_add(l, from, *now);
    }
    return changes;
}

static void a_busy_worker_makes_opus_simpler(void **state)
{
    struct load l;
    uint64_t now = 5000000;

    load_begin(&l, 5, now);
    assert_int_equal(seconds(&l, &now, 5, 70), 0);
    assert_int_equal(l.complexity, 5);
    assert_in_range(l.percent, 69, 71);
    assert_int_equal(seconds(&l, &now, 1, 90), 1);
    assert_int_equal(l.complexity, 3);
    assert_int_equal(seconds(&l, &now, 5, 90), 2);
    assert_int_equal(l.complexity, 0);
}

static void it_comes_back_when_there_is_room(void **state)
{
    struct load l;
    uint64_t now = 0;

    load_begin(&l, 5, now);
    seconds(&l, &now, 2, 95);
    assert_int_equal(l.complexity, 1);
    assert_int_equal(seconds(&l, &now, 20, 65), 0); /* neither nor */
    assert_int_equal(seconds(&l, &now, 9, 30), 0);
    assert_int_equal(seconds(&l, &now, 1, 30), 1);
    assert_int_equal(l.complexity, 2);
    seconds(&l, &now, 60, 30);
    assert_int_equal(l.complexity, 5); /* no more than was set */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_worker_makes_opus_simpler),
        cmocka_unit_test(it_comes_back_when_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
