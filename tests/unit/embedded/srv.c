#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/srv.h"

/* An answer to the question for _sip._udp.x. */
struct message {
    unsigned char bytes[2048];
    size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void put_16(struct message *m, unsigned n)
{
    put(m, (unsigned char[]){(unsigned char)(n >> 8), (unsigned char)n}, 2);
}

static void begin(struct message *m)
{
    static const unsigned char question[] = "\4_sip\4_udp\1x\0\0\41\0\1";

    m->len = 0;
    put_16(m, 1);      /* id */
    put_16(m, 0x8180); /* an answer */
    put_16(m, 1);      /* question, … */
    put_16(m, 0);      /* … answers: counted by add() */
    put_16(m, 0);
    put_16(m, 0);
    put(m, question, sizeof(question) - 1);
}

/* A record of the name asked for; target: labels, each behind its length. */
static void add(struct message *m, unsigned type, unsigned priority,
                unsigned weight, unsigned port, const char *target)
{
    size_t len = strlen(target) + 1;

    m->bytes[7]++;
    put_16(m, 0xc00c);
    put_16(m, type);
    put_16(m, 1);
    put_16(m, 0);
    put_16(m, 60);
    put_16(m, (unsigned)(6 + len));
    put_16(m, priority);
    put_16(m, weight);
    put_16(m, port);
    put(m, target, len);
}

static void what_can_be_used_is_read(void **state)
{
    struct message m;
    struct srv list[SRV_MAX];
    size_t n;

    begin(&m);
    add(&m, 33, 10, 60, 5060, "\2s1\7example");
    add(&m, 33, 10, 0, 0, "\2s2\7example");     /* no port */
    add(&m, 33, 10, 0, 5060, "\3a b\7example"); /* no host name */
    add(&m, 16, 1, 2, 3, "\1x");                /* not SRV */
    add(&m, 33, 20, 0, 5080, "\2s3\7example");
    assert_int_equal(srv_read(list, &n, m.bytes, m.len), 0);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].priority, 10);
    assert_int_equal(list[0].weight, 60);
    assert_int_equal(list[0].port, 5060);
    assert_string_equal(list[0].target, "s1.example");
    assert_string_equal(list[1].target, "s3.example");
    begin(&m);
    add(&m, 33, 0, 0, 0, "");
    assert_int_equal(srv_read(list, &n, m.bytes, m.len), 0);
    assert_string_equal(list[0].target, "");
}

static void there_may_be_none(void **state)
{
    struct message m;
    struct srv list[SRV_MAX];
    size_t n;

    begin(&m);
    assert_int_equal(srv_read(list, &n, m.bytes, m.len), ENODATA);
    assert_int_equal(n, 0);
    add(&m, 33, 10, 60, 5060, "\2s1\7example");
    for (size_t len = 0; len < m.len; len++)
        assert_int_equal(srv_read(list, &n, m.bytes, len), EBADMSG);
}

static void more_than_fit_are_left_out(void **state)
{
    struct message m;
    struct srv list[SRV_MAX];
    size_t n;

    begin(&m);
    for (int i = 0; i < SRV_MAX + 5; i++)
        add(&m, 33, 10, 60, 5060, "\2s1\7example");
    assert_int_equal(srv_read(list, &n, m.bytes, m.len), 0);
    assert_int_equal(n, SRV_MAX);
}

static uint32_t least_h(uint32_t most)
{
    return 0;
}

static uint32_t most_h(uint32_t most)
{
    return most;
}

static uint32_t turns_h(uint32_t most)
{
    static uint32_t turn;

    return turn++ % (most + 1);
}

static void order(struct srv list[4], srv_random_h *h, const char *ports)
{
    char text[64] = "";

    srv_order(list, 4, h);
    for (size_t i = 0; i < 4; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
                 i ? " " : "", list[i].port);
    assert_string_equal(text, ports);
}

static void priority_goes_before_weight(void **state)
{
    const struct srv list[4] = {
        {20, 9, 1, "a"}, {10, 1, 2, "b"}, {10, 0, 3, "c"}, {5, 0, 4, "d"}};
    struct srv copy[4];

    memcpy(copy, list, sizeof(list));
    order(copy, most_h, "4 2 3 1");
    memcpy(copy, list, sizeof(list));
    order(copy, least_h, "4 3 2 1");
}

static void weight_is_a_share(void **state)
{
    const struct srv list[2] = {{1, 30, 1, "a"}, {1, 10, 2, "b"}};
    unsigned first[3] = {0};

    for (int i = 0; i < 4100; i++) {
        struct srv copy[2];

        memcpy(copy, list, sizeof(list));
        srv_order(copy, 2, turns_h);
        first[copy[0].port]++;
    }
    assert_in_range(first[1], 4100 * 70 / 100, 4100 * 80 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_used_is_read),
        cmocka_unit_test(there_may_be_none),
        cmocka_unit_test(more_than_fit_are_left_out),
        cmocka_unit_test(priority_goes_before_weight),
        cmocka_unit_test(weight_is_a_share),
    };

    return cmocka_run_group_tests_name("srv", tests, NULL, NULL);
}
