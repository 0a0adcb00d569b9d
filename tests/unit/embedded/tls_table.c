#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "engine/embedded/tls/tls_table.h"

static struct sockaddr_storage at(const char *ip, uint16_t port)
{
    struct sockaddr_storage a;

    assert_int_equal(address_read(&a, ip, port), 0);
    return a;
}

static void add(struct tls_table *t, struct tls_link *l, const char *ip,
                uint16_t port)
{
    *l = (struct tls_link){.outer = at(ip, port), .secured = true};
    tls_table_add(t, l);
}

/* As many as a front takes, so that buckets are shared. */
static void each_is_found_by_either_end_and_by_nothing_else(void **state)
{
    enum { N = 2048 };
    struct tls_table *t = calloc(1, sizeof(*t));
    struct tls_link *l = calloc(N, sizeof(*l));
    struct sockaddr_storage a;

    for (unsigned i = 0; i < N; i++) {
        struct sockaddr_storage inner = at("127.0.0.1", (uint16_t)(30000 + i));

        add(t, &l[i], i % 2 ? "192.0.2.1" : "2001:db8::1",
            (uint16_t)(1024 + i / 2));
        assert_null(tls_table_inner(t, &inner));
        l[i].inner = *(struct sockaddr_in *)(void *)&inner;
        tls_table_ready(t, &l[i]);
    }
    for (unsigned i = 0; i < N; i += 3)
        tls_table_remove(t, &l[i]);
    for (unsigned i = 0; i < N; i++) {
        struct tls_link *there = i % 3 ? &l[i] : NULL;

        assert_ptr_equal(tls_table_outer(t, &l[i].outer), there);
        assert_ptr_equal(tls_table_inner(t, &l[i].inner), there);
    }
    a = at("192.0.2.2", 1024);
    assert_null(tls_table_outer(t, &a));
    /* The port of an inner end, at another host. */
    a = at("192.0.2.1", 30001);
    assert_null(tls_table_inner(t, &a));
    free(l);
    free(t);
}

static void the_one_silent_for_longest_goes_first(void **state)
{
    struct tls_table *t = calloc(1, sizeof(*t));
    const struct sockaddr *source;
    struct tls_link l[4];

    assert_null(tls_table_idle(t, NULL));
    add(t, &l[0], "192.0.2.1", 1);
    add(t, &l[1], "192.0.2.2", 1);
    add(t, &l[2], "192.0.2.1", 2);
    add(t, &l[3], "192.0.2.2", 2);
    source = (const struct sockaddr *)&l[1].outer;
    assert_ptr_equal(tls_table_idle(t, NULL), &l[0]);
    assert_ptr_equal(tls_table_idle(t, source), &l[1]);
    tls_table_heard(t, &l[0]);
    assert_ptr_equal(tls_table_idle(t, NULL), &l[1]);
    l[1].kept = true;
    assert_ptr_equal(tls_table_idle(t, NULL), &l[2]);
    assert_ptr_equal(tls_table_idle(t, source), &l[3]);
    l[3].kept = true;
    assert_null(tls_table_idle(t, source));
    tls_table_remove(t, &l[2]);
    assert_ptr_equal(tls_table_idle(t, NULL), &l[0]);
    free(t);
}

static void those_of_one_network_are_counted_together(void **state)
{
    struct tls_table *t = calloc(1, sizeof(*t));
    struct sockaddr_storage source = at("2001:db8::77", 9);
    struct tls_link l[4];
    struct tls_count n;

    add(t, &l[0], "2001:db8::1", 1);
    add(t, &l[1], "2001:db8::2", 1);
    add(t, &l[2], "2001:db8:0:1::1", 1);
    add(t, &l[3], "192.0.2.1", 1);
    l[1].secured = l[2].secured = false;
    tls_table_count(t, &source, &n);
    assert_int_equal(n.all, 4);
    assert_int_equal(n.unproven, 2);
    assert_int_equal(n.source, 2);
    assert_int_equal(n.source_unproven, 1);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_by_either_end_and_by_nothing_else),
        cmocka_unit_test(the_one_silent_for_longest_goes_first),
        cmocka_unit_test(those_of_one_network_are_counted_together),
    };

    return cmocka_run_group_tests_name("tls table", tests, NULL, NULL);
}
