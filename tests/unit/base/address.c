#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/address.h"

static struct sockaddr_storage at(const char *ip, uint16_t port)
{
    struct sockaddr_storage a;

    assert_int_equal(address_read(&a, ip, port), 0);
    return a;
}

static void text_is_read_and_written(void **state)
{
    static const struct {
        const char *ip;
        uint16_t port;
        const char *text;
        sa_family_t family;
    } row[] = {
        {"192.0.2.1", 4000, "192.0.2.1:4000", AF_INET},
        {"0.0.0.0", 0, "0.0.0.0:0", AF_INET},
        {"255.255.255.255", 65535, "255.255.255.255:65535", AF_INET},
        {"2001:db8::7", 61000, "[2001:db8::7]:61000", AF_INET6},
        {"::", 5060, "[::]:5060", AF_INET6},
        {"2001:db8:1111:2222:3333:4444:5555:6666", 65535,
         "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", AF_INET6},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sockaddr_storage a = at(row[i].ip, row[i].port);
        char ip[ADDRESS_IP_SIZE], text[ADDRESS_TEXT_SIZE];

        assert_int_equal(a.ss_family, row[i].family);
        assert_int_equal(address_port(&a), row[i].port);
        assert_string_equal(address_ip(&a, ip), row[i].ip);
        assert_string_equal(address_text(&a, text), row[i].text);
    }
}

static void what_is_no_address_is_refused_and_leaves_nothing(void **state)
{
    static const char *const row[] = {
        "",           "192.0.2",      "192.0.2.256",    "192.0.2.1 ",
        "[::1]",      "fe80::1%lo",   "example.com",    "0x7f.0.0.1",
        "192.0.2.01", "2001:db8:::1", "192.0.2.1:5060", "12345::",
    };
    static const struct sockaddr_storage none;

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sockaddr_storage a = at("2001:db8::1", 9);
        char text[ADDRESS_TEXT_SIZE];

        assert_int_equal(address_read(&a, row[i], 5060), EINVAL);
        assert_memory_equal(&a, &none, sizeof(a));
        assert_string_equal(address_text(&a, text), "none");
    }
}

static void a_copy_has_the_names_alone(void **state)
{
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(7),
        .sin6_flowinfo = 0xabc,
        .sin6_scope_id = 3,
        .sin6_addr.s6_addr = {0xfe, 0x80, [15] = 1},
    };
    struct sockaddr_storage a, copy, four = at("192.0.2.1", 9);
    struct sockaddr local = {.sa_family = AF_UNIX};

    memset(&copy, 0xee, sizeof(copy));
    assert_int_equal(address_copy(&copy, &four), 0);
    assert_memory_equal(&copy, &four, sizeof(copy));
    assert_int_equal(address_copy(&copy, &six), 0);
    a = at("fe80::1", 7);
    ((struct sockaddr_in6 *)(void *)&a)->sin6_scope_id = 3;
    assert_memory_equal(&copy, &a, sizeof(copy));
    assert_int_equal(address_copy(&copy, &local), EAFNOSUPPORT);
    assert_int_equal(copy.ss_family, AF_UNSPEC);
}

static void two_are_compared(void **state)
{
    enum { NOTHING, NETWORK, HOST, ALL };
    static const struct {
        const char *a;
        uint16_t a_port;
        const char *b;
        uint16_t b_port;
        int same;
    } row[] = {
        {"192.0.2.1", 9, "192.0.2.1", 9, ALL},
        {"192.0.2.1", 9, "192.0.2.1", 8, HOST},
        {"192.0.2.1", 9, "192.0.2.2", 9, NOTHING},
        {"192.0.2.1", 9, "::ffff:192.0.2.1", 9, NOTHING},
        {"2001:db8::1", 9, "2001:db8::1", 9, ALL},
        {"2001:db8::1", 9, "2001:db8::1", 8, HOST},
        {"2001:db8::1", 9, "2001:db8::2", 9, NETWORK},
        {"2001:db8::", 9, "2001:db8::ffff:ffff:ffff:ffff", 9, NETWORK},
        {"2001:db8::1", 9, "2001:db8:0:1::1", 9, NOTHING},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sockaddr_storage a = at(row[i].a, row[i].a_port);
        struct sockaddr_storage b = at(row[i].b, row[i].b_port);

        assert_int_equal(address_equal(&a, &b), row[i].same >= ALL);
        assert_int_equal(address_same_host(&a, &b), row[i].same >= HOST);
        assert_int_equal(address_same_network(&a, &b), row[i].same >= NETWORK);
    }
}

static void hosts_that_one_can_send_to(void **state)
{
    static const struct {
        const char *ip;
        uint16_t port;
        bool any, group, usable;
    } row[] = {
        {"192.0.2.1", 4000, false, false, true},
        {"127.0.0.1", 1, false, false, true},
        {"192.0.2.1", 0, false, false, false},
        {"0.0.0.0", 9, true, false, false},
        {"223.255.255.255", 9, false, false, true},
        {"224.0.0.1", 9, false, true, false},
        {"240.0.0.1", 9, false, true, false},
        {"255.255.255.255", 9, false, true, false},
        {"2001:db8::7", 61000, false, false, true},
        {"2001:db8::7", 0, false, false, false},
        {"::", 9, true, false, false},
        {"::1", 9, false, false, true},
        {"ff02::1", 9, false, true, false},
    };
    const struct sockaddr_storage none = {0};

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sockaddr_storage a = at(row[i].ip, row[i].port);

        assert_int_equal(address_is_any(&a), row[i].any);
        assert_int_equal(address_is_group(&a), row[i].group);
        assert_int_equal(address_usable(&a), row[i].usable);
    }
    assert_false(address_is_any(&none));
    assert_false(address_is_group(&none));
    assert_false(address_usable(&none));
}

static void a_port_is_tried(void **state)
{
    struct sockaddr_storage a = at("127.0.0.1", 0);
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, address_len(&a)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(len, address_len(&a));
    assert_int_equal(address_try("127.0.0.1", address_port(&a), SOCK_STREAM),
                     EADDRINUSE);
    close(fd);
    assert_int_equal(address_try("127.0.0.1", address_port(&a), SOCK_STREAM),
                     0);
    assert_int_equal(address_try("127.0.0.1", 0, SOCK_DGRAM), 0);
    assert_int_equal(address_try("192.0.2.1", 0, SOCK_DGRAM), EADDRNOTAVAIL);
    assert_int_equal(address_try("localhost", 0, SOCK_DGRAM), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_and_written),
        cmocka_unit_test(what_is_no_address_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_copy_has_the_names_alone),
        cmocka_unit_test(two_are_compared),
        cmocka_unit_test(hosts_that_one_can_send_to),
        cmocka_unit_test(a_port_is_tried),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
