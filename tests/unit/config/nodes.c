#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/nodes.h"

static void a_list_is_read_entry_by_entry(void **state)
{
    const char *list = "fs1, fs2:8022,[::1]:8023 ,[::2],192.0.2.1";
    static const struct {
        const char *host;
        unsigned port;
    } want[] = {{"fs1", 1},
                {"fs2", 8022},
                {"::1", 8023},
                {"::2", 1},
                {"192.0.2.1", 1}};
    char host[CONFIG_NODE_HOST_MAX];

    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        unsigned port = 1;

        assert_int_equal(config_node_next(&list, host, &port), 0);
        assert_string_equal(host, want[i].host);
        assert_int_equal(port, want[i].port);
    }
    assert_int_equal(config_node_next(&list, host, &(unsigned){0}), ENOENT);
}

static void what_is_no_node_is_refused(void **state)
{
    static const char *const bad[] = {":8021", "a:", "a:0",  "a:65536",
                                      "a:b",   "[]", "[]:1", "a:1:2"};
    char host[CONFIG_NODE_HOST_MAX];
    unsigned port;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *list = bad[i];

        assert_int_equal(config_node_next(&list, host, &port), EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_entry_by_entry),
        cmocka_unit_test(what_is_no_node_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
