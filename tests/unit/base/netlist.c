#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/netlist.h"

static bool matches(const struct netlist *nl, const char *text)
{
    struct sockaddr_storage a;

    assert_int_equal(address_read(&a, text, 0), 0);
    return netlist_match(nl, &a);
}

static void addresses_match_their_networks(void **state)
{
    static const struct {
        const char *list;
        const char *address;
        bool match;
    } row[] = {
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "10.255.255.255", true},
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "11.0.0.0", false},
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "192.168.1.7", true},
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "192.168.1.6", false},
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "fdff::1", true},
        {"10.0.0.0/8, 192.168.1.7, fd00::/8", "fe00::1", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::10.1.2.3", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"10.1.2.3/8", "10.9.9.9", true},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"192.0.2.1/32", "192.0.2.0", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", false},
        {"2001:db8:0:fff0::/60", "2001:db8:0:ffff::1", true},
        {"2001:db8:0:fff0::/60", "2001:db8:1:fff0::1", false},
        {"none", "127.0.0.1", false},
        {"", "127.0.0.1", false},
        {" ,, \t", "127.0.0.1", false},
        {"loopback.auto", "127.1.2.3", true},
        {"loopback.auto", "::1", true},
        {"rfc1918.auto", "172.20.1.1", true},
        {"rfc1918.auto", "192.169.0.1", false},
        {"RFC6598.auto 192.0.2.1", "100.127.0.1", true},
        {"rfc6598.auto 192.0.2.1", "192.0.2.1", true},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct netlist *nl;

        assert_int_equal(netlist_parse(&nl, row[i].list, NULL), 0);
        if (matches(nl, row[i].address) != row[i].match)
            fail_msg("%s in %s", row[i].address, row[i].list);
        netlist_free(nl);
    }
}

static void a_faulty_entry_is_named(void **state)
{
    static const struct {
        const char *list;
        const char *fault;
    } row[] = {
        {"10.0.0.0/8, 10.0.0/8", "10.0.0/8"},
        {"10.0.0.0/33", "10.0.0.0/33"},
        {"fd00::/129", "fd00::/129"},
        {"10.0.0.0/", "10.0.0.0/"},
        {"10.0.0.0/-1", "10.0.0.0/-1"},
        {"10.0.0.0/8/8", "10.0.0.0/8/8"},
        {"/8", "/8"},
        {"example.org", "example.org"},
        {"1.2.3.4;5.6.7.8", "1.2.3.4;5.6.7.8"},
        {"fe80::1%eth0", "fe80::1%eth0"},
        {"localnet.auto", "localnet.auto"},
        {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
         "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct netlist *nl = NULL;
        struct slice fault = {0};

        assert_int_equal(netlist_parse(&nl, row[i].list, &fault), EINVAL);
        assert_null(nl);
        assert_true(slice_is(fault, row[i].fault));
    }
}

static void the_list_is_bounded(void **state)
{
    char text[8 * (NETLIST_MAX + 1) + 1] = "";
    struct netlist *nl;

    for (size_t i = 0; i < NETLIST_MAX; i++)
        strncat(text, "1.1.1.1,", 9);
    assert_int_equal(netlist_parse(&nl, text, NULL), 0);
    netlist_free(nl);
    strncat(text, "2.2.2.2,", 9);
    assert_int_equal(netlist_parse(&nl, text, NULL), E2BIG);
}

static void no_list_and_no_address_match_nothing(void **state)
{
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    struct netlist *nl;

    assert_false(matches(NULL, "127.0.0.1"));
    assert_int_equal(netlist_parse(&nl, "0.0.0.0/0 ::/0", NULL), 0);
    assert_false(netlist_match(nl, (struct sockaddr *)(void *)&other));
    netlist_free(nl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_match_their_networks),
        cmocka_unit_test(a_faulty_entry_is_named),
        cmocka_unit_test(the_list_is_bounded),
        cmocka_unit_test(no_list_and_no_address_match_nothing),
    };

    return cmocka_run_group_tests_name("netlist", tests, NULL, NULL);
}
