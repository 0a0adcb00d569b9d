#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doctor/address_kind.h"
#include "doctor/checkup.h"
#include "doctor/holder.h"

static void kinds_of_addresses(void **state)
{
    static const struct {
        const char *ip;
        enum address_kind kind;
    } rows[] = {
        {"8.8.8.8", ADDRESS_PUBLIC},
        {"172.15.255.255", ADDRESS_PUBLIC},
        {"172.16.0.0", ADDRESS_PRIVATE},
        {"172.31.255.255", ADDRESS_PRIVATE},
        {"172.32.0.0", ADDRESS_PUBLIC},
        {"10.0.0.1", ADDRESS_PRIVATE},
        {"192.168.255.1", ADDRESS_PRIVATE},
        {"fd00::1", ADDRESS_PRIVATE},
        {"100.63.255.255", ADDRESS_PUBLIC},
        {"100.127.255.255", ADDRESS_CARRIER},
        {"127.0.0.1", ADDRESS_LOOPBACK},
        {"::1", ADDRESS_LOOPBACK},
        {"169.254.0.1", ADDRESS_LINK_LOCAL},
        {"fe80::1", ADDRESS_LINK_LOCAL},
        {"192.0.2.1", ADDRESS_DOCUMENTATION},
        {"198.51.100.1", ADDRESS_DOCUMENTATION},
        {"203.0.113.255", ADDRESS_DOCUMENTATION},
        {"2001:db8::1", ADDRESS_DOCUMENTATION},
        {"2001:4860::1", ADDRESS_PUBLIC},
        {"0.0.0.0", ADDRESS_NO_HOST},
        {"224.0.0.1", ADDRESS_NO_HOST},
        {"255.255.255.255", ADDRESS_NO_HOST},
        {"::", ADDRESS_NO_HOST},
        {"ff02::1", ADDRESS_NO_HOST},
        {"example.org", ADDRESS_NONE},
        {"", ADDRESS_NONE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (address_kind(rows[i].ip) != rows[i].kind)
            fail_msg("%s is %s", rows[i].ip,
                     address_kind_text(address_kind(rows[i].ip)));
}

/* Words of the kernel's tables are in the machine's order. */
static void put_word(char *out, uint32_t network)
{
    snprintf(out, 9, "%08X", network);
}

static void make_line(char line[256], uint32_t ip, const char *port,
                      const char *status)
{
    char word[9];

    put_word(word, ip);
    snprintf(line, 256,
             "  12: %s:%s 00000000:0000 %s 00000000:00000000 00:00000000 "
             "00000000  1000        0 4711 2 0000000000000000 0",
             word, port, status);
}

static void sockets_of_the_kernel(void **state)
{
    struct holder h;
    char line[256];

    make_line(line, htonl(0x7f000001), "13C4", "07");
    assert_true(holder_parse(&h, HOLDER_UDP, line));
    assert_int_equal(h.port, 5060);
    assert_string_equal(h.ip, "127.0.0.1");
    assert_int_equal(h.inode, 4711);
    assert_false(holder_parse(&h, HOLDER_TCP, line)); /* does not listen */
    make_line(line, 0, "13C4", "0A");
    assert_true(holder_parse(&h, HOLDER_TCP, line));
    assert_string_equal(h.ip, "0.0.0.0");
    make_line(line, 0, "0000", "07");
    assert_false(holder_parse(&h, HOLDER_UDP, line));
}

static void what_is_no_socket(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when",
        "  1: 0100007F:13C4",
        "  1: 0100007F13C4 00000000:0000 07 0:0 0:0 0 0 0 1",
        "  1: 01007F:13C4 00000000:0000 07 0:0 0:0 0 0 0 1",
        "  1: 0100007F:FFFFF 00000000:0000 07 0:0 0:0 0 0 0 1",
        "  1: GG00007F:13C4 00000000:0000 07 0:0 0:0 0 0 0 1",
    };
    struct holder h;

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        if (holder_parse(&h, HOLDER_UDP, lines[i]))
            fail_msg("taken: %s", lines[i]);
}

static void sockets_of_ipv6(void **state)
{
    static const char rest[] =
        " 00000000000000000000000000000000:0000 07 00000000:00000000 "
        "00:00000000 00000000  0        0 5 2 0000000000000000 0";
    char line[256], word[9], mapped[9];
    struct holder h;

    snprintf(line, sizeof(line), "1: %032d:1F90%s", 0, rest);
    assert_true(holder_parse(&h, HOLDER_UDP, line));
    assert_string_equal(h.ip, "::");
    put_word(mapped, htonl(0xffff));
    put_word(word, htonl(0x0a000001));
    snprintf(line, sizeof(line), "1: %016d%s%s:1F90%s", 0, mapped, word, rest);
    assert_true(holder_parse(&h, HOLDER_UDP, line));
    assert_string_equal(h.ip, "10.0.0.1");
    assert_int_equal(h.port, 8080);
}

static void which_addresses_are_in_the_way(void **state)
{
    static const struct {
        const char *held, *wanted;
        bool in_the_way;
    } rows[] = {
        {"10.0.0.1", "10.0.0.1", true},    {"10.0.0.2", "10.0.0.1", false},
        {"0.0.0.0", "10.0.0.1", true},     {"::", "10.0.0.1", true},
        {"::1", "10.0.0.1", false},        {"10.0.0.1", "0.0.0.0", true},
        {"::1", "0.0.0.0", false},         {"::1", "::", true},
        {"0.0.0.0", "2001:db8::1", false}, {"::", "2001:db8::1", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct holder h = {.port = 1};

        snprintf(h.ip, sizeof(h.ip), "%s", rows[i].held);
        if (holder_in_the_way(&h, rows[i].wanted) != rows[i].in_the_way)
            fail_msg("%s, %s", rows[i].held, rows[i].wanted);
    }
}

static void clocks(void **state)
{
    const uint64_t now = 1790000000;

    assert_null(clock_fault(now, 0));
    assert_null(clock_fault(now, now + 60)); /* some disagreement is fine */
    assert_non_null(strstr(clock_fault(now, now + 61), "set back"));
    assert_non_null(strstr(clock_fault(0, 0), "before the time"));
    assert_non_null(strstr(clock_fault(1735689599, 0), "before the time"));
    assert_null(clock_fault(1735689600, 0));
}

static void calls_of_open_files(void **state)
{
    assert_int_equal(calls_of_files(0), 0);
    assert_int_equal(calls_of_files(103), 0);
    assert_int_equal(calls_of_files(104), 1);
    assert_int_equal(calls_of_files(1024), 231);
    assert_int_equal(calls_of_files(UINT64_MAX), UINT32_MAX);
}

static void stored_registrations(void **state)
{
    static const char text[] =
        "{\"registrations\": ["
        "{\"user\": \"jigasi\", \"uri\": \"sip:a@b\", \"address\": \"::1\","
        " \"expires_at\": 7, \"refreshed_at\": -5, \"reachable\": false},"
        "{\"user\": \"user\", \"uri\": \"sip:c@d\", \"address\": \"1.2.3.4\","
        " \"expires_at\": 9, \"refreshed_at\": 8}]}";
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"registrations\": 1}",
        "{\"registrations\": [{}]}",
        "{\"registrations\": [[]]}",
    };
    char user[] = "jigasi";
    struct config cfg = {.jigasi_user = user};
    struct checkup c = {.cfg = &cfg};

    assert_int_equal(contacts_parse(&c, text, strlen(text)), 0);
    assert_int_equal(c.n_contacts, 2);
    assert_true(c.contacts[0].jigasi);
    assert_false(c.contacts[0].reachable);
    assert_int_equal(c.contacts[0].refreshed_at, 0);
    assert_false(c.contacts[1].jigasi);
    assert_true(c.contacts[1].reachable); /* not told: as if it were */
    assert_string_equal(c.contacts[1].address, "1.2.3.4");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(contacts_parse(&c, bad[i], strlen(bad[i])), EBADMSG);
    free(c.contacts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_addresses),
        cmocka_unit_test(sockets_of_the_kernel),
        cmocka_unit_test(what_is_no_socket),
        cmocka_unit_test(sockets_of_ipv6),
        cmocka_unit_test(which_addresses_are_in_the_way),
        cmocka_unit_test(clocks),
        cmocka_unit_test(calls_of_open_files),
        cmocka_unit_test(stored_registrations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
