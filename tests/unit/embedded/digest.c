#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <cmocka.h>

#include "engine/embedded/digest.h"

enum { LIFETIME = 120000, T0 = 1000 };

static const struct digest_user users[] = {
    {"user", "phone secret", ENGINE_EXTERNAL},
    {"jigasi", "jigasi secret", ENGINE_INTERNAL},
};

static int setup(void **state)
{
    return digest_alloc((struct digest **)state, "meet.jitsi", users, 2,
                        LIFETIME);
}

static int teardown(void **state)
{
    digest_free(*state);
    return 0;
}

/* A phone's side of it: parameters of an Authorization header. */
struct phone {
    const char *username;
    const char *realm;
    const char *password;
    const char *method;
    char nonce[128];
    const char *nc;
    const char *qop;
    const char *algorithm;
    char text[10][256];
    const char *params[11];
};

static void md5(char out[33], const char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len;

    assert_int_equal(
        EVP_Digest(text, strlen(text), sum, &len, EVP_md5(), NULL), 1);
    for (unsigned i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void answer(struct phone *p)
{
    char a1[33], a2[33], response[33], text[512];

    snprintf(text, sizeof(text), "%s:%s:%s", p->username, p->realm,
             p->password);
    md5(a1, text);
    snprintf(text, sizeof(text), "%s:sip:meet.jitsi", p->method);
    md5(a2, text);
    snprintf(text, sizeof(text), "%s:%s:%s:c0:%s:%s", a1, p->nonce, p->nc,
             p->qop, a2);
    md5(response, text);
    snprintf(p->text[0], 256, "username=\"%s\"", p->username);
    snprintf(p->text[1], 256, "realm=\"%s\"", p->realm);
    snprintf(p->text[2], 256, "nonce=\"%s\"", p->nonce);
    snprintf(p->text[3], 256, "uri=\"sip:meet.jitsi\"");
    snprintf(p->text[4], 256, "response=\"%s\"", response);
    snprintf(p->text[5], 256, "qop=%s", p->qop);
    snprintf(p->text[6], 256, "nc=%s", p->nc);
    snprintf(p->text[7], 256, "cnonce=\"c0\"");
    snprintf(p->text[8], 256, "algorithm=%s", p->algorithm);
    for (size_t i = 0; i < 9; i++)
        p->params[i] = p->text[i];
    p->params[9] = NULL;
}

/* A phone that was just challenged. */
static void challenged(struct phone *p, struct digest *d, uint64_t now)
{
    char challenge[DIGEST_CHALLENGE_MAX];
    const char *nonce;

    *p = (struct phone){.username = "user",
                        .realm = "meet.jitsi",
                        .password = "phone secret",
                        .method = "REGISTER",
                        .nc = "00000001",
                        .qop = "auth",
                        .algorithm = "MD5"};
    assert_int_equal(digest_challenge(d, now, false, challenge), 0);
    nonce = strstr(challenge, "nonce=\"");
    assert_non_null(nonce);
    assert_int_equal(sscanf(nonce, "nonce=\"%127[0-9a-f]\"", p->nonce), 1);
}

static enum digest_verdict check(struct digest *d, enum engine_side side,
                                 struct phone *p, uint64_t now)
{
    struct digest_credentials cr;
    enum digest_verdict v;
    const char *user;

    answer(p);
    assert_int_equal(digest_parse(&cr, p->params), 0);
    v = digest_check(d, side, &cr, slice_of("REGISTER"), now, &user);
    if (v == DIGEST_OK)
        assert_non_null(user);
    else
        assert_null(user);
    return v;
}

/* The nonces of the RFCs are not ours, so the right answer to them is told
   from a wrong one by being called stale. */
static void rfc_examples_are_right(void **state)
{
    static const struct {
        const char *realm;
        const char *password;
        const char *params[10];
    } row[] = {
        {"testrealm@host.com", /* RFC 2617 section 3.5 */
         "Circle Of Life",
         {"username=\"Mufasa\"", "realm=\"testrealm@host.com\"",
          "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
          "uri=\"/dir/index.html\"", "qop=auth", "nc=00000001",
          "cnonce=\"0a4f113b\"",
          "response=\"6629fae49393a05397450978507c4ef1\"",
          "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""}},
        {"http-auth@example.org", /* RFC 7616 section 3.9.1 */
         "Circle of Life",
         {"username=\"Mufasa\"", "realm=\"http-auth@example.org\"",
          "uri=\"/dir/index.html\"", "algorithm=MD5",
          "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
          "nc=00000001",
          "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"",
          "qop=auth", "response=\"8ca523f5e9506fed4657c9700eebdbec\""}},
    };

    for (size_t i = 0; i < 2; i++) {
        struct digest_user mufasa = {"Mufasa", row[i].password,
                                     ENGINE_EXTERNAL};
        struct digest_credentials cr;
        struct digest *d;
        const char *user;

        assert_int_equal(digest_alloc(&d, row[i].realm, &mufasa, 1, LIFETIME),
                         0);
        assert_int_equal(digest_parse(&cr, row[i].params), 0);
        assert_int_equal(
            digest_check(d, ENGINE_EXTERNAL, &cr, slice_of("GET"), T0, &user),
            DIGEST_STALE);
        assert_int_equal(
            digest_check(d, ENGINE_EXTERNAL, &cr, slice_of("PUT"), T0, &user),
            DIGEST_WRONG);
        digest_free(d);
    }
}

static void the_right_password_is_accepted_once_per_count(void **state)
{
    struct phone p;

    challenged(&p, *state, T0);
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0 + 5), DIGEST_OK);
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0 + 5), DIGEST_STALE);
    p.nc = "00000002";
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0 + 5), DIGEST_OK);
    p.nc = "0000000A";
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0 + 5), DIGEST_OK);
    p.nc = "0000000b";
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0 + LIFETIME),
                     DIGEST_STALE);
}

static void the_user_is_named_as_configured(void **state)
{
    static const char *const names[] = {"user", "user@meet.jitsi"};

    for (size_t i = 0; i < 2; i++) {
        struct digest_credentials cr;
        struct phone p;
        const char *user;

        challenged(&p, *state, T0);
        p.username = names[i];
        answer(&p);
        assert_int_equal(digest_parse(&cr, p.params), 0);
        assert_int_equal(digest_check(*state, ENGINE_EXTERNAL, &cr,
                                      slice_of("REGISTER"), T0, &user),
                         DIGEST_OK);
        assert_string_equal(user, "user");
    }
}

static void everything_else_is_wrong_or_broken(void **state)
{
    static const struct {
        const char *username, *realm, *password, *method, *nc, *qop, *alg;
        enum engine_side side;
        enum digest_verdict verdict;
    } row[] = {
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000001", "auth",
         "md5", ENGINE_EXTERNAL, DIGEST_OK},
        {"user", "meet.jitsi", "phone secreT", "REGISTER", "00000001", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"User", "meet.jitsi", "phone secret", "REGISTER", "00000001", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"nobody", "meet.jitsi", "phone secret", "REGISTER", "00000001",
         "auth", "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"user@x", "meet.jitsi", "phone secret", "REGISTER", "00000001",
         "auth", "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"user", "meet.jitsi", "phone secret", "INVITE", "00000001", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"jigasi", "meet.jitsi", "jigasi secret", "REGISTER", "00000001",
         "auth", "MD5", ENGINE_EXTERNAL, DIGEST_WRONG},
        {"jigasi", "meet.jitsi", "jigasi secret", "REGISTER", "00000001",
         "auth", "MD5", ENGINE_INTERNAL, DIGEST_OK},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000001", "auth",
         "MD5", ENGINE_INTERNAL, DIGEST_WRONG},
        {"user", "other", "phone secret", "REGISTER", "00000001", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "1", "auth", "MD5",
         ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000000", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "0000000g", "auth",
         "MD5", ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000001",
         "auth-int", "MD5", ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000001", "auth",
         "SHA-256", ENGINE_EXTERNAL, DIGEST_BROKEN},
        {"user", "meet.jitsi", "phone secret", "REGISTER", "00000001", "auth",
         "MD5-sess", ENGINE_EXTERNAL, DIGEST_BROKEN},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct phone p;

        challenged(&p, *state, T0);
        p.username = row[i].username;
        p.realm = row[i].realm;
        p.password = row[i].password;
        p.method = row[i].method;
        p.nc = row[i].nc;
        p.qop = row[i].qop;
        p.algorithm = row[i].alg;
        if (check(*state, row[i].side, &p, T0) != row[i].verdict)
            fail_msg("row %zu", i);
    }
}

/* Without qop there is no count, so a client of RFC 2069 is refused, and
   so is whoever leaves out anything else but the algorithm. */
static void each_parameter_is_needed(void **state)
{
    for (size_t left_out = 0; left_out < 9; left_out++) {
        struct digest_credentials cr;
        struct phone p;
        const char *user;

        challenged(&p, *state, T0);
        answer(&p);
        p.params[left_out] = "x=y";
        assert_int_equal(digest_parse(&cr, p.params), 0);
        assert_int_equal(digest_check(*state, ENGINE_EXTERNAL, &cr,
                                      slice_of("REGISTER"), T0, &user),
                         left_out == 8 ? DIGEST_OK : DIGEST_BROKEN);
    }
}

static void a_nonce_from_before_a_restart_is_stale(void **state)
{
    struct digest *before;
    struct phone p;

    assert_int_equal(digest_alloc(&before, "meet.jitsi", users, 2, LIFETIME),
                     0);
    challenged(&p, before, T0);
    digest_free(before);
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0), DIGEST_STALE);
    p.password = "wrong";
    assert_int_equal(check(*state, ENGINE_EXTERNAL, &p, T0), DIGEST_WRONG);
}

static void challenges_read_as_the_rfc_says(void **state)
{
    char text[DIGEST_CHALLENGE_MAX];
    char nonce[65], rest[64];

    assert_int_equal(digest_challenge(*state, T0, true, text), 0);
    assert_int_equal(sscanf(text,
                            "Digest realm=\"meet.jitsi\", "
                            "nonce=\"%64[0-9a-f]\", algorithm=MD5, %63[^~]",
                            nonce, rest),
                     2);
    assert_string_equal(rest, "qop=\"auth\", stale=true");
    assert_int_equal(digest_challenge(*state, T0, false, text), 0);
    assert_null(strstr(text, "stale"));
}

static void parameters_are_unquoted_and_bounded(void **state)
{
    static const struct {
        const char *params[4];
        int err;
        const char *username;
    } row[] = {
        {{"username=\"a b\""}, 0, "a b"},
        {{"Username = bob "}, 0, "bob"},
        {{"username=\"\""}, 0, ""},
        {{"username=\"a\\\"b\""}, 0, "a\\\"b"},
        {{"flag", "username=x", "=y"}, 0, "x"},
        {{"username=\"a"}, EINVAL, NULL},
        {{"username=\""}, EINVAL, NULL},
        {{"username=a\""}, EINVAL, NULL},
        {{"username=\"a\"b\""}, EINVAL, NULL},
        {{"username=\"a\\\""}, EINVAL, NULL},
        {{"username=\"a\r\nb\""}, EINVAL, NULL},
        {{"username=a", "username=a"}, EINVAL, NULL},
        {{"username=\"\"", "USERNAME=a"}, EINVAL, NULL},
    };
    struct digest_credentials cr;

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        if (digest_parse(&cr, row[i].params) != row[i].err)
            fail_msg("row %zu", i);
        if (row[i].username)
            assert_true(slice_is(cr.username, row[i].username));
    }
    assert_int_equal(digest_parse(&cr, NULL), 0);
    assert_null(cr.username.p);
}

static void long_and_many_parameters_are_refused(void **state)
{
    const char *params[DIGEST_PARAMS_MAX + 2] = {NULL};
    char text[DIGEST_URI_MAX + 8];
    struct digest_credentials cr;

    for (size_t i = 0; i < DIGEST_PARAMS_MAX; i++)
        params[i] = "x=y";
    assert_int_equal(digest_parse(&cr, params), 0);
    params[DIGEST_PARAMS_MAX] = "x=y";
    assert_int_equal(digest_parse(&cr, params), EINVAL);
    params[1] = NULL;
    params[0] = text;
    memset(text, 'x', sizeof(text));
    memcpy(text, "uri=", 4);
    text[4 + DIGEST_URI_MAX] = '\0';
    assert_int_equal(digest_parse(&cr, params), 0);
    text[4 + DIGEST_URI_MAX] = 'x';
    text[5 + DIGEST_URI_MAX] = '\0';
    assert_int_equal(digest_parse(&cr, params), EINVAL);
    memcpy(text, "nc =", 4);
    assert_int_equal(digest_parse(&cr, params), EINVAL);
}

static void unfit_users_and_realms_are_refused(void **state)
{
    static const struct digest_user bad[] = {
        {"", "x", ENGINE_EXTERNAL},
        {"user", "", ENGINE_EXTERNAL},
        {"a\"b", "x", ENGINE_EXTERNAL},
        {"a\\b", "x", ENGINE_EXTERNAL},
    };
    struct digest *d;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(digest_alloc(&d, "r", &bad[i], 1, 1), EINVAL);
    assert_int_equal(digest_alloc(&d, "", users, 1, 1), EINVAL);
    assert_int_equal(digest_alloc(&d, "a\"", users, 1, 1), EINVAL);
    assert_int_equal(digest_alloc(&d, "a\r\nb", users, 1, 1), EINVAL);
    assert_int_equal(digest_alloc(&d, "r", users, 1, 0), EINVAL);
    assert_int_equal(digest_alloc(&d, "r", users, DIGEST_USERS_MAX + 1, 1),
                     EINVAL);
}

#define WITH_DIGEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_examples_are_right),
        WITH_DIGEST(the_right_password_is_accepted_once_per_count),
        WITH_DIGEST(the_user_is_named_as_configured),
        WITH_DIGEST(everything_else_is_wrong_or_broken),
        WITH_DIGEST(each_parameter_is_needed),
        WITH_DIGEST(a_nonce_from_before_a_restart_is_stale),
        WITH_DIGEST(challenges_read_as_the_rfc_says),
        cmocka_unit_test(parameters_are_unquoted_and_bounded),
        cmocka_unit_test(long_and_many_parameters_are_refused),
        cmocka_unit_test(unfit_users_and_realms_are_refused),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
