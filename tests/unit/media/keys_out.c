#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/embedded/media/keys_out.h"
#include "engine/embedded/media/telephone_event.h"

static void one_key_is_an_event_of_100_ms(void **state)
{
    struct keys_out k = {.n = 0};
    uint8_t p[KEYS_OUT_BYTES];

    assert_int_equal(keys_out_next(&k, 8000, p), KEYS_OUT_NONE);
    assert_true(keys_out_put(&k, '#'));
    for (unsigned i = 1; i <= 8; i++) {
        assert_int_equal(keys_out_next(&k, 8000, p),
                         i == 1 ? KEYS_OUT_FIRST : KEYS_OUT_MORE);
        assert_int_equal(p[0], 11);
        assert_int_equal(p[1] >> 7, i > 5); /* the end, three times */
        assert_int_equal(p[2] << 8 | p[3], 160 * (i < 5 ? i : 5));
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_true(keys_out_busy(&k));
        assert_int_equal(keys_out_next(&k, 8000, p), KEYS_OUT_NONE);
    }
    assert_false(keys_out_busy(&k));
}

static void keys_come_one_by_one_and_are_understood(void **state)
{
    static const char keys[] = "1122*#AD0";
    struct keys_out k = {.n = 0};
    struct telephone_event t = {.any = false};
    char got[32] = "";
    uint8_t p[KEYS_OUT_BYTES];
    uint32_t ts = 0;
    size_t n = 0;

    for (const char *c = keys; *c; c++)
        assert_true(keys_out_put(&k, *c));
    for (uint32_t ms = 0; keys_out_busy(&k); ms += KEYS_OUT_STEP_MS) {
        enum keys_out_step step = keys_out_next(&k, 48000, p);
        char key;

        if (step == KEYS_OUT_NONE)
            continue;
        if (step == KEYS_OUT_FIRST)
            ts = ms * 48;
        key = telephone_event_packet(&t, p, sizeof(p), ts, 1,
                                     step == KEYS_OUT_FIRST, ms);
        if (key)
            got[n++] = key;
    }
    assert_string_equal(got, keys);
}

static void what_is_no_key_or_too_many_is_refused(void **state)
{
    struct keys_out k = {.n = 0};

    assert_false(keys_out_put(&k, 'x'));
    assert_false(keys_out_put(&k, '\0'));
    for (unsigned i = 0; i < KEYS_OUT_MAX; i++)
        assert_true(keys_out_put(&k, '5'));
    assert_false(keys_out_put(&k, '5'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_is_an_event_of_100_ms),
        cmocka_unit_test(keys_come_one_by_one_and_are_understood),
        cmocka_unit_test(what_is_no_key_or_too_many_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
