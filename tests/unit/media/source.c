#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "rig.h"

static const uint8_t voice[160] = {0x21};

/* Another socket of the far side: its NAT, or somebody else. */
static struct far other(const struct far *f)
{
    struct far o = *f;
    socklen_t len = sizeof(o.self);

    o.fd = socket(AF_INET, SOCK_DGRAM, 0);
    o.self.sin_port = 0;
    assert_int_equal(bind(o.fd, (struct sockaddr *)&o.self, len), 0);
    getsockname(o.fd, (struct sockaddr *)&o.self, &len);
    return o;
}

static bool is_voice(const struct far *to, int ms)
{
    struct got g;

    while (far_receive_within(to, &g, ms))
        if (g.payload[0] == 0x21)
            return true;
    return false;
}

static void spoofed_packets_are_dropped(void **state)
{
    struct rig *r = *state;
    struct far a, b, spoofer;

    far_start(&a, r, 1, MEDIA_PCMU);
    far_start(&b, r, 2, MEDIA_PCMU);
    spoofer = other(&a);
    media_bridge(r->media, 1, 2);
    far_audio(&spoofer, voice, 160); /* before the phone's first packet */
    far_audio(&a, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    for (int i = 0; i < 10; i++)
        far_audio(&spoofer, voice, 160);
    assert_false(is_voice(&b, RIG_QUIET_MS));
    far_audio(&b, voice, 160);
    assert_true(is_voice(&a, RIG_WAIT_MS));
    far_audio(&b, voice, 160);
    assert_false(is_voice(&spoofer, 0));
    far_close(&a);
    far_close(&b);
    close(spoofer.fd);
    assert_in_range(rig_counter(r, 1, "foreign"), 1, 11);
    assert_int_equal(rig_counter(r, 1, "relayed"), 1);
}

static void a_phone_behind_nat_is_learnt(void **state)
{
    struct rig *r = *state;
    struct far a, b, nat, spoofer;

    far_open(&a, r, 1, MEDIA_PCMU);
    nat = other(&a);
    spoofer = other(&a);
    far_session(&a);
    far_start(&b, r, 2, MEDIA_PCMU);
    far_learn(&b);
    media_bridge(r->media, 1, 2);
    for (int i = 0; i < 5; i++)
        far_audio(&nat, voice, 160);
    assert_true(rig_logged(r, "learnt leg=1 "));
    assert_true(is_voice(&b, RIG_WAIT_MS));
    far_audio(&b, voice, 160);
    assert_true(is_voice(&nat, RIG_WAIT_MS)); /* back the way it came */
    for (int i = 0; i < 8; i++)
        far_audio(&spoofer, voice, 160);
    assert_false(is_voice(&b, RIG_QUIET_MS));
    far_close(&a);
    far_close(&b);
    close(nat.fd);
    close(spoofer.fd);
    assert_int_equal(rig_counter(r, 1, "foreign"), 4 + 8);
}

static void the_address_of_sdp_wins_even_late(void **state)
{
    struct rig *r = *state;
    struct far a, b, early;

    far_start(&a, r, 1, MEDIA_PCMU);
    early = other(&a);
    far_start(&b, r, 2, MEDIA_PCMU);
    far_learn(&b);
    media_bridge(r->media, 1, 2);
    for (int i = 0; i < 6; i++)
        far_audio(&early, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    assert_true(is_voice(&b, RIG_WAIT_MS)); /* fifth and sixth */
    a.ssrc++;
    far_audio(&a, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    far_audio(&early, voice, 160);
    assert_false(is_voice(&b, RIG_QUIET_MS));
    far_audio(&b, voice, 160);
    assert_true(is_voice(&a, RIG_WAIT_MS));
    far_close(&a);
    far_close(&b);
    close(early.fd);
}

static void a_reinvite_moves_the_source(void **state)
{
    struct rig *r = *state;
    struct far a, b, moved;

    far_call(&a, &b, r);
    far_audio(&a, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    moved = other(&a);
    memcpy(&a.session.remote, &moved.self, sizeof(moved.self));
    far_session(&a);
    do /* the kernel drops what comes before the socket is told */
        far_audio(&moved, voice, 160);
    while (!is_voice(&b, 20));
    far_audio(&b, voice, 160);
    assert_true(is_voice(&moved, RIG_WAIT_MS));
    far_drain(&b);
    far_audio(&a, voice, 160); /* where it was before */
    assert_false(is_voice(&b, RIG_QUIET_MS));
    far_close(&a);
    far_close(&b);
    close(moved.fd);
}

static void a_far_side_that_closed_its_port_harms_nothing(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    struct sockaddr_in self;

    far_call(&a, &b, r);
    far_audio(&a, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    self = b.self;
    close(b.fd);
    for (int i = 0; i < 6; i++) { /* ICMP: connection refused */
        far_audio(&a, voice, 160);
        poll(NULL, 0, 5);
    }
    b.fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(b.fd, (struct sockaddr *)&self, sizeof(self)), 0);
    far_audio(&a, voice, 160);
    assert_true(is_voice(&b, RIG_WAIT_MS));
    far_audio(&b, voice, 160);
    assert_true(is_voice(&a, RIG_WAIT_MS));
    far_close(&a);
    far_close(&b);
    assert_true(rig_counter(r, 2, "errors") > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(spoofed_packets_are_dropped),
        T(a_phone_behind_nat_is_learnt),
        T(the_address_of_sdp_wins_even_late),
        T(a_reinvite_moves_the_source),
        T(a_far_side_that_closed_its_port_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
