/* The connection: login, commands, replies, events. */
#include <sys/socket.h>
#include <unistd.h>

#include "esl_rig.h"

static struct esl_command cmd;

static void it_logs_in_and_gets_events(void **state)
{
    struct rig *r = *state;

    log_in(r);
    say(r, "Content-Length: 18\nContent-Type: text/event-plain\n\n"
           "Event-Name: DTMF\n\n");
    UNTIL(r, r->events == 1);
    assert_int_equal(r->last, ESL_DTMF);
    assert_true(esl_client_is_up(r->client));
}

static void replies_come_in_order(void **state)
{
    struct rig *r = *state;

    log_in(r);
    assert_int_equal(esl_command_execute(&cmd, "u", "a", "", "e"), 0);
    assert_int_equal(esl_client_send(r->client, &cmd, NULL, NULL, 0), 0);
    assert_int_equal(esl_client_send(r->client, &cmd, done_h, r, 77), 0);
    say(r, "Content-Type: command/reply\nReply-Text: +OK\n\n"
           "Content-Type: command/reply\nReply-Text: -ERR no\n\n");
    UNTIL(r, r->done == 1);
    assert_false(r->ok);
    assert_string_equal(r->text, "-ERR no");
}

static void a_job_ends_with_its_event_and_no_other(void **state)
{
    struct rig *r = *state;
    char id[64], event[512], body[256];

    log_in(r);
    snprintf(id, sizeof(id), "%s", esl_client_job(r->client));
    assert_int_equal(esl_command_bgapi(&cmd, id, "status"), 0);
    assert_int_equal(esl_client_send_job(r->client, &cmd, 5000, done_h, r, 77),
                     0);
    say(r, "Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\n\n");
    for (int i = 0; i < 2; i++) {
        snprintf(body, sizeof(body),
                 "Event-Name: BACKGROUND_JOB\nJob-UUID: %s%s\n"
                 "Content-Length: 4\n\n+OK\n",
                 i ? "" : "other-", id);
        snprintf(event, sizeof(event),
                 "Content-Length: %zu\nContent-Type: text/event-plain\n\n%s",
                 strlen(body), body);
        say(r, event);
    }
    UNTIL(r, r->done == 1);
    assert_true(r->ok);
    assert_string_equal(r->text, "+OK\n");
    assert_int_equal(r->events, 0);
}

static void a_job_that_takes_too_long_is_given_up(void **state)
{
    struct rig *r = *state;

    log_in(r);
    esl_command_bgapi(&cmd, esl_client_job(r->client), "status");
    esl_client_send_job(r->client, &cmd, 10, done_h, r, 77);
    say(r, "Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\n\n");
    UNTIL(r, r->done == 1);
    assert_false(r->ok);
    assert_string_equal(r->text, "");
    assert_true(esl_client_is_up(r->client));
}

static void a_lost_connection_is_made_anew(void **state)
{
    struct rig *r = *state;

    for (int i = 1; i <= 3; i++) {
        log_in(r);
        hang_up(r);
        UNTIL(r, r->downs == i);
        assert_false(esl_client_is_up(r->client));
        assert_int_not_equal(esl_client_send(r->client, &cmd, NULL, NULL, 0),
                             0);
    }
}

static void nobody_there_is_waited_for(void **state)
{
    struct rig *r = *state;
    uint64_t from;

    close(r->listener);
    from = now_ms();
    while (now_ms() - from < 700)
        spin(r);
    server_listen(r);
    from = now_ms();
    log_in(r);
    assert_true(now_ms() - from < 1500);
}

/* Whatever comes instead of frames ends the connection, and nothing else. */
static void nonsense_ends_the_connection(void **state)
{
    static const char *const rows[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\n\n",
        "Content-Type: x\nContent-Length: -1\n\n",
        "Content-Type: x\nContent-Length: 99999999999\n\n",
        "Content-Type: command/reply\nReply-Text: +OK unasked\n\n",
        "Content-Type: text/disconnect-notice\n\n",
    };
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        log_in(r);
        say(r, rows[i]);
        UNTIL(r, r->downs == (int)i + 1);
        hang_up(r);
    }
}

static void a_wrong_password_is_tried_again_later(void **state)
{
    struct rig *r = *state;

    for (int i = 0; i < 2; i++) {
        accept_client(r);
        say(r, "Content-Type: auth/request\n\n");
        UNTIL(r, strstr(r->got, "auth secret\n\n"));
        say(r, "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n");
        UNTIL(r, is_closed(r));
        hang_up(r);
    }
    assert_int_equal(r->ups, 0);
    assert_int_equal(r->downs, 0);
}

static void a_large_answer_is_read_byte_by_byte(void **state)
{
    enum { SIZE = 300000 };
    static char text[SIZE + 128];
    struct rig *r = *state;
    size_t n, sent = 0;

    log_in(r);
    n = (size_t)snprintf(text, sizeof(text),
                         "Content-Length: %d\nContent-Type: "
                         "text/event-plain\n\nEvent-Name: DTMF\nX: ",
                         SIZE);
    memset(text + n, 'x', SIZE - 20);
    n += SIZE - 20;
    while (sent < n) {
        size_t part = sent < 200 || n - sent < 200 ? 1 : 9999;
        ssize_t w =
            send(r->peer, text + sent, n - sent < part ? n - sent : part,
                 MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += w > 0 ? (size_t)w : 0;
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
    UNTIL(r, r->events == 1);
    assert_int_equal(r->last, ESL_DTMF);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_logs_in_and_gets_events),
        TEST(replies_come_in_order),
        TEST(a_job_ends_with_its_event_and_no_other),
        TEST(a_job_that_takes_too_long_is_given_up),
        TEST(a_lost_connection_is_made_anew),
        TEST(nobody_there_is_waited_for),
        TEST(nonsense_ends_the_connection),
        TEST(a_wrong_password_is_tried_again_later),
        TEST(a_large_answer_is_read_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
