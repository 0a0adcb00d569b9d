#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "engine/sdp/sdes.h"

#define KEY_128 "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define KEY_256                                                               \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ=="

/* At the end of its own allocation, so that ASan sees a byte too many. */
static int read_line(struct sdes_line *l, const char *text)
{
    size_t len = strlen(text);
    char *exact = malloc(len + !len);
    int err;

    memcpy(exact, text, len);
    err = sdes_read(l, (struct slice){exact, len});
    free(exact);
    return err;
}

static void the_example_of_rfc_4568_is_read(void **state)
{
    struct sdes_line l;

    assert_int_equal(
        read_line(&l, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 "|2^20"), 0);
    assert_int_equal(l.tag, 1);
    assert_int_equal(l.suite, MEDIA_AES_CM_128_HMAC_SHA1_80);
    assert_memory_equal(l.key, "YS___semctl () {\t220;}\n}\nunles", 30);
}

static void a_key_of_256_bits_is_read(void **state)
{
    struct sdes_line l;

    assert_int_equal(
        read_line(&l, "7 AES_256_CM_HMAC_SHA1_80 inline:" KEY_256), 0);
    assert_int_equal(l.suite, MEDIA_AES_256_CM_HMAC_SHA1_80);
    for (size_t i = 0; i < 46; i++)
        assert_int_equal(l.key[i], i);
}

static void what_is_written_is_read_again(void **state)
{
    char text[SDES_LINE_SIZE];

    for (unsigned suite = MEDIA_PLAIN + 1; suite < MEDIA_SUITES; suite++) {
        struct sdes_line l = {SDES_TAG_MAX, (enum media_suite)suite, {0}};
        struct sdes_line again;
        size_t len = suite == MEDIA_AES_256_CM_HMAC_SHA1_80 ? 46 : 30;

        memset(l.key, 0xff, len);
        sdes_write(text, &l);
        assert_int_equal(read_line(&again, text), 0);
        assert_memory_equal(&again, &l, sizeof(l));
    }
}

static void what_we_cannot_do_is_refused(void **state)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"", EBADMSG},
        {"1", EBADMSG},
        {"x AES_CM_128_HMAC_SHA1_80 inline:" KEY_128, EBADMSG},
        {"1000000000 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128, EBADMSG},
        {"1 F8_128_HMAC_SHA1_80 inline:" KEY_128, ENOTSUP},
        {"1 AES_CM_128_HMAC_SHA1_80", EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 " KEY_128, EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 outline:" KEY_128, EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:", EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_256, EBADMSG},
        {"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY_128, EBADMSG},
        /* not base64: a stranger's letter, padding in the middle, a blank */
        {"1 AES_CM_128_HMAC_SHA1_80 "
         "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubG*z",
         EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 "
         "inline:WVN=X19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
         EBADMSG},
        {"1 AES_CM_128_HMAC_SHA1_80 "
         "inline:\tVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
         EBADMSG},
        /* an MKI, several keys */
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 "|2^20|1:4", ENOTSUP},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 "|1:4", ENOTSUP},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 ";inline:" KEY_128,
         ENOTSUP},
        /* less protection than the suite's name promises */
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 " UNENCRYPTED_SRTP",
         ENOTSUP},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 " UNAUTHENTICATED_SRTP",
         ENOTSUP},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 " WSH=64 KDR=4", ENOTSUP},
    };
    struct sdes_line l;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (read_line(&l, rows[i].text) != rows[i].err)
            fail_msg("%s: %d", rows[i].text, read_line(&l, rows[i].text));
    assert_int_equal(
        read_line(&l, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY_128 " WSH=64"),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_4568_is_read),
        cmocka_unit_test(a_key_of_256_bits_is_read),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_we_cannot_do_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
