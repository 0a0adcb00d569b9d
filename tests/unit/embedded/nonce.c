#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/nonce.h"

enum { LIFETIME = 120000 };

static int setup(void **state)
{
    return nonces_alloc((struct nonces **)state, "meet.jitsi", LIFETIME, 1024);
}

static int teardown(void **state)
{
    nonces_free(*state);
    return 0;
}

static void a_nonce_lives_as_long_as_set(void **state)
{
    struct nonces *n = *state;
    char nonce[NONCE_SIZE];

    assert_int_equal(nonce_make(n, 5000, nonce), 0);
    assert_int_equal(strlen(nonce), NONCE_SIZE - 1);
    assert_int_equal(nonce_check(n, slice_of(nonce), 5000), NONCE_FRESH);
    assert_int_equal(nonce_check(n, slice_of(nonce), 5000 + LIFETIME - 1),
                     NONCE_FRESH);
    assert_int_equal(nonce_check(n, slice_of(nonce), 5000 + LIFETIME),
                     NONCE_EXPIRED);
    assert_int_equal(nonce_check(n, slice_of(nonce), 4999), NONCE_EXPIRED);
}

static void each_changed_character_is_a_forgery(void **state)
{
    struct nonces *n = *state;
    char nonce[NONCE_SIZE];

    assert_int_equal(nonce_make(n, 5000, nonce), 0);
    for (size_t i = 0; i < NONCE_SIZE - 1; i++) {
        char was = nonce[i];

        nonce[i] = was == '0' ? '1' : '0';
        assert_int_equal(nonce_check(n, slice_of(nonce), 5000), NONCE_FORGED);
        nonce[i] = 'A';
        assert_int_equal(nonce_check(n, slice_of(nonce), 5000), NONCE_FORGED);
        nonce[i] = was;
    }
    for (size_t len = 0; len < NONCE_SIZE - 1; len++)
        assert_int_equal(nonce_check(n, (struct slice){nonce, len}, 5000),
                         NONCE_FORGED);
}

static void other_realms_and_processes_are_forgeries(void **state)
{
    struct nonces *other;
    char nonce[NONCE_SIZE], again[NONCE_SIZE];

    assert_int_equal(nonces_alloc(&other, "meet.jitsi", LIFETIME, 8), 0);
    assert_int_equal(nonce_make(other, 5000, nonce), 0);
    assert_int_equal(nonce_make(other, 5000, again), 0);
    assert_string_not_equal(nonce, again);
    assert_int_equal(nonce_check(*state, slice_of(nonce), 5000), NONCE_FORGED);
    assert_false(nonce_use(*state, slice_of(nonce), 1, 5000));
    nonces_free(other);
}

static void a_count_is_used_once(void **state)
{
    static const struct {
        uint32_t nc;
        bool ok;
    } row[] = {
        {0, false},
        {1, true},
        {1, false},
        {3, true},
        {2, true},
        {2, false},
        {3, false},
        {70, true},
        {6, false},
        {7, true},
        {7, false},
        {1000, true},
        {70, false},
        {937, true},
        {936, false},
        {UINT32_MAX, true},
        {UINT32_MAX, false},
        {UINT32_MAX - 1, true},
        {UINT32_MAX - 64, false},
    };
    struct nonces *n = *state;
    char nonce[NONCE_SIZE];

    assert_int_equal(nonce_make(n, 0, nonce), 0);
    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
        if (nonce_use(n, slice_of(nonce), row[i].nc, 10) != row[i].ok)
            fail_msg("row %zu: count %u", i, row[i].nc);
    assert_false(nonce_use(n, slice_of(nonce), 5000, LIFETIME));
}

/* Ten times more nonces than the table has room for: none of them can be
   used twice, and the youngest still can be used at all. */
static void overflow_allows_no_replay(void **state)
{
    enum { MANY = 640 };
    static char nonce[MANY][NONCE_SIZE];
    struct nonces *n;
    size_t first = 0;

    assert_int_equal(nonces_alloc(&n, "r", LIFETIME, 64), 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(nonce_make(n, 1000 + i, nonce[i]), 0);
        first += nonce_use(n, slice_of(nonce[i]), 1, 1000 + i);
    }
    assert_int_equal(first, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_false(nonce_use(n, slice_of(nonce[i]), 1, 2000));
    assert_true(nonce_use(n, slice_of(nonce[MANY - 1]), 2, 2000));
    nonces_free(n);
}

static void unfit_settings_are_refused(void **state)
{
    struct nonces *n;
    char realm[300];

    memset(realm, 'r', sizeof(realm) - 1);
    realm[sizeof(realm) - 1] = '\0';
    assert_int_equal(nonces_alloc(&n, "r", 0, 64), EINVAL);
    assert_int_equal(nonces_alloc(&n, "r", 1, 7), EINVAL);
    assert_int_equal(nonces_alloc(&n, "r", 1, SIZE_MAX), EINVAL);
    assert_int_equal(nonces_alloc(&n, realm, 1, 8), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_nonce_lives_as_long_as_set, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_changed_character_is_a_forgery,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            other_realms_and_processes_are_forgeries, setup, teardown),
        cmocka_unit_test_setup_teardown(a_count_is_used_once, setup, teardown),
        cmocka_unit_test(overflow_allows_no_replay),
        cmocka_unit_test(unfit_settings_are_refused),
    };

    return cmocka_run_group_tests_name("nonce", tests, NULL, NULL);
}
