/* A worker's clock, and sockets that it reads by that: over real sockets, in
 * real time, with no more asked than that all comes in the end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum { FRAME = 160, LOUD = 0x10 };

/* Say something every 20 ms until so many packets of a codec came. */
static void talk_until(struct far *from, const struct far *to, unsigned count)
{
    uint8_t payload[FRAME];
    struct got g;

    memset(payload, LOUD, sizeof(payload));
    for (unsigned said = 0; count; said++) {
        assert_true(said < 500);
        far_audio(from, payload, sizeof(payload));
        if (far_receive_within(to, &g, 20))
            count -= g.head.pt == to->session.format.send_pt;
    }
}

static void what_is_gathered_comes_all_the_same(void **state)
{
    static const uint8_t key[] = {5, 0x0a, 0, 160};
    struct rig *r = *state;
    struct far a, b;

    far_start(&a, r, 1, MEDIA_PCMU);
    far_start(&b, r, 2, MEDIA_G722);
    media_bridge(r->media, 1, 2);
    talk_until(&a, &b, 30);
    talk_until(&b, &a, 30);
    far_packet(&a, true, RIG_DTMF_PT, a.seq++, a.ts, key, sizeof(key));
    assert_int_equal(rig_report(r).key, '5');
    far_close(&a);
    far_close(&b);
    assert_true(rig_counter(r, 1, "received") > 20);
    assert_true(rig_counter(r, 2, "transcoded") > 20);
}

/* A packet that is passed through is not kept for the clock, nor lost where
   the way changes. */
static void a_socket_is_taken_back_from_the_clock(void **state)
{
    uint8_t payload[FRAME] = {LOUD};
    struct rig *r = *state;
    struct far a, b;
    struct got g;

    far_start(&a, r, 1, MEDIA_PCMU);
    far_start(&b, r, 2, MEDIA_G722);
    media_bridge(r->media, 1, 2);
    for (int i = 0; i < 3; i++) {
        b.session.format.codec = MEDIA_G722;
        b.session.format.send_pt = b.session.format.recv_pt = RIG_G722_PT;
        far_session(&b);
        talk_until(&a, &b, 10);
        b.session.format.codec = MEDIA_PCMU;
        b.session.format.send_pt = b.session.format.recv_pt = RIG_PCMU_PT;
        far_session(&b);
        talk_until(&a, &b, 1);
        far_drain(&b);
        payload[1] = (uint8_t)i; /* byte by byte what was said */
        far_audio(&a, payload, sizeof(payload));
        do
            far_receive(&b, &g);
        while (memcmp(g.payload, payload, sizeof(payload)) != 0);
    }
    far_close(&a);
    far_close(&b);
    assert_true(rig_counter(r, 1, "relayed") >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_gathered_comes_all_the_same,
                                        rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_socket_is_taken_back_from_the_clock,
                                        rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
