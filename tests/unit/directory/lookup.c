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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "directory/directory.h"

enum { NEVER = -1 };

/* A mapper inside the test: what it answers, and what it was asked. */
struct mapper {
    struct event_base *base;
    struct evhttp *server;
    struct directory *directory;
    struct config cfg;
    char url[200];
    int status[2]; /* of the first and of later requests; NEVER: silence */
    const char *body;
    size_t len;
    const char *location;
    unsigned asked;
    char uri[400];
    char authorization[80];
    char accept[80];
};

/* What a handler was told. */
struct told {
    unsigned times;
    enum directory_status status;
    char conference[600];
    char room[64];
    char token[100];
    char password[300];
    bool passcode;
};

static void copy_header(struct evhttp_request *req, const char *name, char *to)
{
    const char *v =
        evhttp_find_header(evhttp_request_get_input_headers(req), name);

    snprintf(to, 80, "%s", v ? v : "");
}

static void request_h(struct evhttp_request *req, void *arg)
{
    struct mapper *m = arg;
    int status = m->status[m->asked ? 1 : 0];
    struct evbuffer *body;

    m->asked++;
    snprintf(m->uri, sizeof(m->uri), "%s", evhttp_request_get_uri(req));
    copy_header(req, "Authorization", m->authorization);
    copy_header(req, "Accept", m->accept);
    if (status == NEVER)
        return;
    body = evbuffer_new();
    evbuffer_add(body, m->body, m->len);
    if (m->location)
        evhttp_add_header(evhttp_request_get_output_headers(req), "Location",
                          m->location);
    evhttp_send_reply(req, status, NULL, body);
    evbuffer_free(body);
}

static int setup(void **state)
{
    static struct mapper m;
    struct evhttp_bound_socket *bound;
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    void *sa = &sin;

    memset(&m, 0, sizeof(m));
    m.status[0] = m.status[1] = 200;
    m.base = event_base_new();
    m.server = evhttp_new(m.base);
    evhttp_set_gencb(m.server, request_h, &m);
    bound = evhttp_bind_socket_with_handle(m.server, "127.0.0.1", 0);
    if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), sa, &len))
        return -1;
    snprintf(m.url, sizeof(m.url),
             "http://127.0.0.1:%u/map?id={id}&from={caller}",
             ntohs(sin.sin_port));
    m.cfg.meeting_lookup = m.url;
    m.cfg.meeting_lookup_token = "";
    *state = &m;
    return directory_alloc(&m.directory, &m.cfg, m.base, NULL);
}

static int teardown(void **state)
{
    struct mapper *m = *state;

    directory_free(m->directory);
    if (m->server)
        evhttp_free(m->server);
    event_base_free(m->base);
    return 0;
}

static void answer(struct mapper *m, const char *body)
{
    m->body = body;
    m->len = strlen(body);
}

static void told_h(const struct directory_answer *a, void *arg)
{
    struct told *t = arg;

    t->times++;
    t->status = a->status;
    t->passcode = a->passcode;
    snprintf(t->conference, sizeof(t->conference), "%s", a->conference);
    snprintf(t->room, sizeof(t->room), "%s", a->room);
    snprintf(t->token, sizeof(t->token), "%s", a->token);
    snprintf(t->password, sizeof(t->password), "%s", a->password);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct told ask(struct mapper *m, const char *id, const char *caller)
{
    struct told t = {0};
    double end = now() + 10;

    assert_non_null(
        directory_lookup(m->directory, id, caller, "c1", told_h, &t));
    assert_int_equal(t.times, 0);
    while (!t.times && now() < end) {
        event_base_loop(m->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    event_base_loop(m->base, EVLOOP_NONBLOCK);
    assert_int_equal(t.times, 1);
    return t;
}

static void each_variant_of_an_answer_is_understood(void **state)
{
    struct mapper *m = *state;
    static const struct {
        const char *body;
        enum directory_status status;
        const char *conference, *token, *password;
        bool passcode;
    } row[] = {
        {"{\"conference\":\"r@muc.x\",\"id\":123}", DIRECTORY_FOUND, "r@muc.x",
         "", "", false},
        {"{\"conference\":\"r@muc.x\",\"id\":\"0123\"}", DIRECTORY_FOUND,
         "r@muc.x", "", "", false},
        {"{\"conference\":\"r\",\"state\":\"WAITING\",\"jwt\":\"a.b-c_\"}",
         DIRECTORY_FOUND, "r", "a.b-c_", "", false},
        {"{\"conference\":\"r\",\"token\":\"tt\",\"password\":\"Zo\\u00eb\"}",
         DIRECTORY_FOUND, "r", "tt", "Zo\xc3\xab", false},
        {"{\"conference\":\"r\",\"passcode\":4711}", DIRECTORY_FOUND, "r", "",
         "4711", false},
        {"{\"conference\":\"r\",\"passcode\":true}", DIRECTORY_FOUND, "r", "",
         "", true},
        {"{\"conference\":\"r\",\"passcodeProtected\":true}", DIRECTORY_FOUND,
         "r", "", "", true},
        {"{\"conference\":\"r\",\"password\":null,\"passcode\":false}",
         DIRECTORY_FOUND, "r", "", "", false},
        {"{\"conference\":false,\"message\":\"no\"}", DIRECTORY_UNKNOWN, "",
         "", "", false},
        {"{\"conference\":null}", DIRECTORY_UNKNOWN, "", "", "", false},
        {"{\"conference\":\"\"}", DIRECTORY_UNKNOWN, "", "", "", false},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct told t;

        answer(m, row[i].body);
        t = ask(m, "123", "");
        assert_int_equal(t.status, row[i].status);
        assert_string_equal(t.conference, row[i].conference);
        assert_string_equal(t.token, row[i].token);
        assert_string_equal(t.password, row[i].password);
        assert_string_equal(t.room, "");
        assert_int_equal(t.passcode, row[i].passcode);
    }
}

static void answers_that_make_no_sense_fail(void **state)
{
    struct mapper *m = *state;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "\"room\"",
        "{",
        "{}",
        "{\"conference\":true}",
        "{\"conference\":7}",
        "{\"conference\":{\"a\":1}}",
        "{\"conference\":\"a\",\"conference\":\"b\"}",
        "{\"conference\":\"a\\r\\nX-Evil: 1\"}",
        "{\"conference\":\"a\\u0000b\"}",
        "{\"conference\":\"a\\u202eb\"}",
        "{\"conference\":\"a\xff\"}",
        "{\"conference\":\"a\"} trailing",
        "{\"conference\":\"a\",\"id\":124}",
        "{\"conference\":\"a\",\"password\":[1]}",
        "{\"conference\":\"a\",\"password\":\"a\\nb\"}",
        "{\"conference\":\"a\",\"jwt\":\"a b\"}",
        "{\"conference\":\"a\",\"jwt\":\"a\\r\\nb\"}",
        "<html>404</html>",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct told t;

        answer(m, bodies[i]);
        m->asked = 0;
        t = ask(m, "123", "");
        assert_int_equal(t.status, DIRECTORY_FAILED);
        assert_string_equal(t.conference, "");
        assert_int_equal(m->asked, 1);
    }
}

static void statuses_decide_what_an_answer_is(void **state)
{
    struct mapper *m = *state;
    static const struct {
        int first, second;
        enum directory_status status;
        unsigned asked;
    } row[] = {
        {200, 200, DIRECTORY_FOUND, 1},   {404, 200, DIRECTORY_UNKNOWN, 1},
        {410, 200, DIRECTORY_UNKNOWN, 1}, {402, 200, DIRECTORY_FAILED, 1},
        {401, 200, DIRECTORY_FAILED, 1},  {403, 200, DIRECTORY_FAILED, 1},
        {400, 200, DIRECTORY_FAILED, 1},  {201, 200, DIRECTORY_FAILED, 1},
        {500, 200, DIRECTORY_FOUND, 2},   {503, 404, DIRECTORY_UNKNOWN, 2},
        {502, 503, DIRECTORY_FAILED, 2},
    };

    answer(m, "{\"conference\":\"r\"}");
    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        m->status[0] = row[i].first;
        m->status[1] = row[i].second;
        m->asked = 0;
        assert_int_equal(ask(m, "1", "").status, row[i].status);
        assert_int_equal(m->asked, row[i].asked);
    }
}

static void redirects_are_not_followed(void **state)
{
    struct mapper *m = *state;
    char location[300];

    snprintf(location, sizeof(location), "%s", m->url);
    answer(m, "");
    m->location = location;
    m->status[0] = 302;
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FAILED);
    assert_int_equal(m->asked, 1);
}

static void what_callers_say_is_encoded(void **state)
{
    struct mapper *m = *state;

    answer(m, "{\"conference\":\"r\"}");
    ask(m, "0042", "+49 30/1&id=9#\r\n\xc3\xab{id}");
    assert_string_equal(m->uri, "/map?id=0042&from=%2B49%2030%2F1%26id%3D9%23"
                                "%0D%0A%C3%AB%7Bid%7D");
    assert_string_equal(m->accept, "application/json");
    assert_string_equal(m->authorization, "");
}

static void the_token_is_sent(void **state)
{
    struct mapper *m = *state;
    struct directory *d;

    m->cfg.meeting_lookup_token = "tok.en-1";
    assert_int_equal(directory_alloc(&d, &m->cfg, m->base, NULL), 0);
    directory_free(m->directory);
    m->directory = d;
    answer(m, "{\"conference\":\"r\"}");
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FOUND);
    assert_string_equal(m->authorization, "Bearer tok.en-1");
}

static void a_huge_answer_fails(void **state)
{
    struct mapper *m = *state;
    size_t len = 300000;
    char *body = malloc(len);

    memset(body, ' ', len);
    memcpy(body, "{\"conference\":\"r\"}", 18);
    m->body = body;
    m->len = len;
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FAILED);
    m->len = 65536;
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FOUND);
    free(body);
}

static void silence_fails_after_two_attempts_of_3_s(void **state)
{
    struct mapper *m = *state;
    double start = now();

    m->status[0] = m->status[1] = NEVER;
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FAILED);
    assert_int_equal(m->asked, 2);
    assert_true(now() - start > 5.9 && now() - start < 8);
}

static void a_refused_connection_fails_soon(void **state)
{
    struct mapper *m = *state;
    double start = now();

    evhttp_free(m->server);
    m->server = NULL;
    assert_int_equal(ask(m, "1", "").status, DIRECTORY_FAILED);
    assert_true(now() - start < 2);
}

static void a_cancelled_query_is_never_answered(void **state)
{
    struct mapper *m = *state;
    struct told t = {0};
    struct directory_query *q;

    answer(m, "{\"conference\":\"r\"}");
    for (unsigned turns = 0; turns < 30; turns++) {
        q = directory_lookup(m->directory, "1", "", "c1", told_h, &t);
        for (unsigned i = 0; i < turns && !t.times; i++)
            event_base_loop(m->base, EVLOOP_NONBLOCK);
        if (t.times)
            break;
        directory_cancel(q, m->directory);
    }
    memset(&t, 0, sizeof(t));
    for (unsigned i = 0; i < 100; i++) {
        event_base_loop(m->base, EVLOOP_NONBLOCK);
        usleep(100);
    }
    assert_int_equal(t.times, 0);
    directory_cancel(NULL, m->directory);
}

static void queries_under_way_are_forgotten_with_the_directory(void **state)
{
    struct mapper *m = *state;
    struct told t = {0};

    m->status[0] = NEVER;
    directory_lookup(m->directory, "1", "", "c1", told_h, &t);
    for (unsigned i = 0; i < 20; i++) {
        event_base_loop(m->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    assert_int_equal(m->asked, 1);
}

/* A handler that asks anew and cancels another query from within. */
struct chain {
    struct mapper *m;
    struct directory_query *other;
    struct told told;
};

static void chain_h(const struct directory_answer *a, void *arg)
{
    struct chain *c = arg;

    directory_cancel(c->other, c->m->directory);
    directory_lookup(c->m->directory, "2", "", "c1", told_h, &c->told);
}

static void other_h(const struct directory_answer *a, void *arg)
{
    struct chain *c = arg;

    c->other = NULL;
}

static void handlers_may_ask_and_cancel(void **state)
{
    struct mapper *m = *state;
    struct chain c = {.m = m};

    answer(m, "{\"conference\":\"r\"}");
    directory_lookup(m->directory, "1", "", "c1", chain_h, &c);
    c.other = directory_lookup(m->directory, "3", "", "c1", other_h, &c);
    for (unsigned i = 0; i < 2000 && !c.told.times; i++) {
        event_base_loop(m->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    assert_int_equal(c.told.times, 1);
}

static void direct_takes_the_digits_as_the_room(void **state)
{
    struct mapper *m = *state;
    struct told t, never = {0};
    struct directory_query *q;

    directory_free(m->directory);
    m->cfg.meeting_lookup = "direct";
    assert_int_equal(directory_alloc(&m->directory, &m->cfg, m->base, NULL),
                     0);
    t = ask(m, "0815", "x");
    assert_int_equal(t.status, DIRECTORY_FOUND);
    assert_string_equal(t.room, "0815");
    assert_string_equal(t.conference, "");
    q = directory_lookup(m->directory, "1", "", "c1", told_h, &never);
    directory_cancel(q, m->directory);
    event_base_loop(m->base, EVLOOP_NONBLOCK);
    assert_int_equal(never.times, 0);
    directory_lookup(m->directory, "2", "", "c1", told_h, &never);
}

static void unusable_templates_are_refused(void **state)
{
    struct mapper *m = *state;
    static const char *const bad[] = {"builtin", "http://h/{pin}", "http://",
                                      "ftp://h/{id}", "http://h:99999/{id}"};
    struct directory *d = NULL;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        m->cfg.meeting_lookup = (char *)bad[i];
        assert_int_equal(directory_alloc(&d, &m->cfg, m->base, NULL), EINVAL);
        assert_null(d);
    }
}

#define MAPPER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPER_TEST(each_variant_of_an_answer_is_understood),
        MAPPER_TEST(answers_that_make_no_sense_fail),
        MAPPER_TEST(statuses_decide_what_an_answer_is),
        MAPPER_TEST(redirects_are_not_followed),
        MAPPER_TEST(what_callers_say_is_encoded),
        MAPPER_TEST(the_token_is_sent),
        MAPPER_TEST(a_huge_answer_fails),
        MAPPER_TEST(silence_fails_after_two_attempts_of_3_s),
        MAPPER_TEST(a_refused_connection_fails_soon),
        MAPPER_TEST(a_cancelled_query_is_never_answered),
        MAPPER_TEST(queries_under_way_are_forgotten_with_the_directory),
        MAPPER_TEST(handlers_may_ask_and_cancel),
        MAPPER_TEST(direct_takes_the_digits_as_the_room),
        MAPPER_TEST(unusable_templates_are_refused),
    };

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
