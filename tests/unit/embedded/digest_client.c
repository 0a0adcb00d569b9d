#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/embedded/digest_client.h"

/* RFC 7616 section 3.9.1. */
#define REALM  "realm=\"http-auth@example.org\""
#define NONCE  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""
#define OPAQUE "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

static void answer(struct digest_client *dc, char *out)
{
    assert_int_equal(digest_client_answer_with(dc, "Mufasa", "Circle of Life",
                                               "GET", "/dir/index.html",
                                               CNONCE, out),
                     0);
}

static void answers_of_rfc_7616(void **state)
{
    static const struct {
        const char *algorithm, *response;
    } row[] = {
        {"algorithm=MD5", "response=\"8ca523f5e9506fed4657c9700eebdbec\""},
        {"algorithm=SHA-256",
         "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5"
         "856cb6c1\""},
    };
    char out[DIGEST_CLIENT_ANSWER_SIZE];

    for (size_t i = 0; i < 2; i++) {
        const char *const params[] = {
            REALM, "qop=\"auth, auth-int\"", row[i].algorithm, NONCE, OPAQUE,
            NULL};
        struct digest_client dc = {.challenged = false};
        bool stale;

        assert_int_equal(digest_client_take(&dc, params, false, &stale), 0);
        assert_false(stale);
        answer(&dc, out);
        assert_non_null(strstr(out, row[i].response));
        assert_non_null(strstr(out, row[i].algorithm));
        assert_non_null(strstr(out, ", nc=00000001, "));
        assert_non_null(strstr(out, ", " OPAQUE));
        answer(&dc, out);
        assert_non_null(strstr(out, ", nc=00000002, "));
        assert_null(strstr(out, row[i].response));
    }
}

/* RFC 2069: without qop there is no count. */
static void a_server_without_qop_is_answered(void **state)
{
    const char *const params[] = {"realm=\"r\"", "nonce=\"n\"", NULL};
    struct digest_client dc = {.challenged = false};
    char out[DIGEST_CLIENT_ANSWER_SIZE];
    bool stale;

    assert_int_equal(digest_client_take(&dc, params, true, &stale), 0);
    assert_true(dc.proxy);
    assert_int_equal(
        digest_client_answer(&dc, "u", "p", "REGISTER", "sip:d", out), 0);
    assert_null(strstr(out, "qop"));
    assert_null(strstr(out, "nc="));
    assert_null(strstr(out, "algorithm"));
    assert_null(strstr(out, "opaque"));
    /* MD5(MD5("u:r:p"):n:MD5("REGISTER:sip:d")), by md5sum(1) */
    assert_non_null(
        strstr(out, "response=\"114d779e912aea3b2895aea155a420c1\""));
}

static void each_answer_has_a_cnonce_of_its_own(void **state)
{
    const char *const params[] = {"realm=\"r\"", "nonce=\"n\"", "qop=auth",
                                  NULL};
    struct digest_client dc = {.challenged = false};
    char one[DIGEST_CLIENT_ANSWER_SIZE], two[DIGEST_CLIENT_ANSWER_SIZE];
    const char *a, *b;
    bool stale;

    assert_int_equal(digest_client_answer(&dc, "u", "p", "M", "sip:d", one),
                     EIO); /* nobody asked */
    assert_string_equal(one, "");
    assert_int_equal(digest_client_take(&dc, params, false, &stale), 0);
    assert_int_equal(digest_client_answer(&dc, "u", "p", "M", "sip:d", one),
                     0);
    assert_int_equal(digest_client_take(&dc, params, false, &stale), 0);
    assert_int_equal(digest_client_answer(&dc, "u", "p", "M", "sip:d", two),
                     0);
    a = strstr(one, "cnonce=");
    b = strstr(two, "cnonce=");
    assert_true(a && b);
    assert_string_not_equal(a, b);
}

static void other_algorithms_are_left_to_the_next_header(void **state)
{
    static const char *const odd[] = {"algorithm=SHA-512-256",
                                      "algorithm=MD5-sess",
                                      "algorithm=AKAv1-MD5", "qop=auth-int"};
    struct digest_client dc = {.challenged = false};
    bool stale;

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        const char *const params[] = {"realm=\"r\"", "nonce=\"n\"", odd[i],
                                      NULL};

        assert_int_equal(digest_client_take(&dc, params, false, &stale),
                         ENOTSUP);
        assert_false(dc.challenged);
    }
}

static void broken_challenges_change_nothing(void **state)
{
    static const char *const broken[][4] = {
        {"realm=\"r\"", NULL},
        {"nonce=\"n\"", NULL},
        {"realm=\"r\"", "nonce=\"\"", NULL},
        {"realm=\"r\"", "nonce=\"n", NULL},
        {"realm=\"r\"", "nonce=\"n\"", "nonce=\"m\"", NULL},
        {"realm=\"r\r\nX: y\"", "nonce=\"n\"", NULL},
        {"realm=\"a\"b\"", "nonce=\"n\"", NULL},
        {NULL},
    };
    const char *const good[] = {"realm=\"good\"", "nonce=\"n\"", "stale=TRUE",
                                NULL};
    struct digest_client dc = {.challenged = false};
    bool stale;

    assert_int_equal(digest_client_take(&dc, good, false, &stale), 0);
    assert_true(stale);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(digest_client_take(&dc, broken[i], false, &stale),
                         EINVAL);
        assert_string_equal(dc.realm, "good");
        assert_false(stale);
    }
    assert_int_equal(digest_client_take(&dc, NULL, false, &stale), EINVAL);
}

static void long_values_are_bounded(void **state)
{
    static char nonce[DIGEST_CLIENT_VALUE_MAX + 16] = "nonce=";
    const char *const params[] = {"realm=\"r\"", nonce, NULL};
    struct digest_client dc = {.challenged = false};
    char uri[DIGEST_CLIENT_ANSWER_SIZE], out[DIGEST_CLIENT_ANSWER_SIZE];
    bool stale;

    memset(nonce + 6, 'n', DIGEST_CLIENT_VALUE_MAX);
    assert_int_equal(digest_client_take(&dc, params, false, &stale), 0);
    memset(uri, 'u', sizeof(uri));
    uri[sizeof(uri) - 1] = '\0';
    assert_int_equal(digest_client_answer(&dc, "u", "p", "M", uri, out), EIO);
    assert_string_equal(out, "");
    nonce[6 + DIGEST_CLIENT_VALUE_MAX] = 'n';
    assert_int_equal(digest_client_take(&dc, params, false, &stale), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_rfc_7616),
        cmocka_unit_test(a_server_without_qop_is_answered),
        cmocka_unit_test(each_answer_has_a_cnonce_of_its_own),
        cmocka_unit_test(other_algorithms_are_left_to_the_next_header),
        cmocka_unit_test(broken_challenges_change_nothing),
        cmocka_unit_test(long_values_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
