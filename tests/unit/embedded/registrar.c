#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/registrar.h"

enum { T0 = 1000000, SEEN_MAX = 64 };

/* A registrar, and what its handler was told. */
struct fixture {
    struct registrar *r;
    char seen[SEEN_MAX][600];
    size_t n_seen;
};

static void change_h(enum registrar_change what,
                     const struct registrar_binding *b, void *arg)
{
    static const char *const names[] = {
        [REGISTRAR_ADDED] = "+",
        [REGISTRAR_CHANGED] = "~",
        [REGISTRAR_REFRESHED] = "=",
        [REGISTRAR_REMOVED] = "-",
    };
    struct fixture *f = arg;

    assert_true(f->n_seen < SEEN_MAX);
    snprintf(f->seen[f->n_seen++], sizeof(f->seen[0]), "%s%s", names[what],
             b->uri);
}

static const struct registrar_user users[] = {
    {"user", ENGINE_EXTERNAL, 3, 30, 3600},
    {"jigasi", ENGINE_INTERNAL, 32, 30, 60},
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    *state = f;
    return registrar_alloc(&f->r, users, 2, change_h, f);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    registrar_free(f->r);
    free(f);
    return 0;
}

static struct sockaddr_in source_of(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = inet_addr("192.0.2.9")};
}

/* One contact, as most phones send it. */
static unsigned put(struct fixture *f, const char *uri, const char *call_id,
                    uint32_t cseq, uint32_t expires, uint64_t now)
{
    struct sockaddr_in source = source_of(5060);
    struct registrar_contact c = {
        .uri = slice_of(uri), .has_expires = true, .expires_s = expires};
    struct registrar_request rq = {
        .user = "user",
        .side = ENGINE_EXTERNAL,
        .source = (struct sockaddr *)&source,
        .call_id = slice_of(call_id),
        .cseq = cseq,
        .contacts = &c,
        .n_contacts = 1,
    };

    return registrar_register(f->r, &rq, now, NULL);
}

/* Told since the last time: "+sip:a@h -sip:b@h". */
static void assert_seen(struct fixture *f, const char *expected)
{
    char all[SEEN_MAX * 64] = "";

    for (size_t i = 0; i < f->n_seen; i++) {
        size_t len = strlen(all);

        snprintf(all + len, sizeof(all) - len, "%s%s", i ? " " : "",
                 f->seen[i]);
    }
    assert_string_equal(all, expected);
    f->n_seen = 0;
}

static void contacts_come_and_go(void **state)
{
    struct fixture *f = *state;
    const struct registrar_binding *b;
    char id[REGISTRAR_ID_SIZE];

    assert_int_equal(put(f, "sip:a@h", "c1", 1, 600, T0), 200);
    assert_seen(f, "+sip:a@h");
    b = registrar_next(f->r, "user", NULL);
    assert_non_null(b);
    assert_int_equal(b->expires_at, T0 + 600000);
    assert_int_equal(registrar_left_s(b, T0 + 1), 600);
    assert_int_equal(registrar_left_s(b, T0 + 600000), 0);
    assert_true(b->reachable);
    snprintf(id, sizeof(id), "%s", b->id);
    assert_int_equal(put(f, "sip:a@h", "c1", 2, 600, T0 + 1000), 200);
    assert_seen(f, "=sip:a@h");
    assert_int_equal(put(f, "sip:a@h", "c2", 1, 600, T0 + 1000), 200);
    assert_seen(f, "~sip:a@h");
    assert_non_null(registrar_find(f->r, id));
    assert_int_equal(put(f, "sip:b@h", "c3", 1, 600, T0 + 1000), 200);
    assert_int_equal(registrar_count(f->r, T0 + 1000), 2);
    assert_string_equal(registrar_newest(f->r, "user", T0)->uri, "sip:b@h");
    assert_int_equal(put(f, "sip:a@h", "c2", 2, 0, T0 + 1000), 200);
    assert_seen(f, "+sip:b@h -sip:a@h");
    assert_null(registrar_find(f->r, id));
    assert_int_equal(put(f, "sip:never@h", "c9", 1, 0, T0 + 1000), 200);
    assert_seen(f, "");
    /* The same contact has the same id when it comes again. */
    assert_int_equal(put(f, "sip:a@h", "c4", 1, 600, T0 + 2000), 200);
    assert_non_null(registrar_find(f->r, id));
}

static void expiry_is_granted_within_limits(void **state)
{
    static const struct {
        bool in_contact;
        uint32_t contact;
        bool in_header;
        uint32_t header;
        unsigned status;
        uint32_t granted;
    } row[] = {
        {true, 600, false, 0, 200, 600},
        {true, 600, true, 60, 200, 600},
        {false, 0, true, 60, 200, 60},
        {false, 0, false, 0, 200, 3600},
        {true, 30, false, 0, 200, 30},
        {true, 29, false, 0, 423, 0},
        {false, 0, true, 1, 423, 0},
        {true, UINT32_MAX, false, 0, 200, 3600},
    };
    struct sockaddr_in source = source_of(5060);

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct fixture *f = *state;
        struct registrar_contact c = {.uri = slice_of("sip:a@h"),
                                      .has_expires = row[i].in_contact,
                                      .expires_s = row[i].contact};
        struct registrar_request rq = {
            .user = "user",
            .source = (struct sockaddr *)&source,
            .call_id = slice_of("c"),
            .cseq = (uint32_t)i + 1,
            .contacts = &c,
            .n_contacts = 1,
            .has_expires = row[i].in_header,
            .expires_s = row[i].header,
        };
        uint32_t min = 7;

        assert_int_equal(registrar_register(f->r, &rq, T0, &min),
                         row[i].status);
        assert_int_equal(min, row[i].status == 423 ? 30 : 0);
        if (row[i].status == 200)
            assert_int_equal(
                registrar_left_s(registrar_next(f->r, NULL, NULL), T0),
                row[i].granted);
    }
}

static void an_older_request_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in source = source_of(5060);
    struct registrar_contact c[2] = {
        {.uri = slice_of("sip:new@h")},
        {.uri = slice_of("sip:a@h")},
    };
    struct registrar_request rq = {
        .user = "user",
        .source = (struct sockaddr *)&source,
        .call_id = slice_of("c1"),
        .cseq = 10,
        .contacts = c,
        .n_contacts = 2,
    };

    assert_int_equal(put(f, "sip:a@h", "c1", 10, 600, T0), 200);
    assert_seen(f, "+sip:a@h");
    assert_int_equal(put(f, "sip:a@h", "c1", 10, 0, T0), 400);
    assert_int_equal(put(f, "sip:a@h", "c1", 9, 0, T0), 400);
    /* All or nothing: the first contact is new, the second outdated. */
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    c[1].uri = slice_of("sip:b@h>");
    rq.cseq = 11;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    c[1] = (struct registrar_contact){slice_of("sip:b@h"), {0}, true, 1};
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 423);
    c[1] = c[0]; /* twice in one */
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    assert_seen(f, "");
    assert_int_equal(registrar_count(f->r, T0), 1);
    /* A phone that was switched off and on begins to count anew. */
    assert_int_equal(put(f, "sip:a@h", "c2", 1, 600, T0), 200);
    assert_seen(f, "~sip:a@h");
}

static void star_removes_all(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in source = source_of(5060);
    struct registrar_contact c = {.uri = slice_of("sip:z@h")};
    struct registrar_request rq = {
        .user = "user",
        .source = (struct sockaddr *)&source,
        .call_id = slice_of("c1"),
        .cseq = 5,
        .star = true,
    };

    assert_int_equal(put(f, "sip:a@h", "c1", 5, 600, T0), 200);
    assert_int_equal(put(f, "sip:b@h", "c2", 9, 600, T0), 200);
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq.has_expires = true;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq.cseq = 6;
    rq.expires_s = 60;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq.expires_s = 0;
    rq.contacts = &c;
    rq.n_contacts = 1;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq.n_contacts = 0;
    assert_seen(f, "+sip:a@h +sip:b@h");
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 200);
    assert_seen(f, "-sip:a@h -sip:b@h");
    assert_int_equal(registrar_count(f->r, T0), 0);
}

static void strangers_and_broken_requests_are_refused(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in source = source_of(5060), nowhere = source_of(0);
    struct registrar_contact c[REGISTRAR_CONTACTS_MAX + 1] = {
        {.uri = slice_of("sip:a@h")}};
    char long_id[REGISTRAR_CALL_ID_SIZE + 1];
    struct registrar_request ok = {
        .user = "user",
        .source = (struct sockaddr *)&source,
        .call_id = slice_of("c1"),
        .cseq = 1,
        .contacts = c,
        .n_contacts = 1,
    };
    struct registrar_request rq = ok;

    rq.user = "nobody";
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 403);
    rq = ok;
    rq.side = ENGINE_INTERNAL;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 403);
    rq = ok;
    rq.source = (struct sockaddr *)&nowhere;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq = ok;
    rq.call_id = slice_of("a b");
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq.call_id = slice_of("");
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    memset(long_id, 'x', sizeof(long_id));
    rq.call_id = (struct slice){long_id, REGISTRAR_CALL_ID_SIZE};
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq = ok;
    rq.n_contacts = REGISTRAR_CONTACTS_MAX + 1;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 400);
    rq = ok;
    rq.n_contacts = 0; /* a query */
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 200);
    assert_seen(f, "");
}

static void the_limit_pushes_out_the_stalest(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in source = source_of(5060);
    struct registrar_contact c[4] = {
        {.uri = slice_of("sip:1@h")},
        {.uri = slice_of("sip:2@h")},
        {.uri = slice_of("sip:3@h")},
        {.uri = slice_of("sip:4@h")},
    };
    struct registrar_request rq = {
        .user = "user",
        .source = (struct sockaddr *)&source,
        .call_id = slice_of("x"),
        .cseq = 1,
        .contacts = c,
        .n_contacts = 4,
    };

    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 503);
    assert_seen(f, "");
    assert_int_equal(put(f, "sip:a@h", "a", 1, 600, T0), 200);
    assert_int_equal(put(f, "sip:b@h", "b", 1, 600, T0 + 1), 200);
    assert_int_equal(put(f, "sip:c@h", "c", 1, 600, T0 + 2), 200);
    assert_int_equal(put(f, "sip:a@h", "a", 2, 600, T0 + 3), 200);
    f->n_seen = 0;
    assert_int_equal(put(f, "sip:d@h", "d", 1, 600, T0 + 4), 200);
    assert_seen(f, "-sip:b@h +sip:d@h");
    registrar_reachable(f->r, registrar_newest(f->r, "user", T0)->id, false);
    assert_seen(f, "~sip:d@h");
    assert_int_equal(put(f, "sip:e@h", "e", 1, 600, T0 + 5), 200);
    assert_seen(f, "-sip:d@h +sip:e@h");
    assert_int_equal(registrar_count(f->r, T0 + 5), 3);
}

static void an_instance_keeps_its_id_at_another_address(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in source = source_of(5060);
    struct registrar_contact c = {
        .uri = slice_of("sip:a@10.0.0.1:1111"),
        .instance = slice_of("\"<urn:uuid:f81d4fae>\""),
    };
    struct registrar_request rq = {
        .user = "user",
        .source = (struct sockaddr *)&source,
        .call_id = slice_of("x"),
        .cseq = 1,
        .contacts = &c,
        .n_contacts = 1,
    };
    char id[REGISTRAR_ID_SIZE];

    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 200);
    snprintf(id, sizeof(id), "%s", registrar_next(f->r, NULL, NULL)->id);
    c.uri = slice_of("sip:a@10.0.0.1:2222");
    source = source_of(2222);
    rq.cseq = 2;
    assert_int_equal(registrar_register(f->r, &rq, T0, NULL), 200);
    assert_seen(f, "+sip:a@10.0.0.1:1111 ~sip:a@10.0.0.1:2222");
    assert_int_equal(registrar_count(f->r, T0), 1);
    assert_string_equal(registrar_next(f->r, NULL, NULL)->id, id);
}

static void time_removes_and_pings(void **state)
{
    struct fixture *f = *state;
    const struct registrar_binding *b;
    char id[REGISTRAR_ID_SIZE];

    assert_true(registrar_due(f->r) == UINT64_MAX);
    assert_int_equal(put(f, "sip:a@h", "a", 1, 60, T0), 200);
    assert_int_equal(put(f, "sip:b@h", "b", 1, 600, T0 + 1000), 200);
    assert_int_equal(registrar_due(f->r), T0 + REGISTRAR_PING_MS);
    assert_null(registrar_ping(f->r, T0 + REGISTRAR_PING_MS - 1));
    b = registrar_ping(f->r, T0 + REGISTRAR_PING_MS);
    assert_non_null(b);
    assert_string_equal(b->uri, "sip:a@h");
    snprintf(id, sizeof(id), "%s", b->id);
    assert_null(registrar_ping(f->r, T0 + REGISTRAR_PING_MS));
    f->n_seen = 0;
    registrar_reachable(f->r, id, true);
    registrar_reachable(f->r, "0123456789abcdef", false);
    assert_seen(f, "");
    registrar_reachable(f->r, id, false);
    assert_seen(f, "~sip:a@h");
    assert_string_equal(registrar_newest(f->r, "user", T0)->uri, "sip:b@h");
    /* A refresh alone does not prove that it hears us: asked at once. */
    assert_int_equal(put(f, "sip:a@h", "a", 2, 60, T0 + 20000), 200);
    assert_seen(f, "=sip:a@h");
    assert_false(registrar_find(f->r, id)->reachable);
    assert_non_null(registrar_ping(f->r, T0 + 20000));
    registrar_sweep(f->r, T0 + 79999);
    assert_int_equal(registrar_count(f->r, T0 + 80000), 1);
    assert_seen(f, "");
    registrar_sweep(f->r, T0 + 80000);
    assert_seen(f, "-sip:a@h");
}

static void a_clock_put_back_stalls_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t late = UINT64_C(1000) * 3600 * 24 * 365;

    assert_int_equal(put(f, "sip:a@h", "a", 1, 3600, late), 200);
    assert_non_null(registrar_ping(f->r, T0));
    registrar_sweep(f->r, T0);
    assert_int_equal(registrar_left_s(registrar_next(f->r, NULL, NULL), T0),
                     3600);
}

static void newest_follows_registration_not_refresh(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, "sip:a@h", "a", 1, 60, T0), 200);
    assert_int_equal(put(f, "sip:b@h", "b", 1, 60, T0), 200);
    assert_int_equal(put(f, "sip:a@h", "a", 2, 60, T0 + 1), 200);
    assert_string_equal(registrar_newest(f->r, "user", T0)->uri, "sip:b@h");
    assert_int_equal(put(f, "sip:a@h", "a2", 1, 60, T0 + 2), 200);
    assert_string_equal(registrar_newest(f->r, "user", T0)->uri, "sip:a@h");
    assert_null(registrar_newest(f->r, "user", T0 + 90000));
    assert_null(registrar_newest(f->r, "jigasi", T0));
}

static void restored_bindings_are_checked(void **state)
{
    struct fixture *f = *state;
    struct registrar_binding good, b;

    assert_int_equal(put(f, "sip:a@h", "a", 1, 60, T0), 200);
    good = *registrar_next(f->r, NULL, NULL);
    registrar_sweep(f->r, T0 + 60000);
    f->n_seen = 0;

    b = good;
    memset(b.uri, 'x', sizeof(b.uri));
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    memset(b.id, 'a', sizeof(b.id));
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    b.id[3] = 'X';
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    b.call_id[0] = '\n';
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    b.user[0] = 'x';
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    b.transport = REGISTRAR_TRANSPORTS;
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    b = good;
    b.source.ss_family = AF_UNIX;
    assert_int_equal(registrar_restore(f->r, &b, T0), EINVAL);
    assert_int_equal(registrar_restore(f->r, &good, T0 + 60000), ETIMEDOUT);
    b = good;
    b.expires_at = T0 + 3600001;
    assert_int_equal(registrar_restore(f->r, &b, T0), ETIMEDOUT);
    assert_int_equal(registrar_restore(f->r, &good, T0 + 1), 0);
    assert_int_equal(registrar_restore(f->r, &good, T0 + 1), EEXIST);
    assert_seen(f, "");
    assert_non_null(registrar_ping(f->r, T0 + 1));
    assert_int_equal(registrar_count(f->r, T0 + 1), 1);
    /* What registers later is newer than what was restored. */
    assert_int_equal(put(f, "sip:b@h", "b", 1, 60, T0 + 1), 200);
    assert_string_equal(registrar_newest(f->r, "user", T0)->uri, "sip:b@h");
}

static void unfit_users_are_refused(void **state)
{
    static const struct registrar_user bad[] = {
        {"", ENGINE_EXTERNAL, 3, 30, 3600},
        {"a", ENGINE_EXTERNAL, 0, 30, 3600},
        {"a", ENGINE_EXTERNAL, REGISTRAR_CONTACTS_MAX + 1, 30, 3600},
        {"a", ENGINE_EXTERNAL, 3, 61, 60},
        {"a", ENGINE_EXTERNAL, 3, 0, 0},
    };
    struct registrar *r;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(registrar_alloc(&r, &bad[i], 1, NULL, NULL), EINVAL);
    assert_int_equal(registrar_alloc(&r, users, 0, NULL, NULL), EINVAL);
    assert_int_equal(registrar_alloc(&r, users, 17, NULL, NULL), EINVAL);
}

#define WITH_REGISTRAR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REGISTRAR(contacts_come_and_go),
        WITH_REGISTRAR(expiry_is_granted_within_limits),
        WITH_REGISTRAR(an_older_request_changes_nothing),
        WITH_REGISTRAR(star_removes_all),
        WITH_REGISTRAR(strangers_and_broken_requests_are_refused),
        WITH_REGISTRAR(the_limit_pushes_out_the_stalest),
        WITH_REGISTRAR(an_instance_keeps_its_id_at_another_address),
        WITH_REGISTRAR(time_removes_and_pings),
        WITH_REGISTRAR(a_clock_put_back_stalls_nothing),
        WITH_REGISTRAR(newest_follows_registration_not_refresh),
        WITH_REGISTRAR(restored_bindings_are_checked),
        cmocka_unit_test(unfit_users_are_refused),
    };

    return cmocka_run_group_tests_name("registrar", tests, NULL, NULL);
}
