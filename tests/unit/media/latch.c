#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/address.h"
#include "engine/embedded/media/latch.h"

static struct sockaddr_storage at(const char *host, uint16_t port)
{
    struct sockaddr_storage a;

    assert_int_equal(address_read(&a, host, port), 0);
    return a;
}

/* Each step: a packet from where, when; whether it is taken, the state
 * after it. */
struct step {
    const char *host;
    uint16_t port;
    uint64_t ms;
    bool taken;
    enum latch_state state;
};

#define SDP     "192.0.2.1", 4000
#define NAT     "198.51.100.7", 61000
#define SCANNER "203.0.113.9", 5
#define SIX     "2001:db8::7", 61000

static void learning(void **state)
{
    static const struct {
        const char *what;
        struct {
            const char *host;
            uint16_t port;
        } sdp;
        struct step step[8];
    } row[] = {
        {"as told",
         {SDP},
         {{SDP, 0, true, LATCH_TO_SDP},
          {NAT, 1, false, LATCH_TO_SDP},
          {SDP, 20, true, LATCH_TO_SDP}}},
        {"same host, other port",
         {SDP},
         {{"192.0.2.1", 4002, 0, false, LATCH_OPEN}}},
        {"behind NAT: five packets",
         {SDP},
         {{NAT, 0, false, LATCH_OPEN},
          {NAT, 20, false, LATCH_OPEN},
          {NAT, 40, false, LATCH_OPEN},
          {NAT, 60, false, LATCH_OPEN},
          {NAT, 80, true, LATCH_LEARNT},
          {SCANNER, 81, false, LATCH_LEARNT},
          {NAT, 100, true, LATCH_LEARNT}}},
        {"behind NAT: for 250 ms",
         {SDP},
         {{NAT, 0, false, LATCH_OPEN},
          {NAT, 249, false, LATCH_OPEN},
          {NAT, 250, true, LATCH_LEARNT}}},
        {"the told one comes late and wins",
         {SDP},
         {{SCANNER, 0, false, LATCH_OPEN},
          {SCANNER, 300, true, LATCH_LEARNT},
          {SDP, 310, true, LATCH_TO_SDP},
          {SCANNER, 320, false, LATCH_TO_SDP}}},
        {"one stray packet does not block the phone",
         {SDP},
         {{SCANNER, 0, false, LATCH_OPEN},
          {NAT, 100, false, LATCH_OPEN},
          {NAT, 520, false, LATCH_OPEN},
          {NAT, 800, true, LATCH_LEARNT}}},
        {"a candidate that paused starts anew",
         {SDP},
         {{NAT, 0, false, LATCH_OPEN},
          {NAT, 1000, false, LATCH_OPEN},
          {NAT, 1250, true, LATCH_LEARNT}}},
        {"nothing told",
         {"0.0.0.0", 4000},
         {{NAT, 0, false, LATCH_OPEN}, {NAT, 260, true, LATCH_LEARNT}}},
        {"no port told",
         {"192.0.2.1", 0},
         {{NAT, 0, false, LATCH_OPEN}, {NAT, 260, true, LATCH_LEARNT}}},
        {"IPv6",
         {"2001:db8::1", 4000},
         {{SIX, 0, false, LATCH_OPEN},
          {"2001:db8::1", 4000, 10, true, LATCH_TO_SDP},
          {SIX, 20, false, LATCH_TO_SDP}}},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct sockaddr_storage sdp = at(row[i].sdp.host, row[i].sdp.port);
        struct latch l;

        print_message("# %s\n", row[i].what);
        latch_open(&l, &sdp);
        for (const struct step *s = row[i].step; s->host; s++) {
            struct sockaddr_storage from = at(s->host, s->port);

            assert_int_equal(latch_packet(&l, &from, s->ms), s->taken);
            assert_int_equal(l.state, s->state);
        }
    }
}

static void target(void **state)
{
    struct sockaddr_storage sdp = at(SDP);
    struct sockaddr_storage nat = at(NAT);
    struct sockaddr_storage none = at("0.0.0.0", 0);
    struct latch l;

    latch_open(&l, &none);
    assert_null(latch_target(&l));
    latch_packet(&l, &nat, 0);
    assert_null(latch_target(&l));
    latch_packet(&l, &nat, 300);
    assert_true(address_equal(latch_target(&l), &nat));

    latch_open(&l, &sdp);
    assert_true(address_equal(latch_target(&l), &sdp));
    latch_packet(&l, &nat, 0);
    assert_true(address_equal(latch_target(&l), &sdp));
    latch_packet(&l, &nat, 300);
    assert_true(address_equal(latch_target(&l), &nat));
    latch_packet(&l, &sdp, 301);
    assert_true(address_equal(latch_target(&l), &sdp));
}

static void a_reinvite_learns_anew_only_when_the_address_changed(void **state)
{
    struct sockaddr_storage sdp = at(SDP);
    struct sockaddr_storage nat = at(NAT);
    struct sockaddr_storage moved = at("192.0.2.1", 4002);
    struct latch l;

    latch_open(&l, &sdp);
    latch_packet(&l, &nat, 0);
    latch_packet(&l, &nat, 300);
    assert_false(latch_retarget(&l, &sdp));
    assert_int_equal(l.state, LATCH_LEARNT);
    assert_true(latch_retarget(&l, &moved));
    assert_int_equal(l.state, LATCH_OPEN);
    assert_true(address_equal(latch_target(&l), &moved));
    assert_false(latch_packet(&l, &sdp, 301));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning),
        cmocka_unit_test(target),
        cmocka_unit_test(a_reinvite_learns_anew_only_when_the_address_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
