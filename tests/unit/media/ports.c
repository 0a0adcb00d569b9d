#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "engine/embedded/media/ports.h"

static void even_ports_of_the_range(void **state)
{
    static const struct {
        uint16_t start, end;
        int err;
        uint16_t first;
        size_t count;
    } row[] = {
        {20200, 20250, 0, 20200, 26}, {20201, 20250, 0, 20202, 25},
        {20200, 20200, 0, 20200, 1},  {20201, 20201, EINVAL, 0, 0},
        {20210, 20200, EINVAL, 0, 0}, {65534, 65535, 0, 65534, 1},
        {65535, 65535, EINVAL, 0, 0}, {0, 10, EINVAL, 0, 0},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct ports *p = NULL;

        assert_int_equal(ports_alloc(&p, row[i].start, row[i].end),
                         row[i].err);
        if (row[i].err)
            continue;
        assert_int_equal(ports_count(p), row[i].count);
        assert_int_equal(ports_take(p), row[i].first);
        for (size_t k = 1; k < row[i].count; k++)
            assert_int_equal(ports_take(p), row[i].first + 2 * k);
        assert_int_equal(ports_take(p), 0);
        assert_int_equal(ports_count(p), 0);
        ports_free(p);
    }
}

static void the_least_recently_freed_comes_first(void **state)
{
    struct ports *p;

    assert_int_equal(ports_alloc(&p, 100, 106), 0);
    assert_int_equal(ports_take(p), 100);
    assert_int_equal(ports_take(p), 102);
    ports_give(p, 102);
    ports_give(p, 100);
    assert_int_equal(ports_take(p), 104);
    assert_int_equal(ports_take(p), 106);
    assert_int_equal(ports_take(p), 102);
    assert_int_equal(ports_take(p), 100);
    assert_int_equal(ports_take(p), 0);
    ports_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_ports_of_the_range),
        cmocka_unit_test(the_least_recently_freed_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
