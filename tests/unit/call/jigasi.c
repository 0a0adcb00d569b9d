#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call/jigasi.h"

static int parse(struct jigasi_message *m, const char *json, bool extended)
{
    return jigasi_parse(m, json, strlen(json), extended);
}

static void every_message_of_the_stock_dialect(void **state)
{
    static const struct {
        const char *json;
        enum jigasi_type type;
        bool on, ok;
        const char *id;
    } rows[] = {
        {"{\"i\":0,\"t\":3}", JIGASI_LOBBY_WAIT, false, false, ""},
        {"{\"i\":2,\"t\":5}", JIGASI_LOBBY_LEFT, false, false, ""},
        {"{\"i\":1,\"t\":6}", JIGASI_LOBBY_ALLOWED, false, false, ""},
        {"{\"i\":1,\"t\":7}", JIGASI_LOBBY_REFUSED, false, false, ""},
        {"{\"t\":8,\"d\":true}", JIGASI_MODERATION, true, false, ""},
        {"{\"t\":8,\"d\":false}", JIGASI_MODERATION, false, false, ""},
        {"{\"t\":9}", JIGASI_APPROVED, false, false, ""},
        {"{\"t\":10}", JIGASI_DENIED, false, false, ""},
        {"{\"t\":11}", JIGASI_HEARTBEAT, false, false, ""},
        {"{\"t\":11,\"x\":[{}]}", JIGASI_HEARTBEAT, false, false, ""},
        {"{\"t\":12,\"d\":true}", JIGASI_VISITOR, true, false, ""},
        {"{\"t\":12,\"d\":false}", JIGASI_VISITOR, false, false, ""},
        {"{\"t\":15,\"d\":true}", JIGASI_LIVE, true, false, ""},
        {"{\"t\":15,\"d\":false}", JIGASI_LIVE, false, false, ""},
        {" {\"type\":\"muteRequest\",\"id\":\"a-1\",\"data\":{\"audio\":"
         "true}}\r\n",
         JIGASI_MUTE_REQUEST, true, false, "a-1"},
        {"{\"type\":\"muteResponse\",\"id\":\"b\",\"status\":\"OK\","
         "\"data\":{\"audio\":false}}",
         JIGASI_MUTE_RESPONSE, false, true, "b"},
        {"{\"type\":\"muteResponse\",\"id\":\"b\",\"status\":\"FAILED\","
         "\"data\":{\"audio\":true}}",
         JIGASI_MUTE_RESPONSE, true, false, "b"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int extended = 0; extended < 2; extended++) {
            struct jigasi_message m;

            assert_int_equal(parse(&m, rows[i].json, extended), 0);
            assert_int_equal(m.type, rows[i].type);
            assert_int_equal(m.on, rows[i].on);
            assert_int_equal(m.ok, rows[i].ok);
            assert_string_equal(m.id, rows[i].id);
        }
    }
}

static void messages_of_the_extended_dialect(void **state)
{
    struct jigasi_message m;

    assert_int_equal(parse(&m, "{\"t\":12}", true), 0);
    assert_int_equal(m.type, JIGASI_ENDED);
    assert_int_equal(parse(&m, "{\"t\":13}", true), 0);
    assert_int_equal(m.type, JIGASI_HAND_LOWERED);
    assert_int_equal(parse(&m, "{\"t\":14,\"d\":\"Zo\\u00eb\"}", true), 0);
    assert_int_equal(m.type, JIGASI_RENAMED);
    assert_string_equal(m.text, "Zoë");
    assert_int_equal(parse(&m, "{\"t\":12}", false), EPROTO);
    assert_int_equal(parse(&m, "{\"t\":13}", false), ENOTSUP);
    assert_int_equal(parse(&m, "{\"t\":14,\"d\":\"x\"}", false), ENOTSUP);
}

static void t12_needs_a_boolean_or_nothing(void **state)
{
    struct jigasi_message m;

    assert_int_equal(parse(&m, "{\"t\":12,\"d\":null}", true), EPROTO);
    assert_int_equal(parse(&m, "{\"t\":12,\"d\":0}", true), EPROTO);
    assert_int_equal(parse(&m, "{\"t\":12,\"d\":\"true\"}", true), EPROTO);
}

static void faults(void **state)
{
    static const struct {
        const char *json;
        int err;
    } rows[] = {
        {"", EINVAL},
        {"{", EINVAL},
        {"[]", EINVAL},
        {"11", EINVAL},
        {"null", EINVAL},
        {"{\"t\":11}x", EINVAL},
        {"{\"t\":11,}", EINVAL},
        {"{'t':11}", EINVAL},
        {"{\"t\":9,\"t\":10}", EINVAL},
        {"{\"t\":8,\"d\":true,\"d\":false}", EINVAL},
        {"{\"t\":\"\xff\"}", EINVAL},
        {"{\"t\":\"\\u0000\"}", EINVAL},
        {"{\"t\":99999999999999999999}", EINVAL},
        {"{}", EPROTO},
        {"{\"t\":null}", EPROTO},
        {"{\"t\":11.0}", EPROTO},
        {"{\"t\":\"11\"}", EPROTO},
        {"{\"t\":[11]}", EPROTO},
        {"{\"i\":1.5,\"t\":11}", EPROTO},
        {"{\"i\":null,\"t\":11}", EPROTO},
        {"{\"t\":8}", EPROTO},
        {"{\"t\":8,\"d\":1}", EPROTO},
        {"{\"t\":15,\"d\":\"no\"}", EPROTO},
        {"{\"t\":\"x\",\"type\":\"muteRequest\"}", EPROTO},
        {"{\"type\":null}", EPROTO},
        {"{\"type\":\"muteRequest\",\"data\":{\"audio\":true}}", EPROTO},
        {"{\"type\":\"muteRequest\",\"id\":1,\"data\":{\"audio\":true}}",
         EPROTO},
        {"{\"type\":\"muteRequest\",\"id\":\"a\",\"data\":true}", EPROTO},
        {"{\"type\":\"muteRequest\",\"id\":\"a\",\"data\":{}}", EPROTO},
        {"{\"type\":\"muteResponse\",\"id\":\"a\",\"data\":{\"audio\":true}}",
         EPROTO},
        {"{\"type\":\"muteResponse\",\"id\":\"a\",\"status\":true,"
         "\"data\":{\"audio\":true}}",
         EPROTO},
        {"{\"t\":0}", ENOTSUP},
        {"{\"t\":-3}", ENOTSUP},
        {"{\"t\":4}", ENOTSUP},
        {"{\"t\":16}", ENOTSUP},
        {"{\"t\":4294967299}", ENOTSUP}, /* 3 when cut to 32 bits */
        {"{\"type\":\"\"}", ENOTSUP},
        {"{\"type\":\"MUTEREQUEST\"}", ENOTSUP},
        {"{\"type\":\"handRequest\",\"id\":\"a\"}", ENOTSUP},
    };
    struct jigasi_message m;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int err = parse(&m, rows[i].json, false);

        if (err != rows[i].err)
            fail_msg("%s: %d, not %d", rows[i].json, err, rows[i].err);
        assert_string_not_equal(jigasi_fault(err), "");
    }
}

static void depth_is_bounded_but_brackets_in_text_do_not_count(void **state)
{
    struct jigasi_message m;

    assert_int_equal(parse(&m, "{\"a\":[[[[[[[]]]]]]],\"t\":11}", false), 0);
    assert_int_equal(parse(&m, "{\"a\":[[[[[[[[]]]]]]]],\"t\":11}", false),
                     E2BIG);
    assert_int_equal(
        parse(&m, "{\"a\":\"[[[[[[[[[[[[\\\"[[\",\"t\":11}", false), 0);
}

static void size_is_bounded(void **state)
{
    char text[JIGASI_BODY_MAX + 2];
    struct jigasi_message m;

    memset(text, ' ', sizeof(text));
    memcpy(text, "{\"t\":11}", 8);
    assert_int_equal(jigasi_parse(&m, text, JIGASI_BODY_MAX, false), 0);
    assert_int_equal(jigasi_parse(&m, text, JIGASI_BODY_MAX + 1, false),
                     E2BIG);
    memset(text, '[', sizeof(text));
    assert_int_equal(jigasi_parse(&m, text, JIGASI_BODY_MAX, false), E2BIG);
}

static void every_cut_of_a_message_is_safe(void **state)
{
    static const char json[] =
        "{\"type\":\"muteResponse\",\"id\":\"a\\u00e9\\\\\",\"status\":"
        "\"OK\",\"data\":{\"audio\":true}}";
    struct jigasi_message m;

    for (size_t i = 0; i < sizeof(json) - 1; i++) {
        char cut[sizeof(json)];

        memcpy(cut, json, i); /* no NUL after it for the parser */
        assert_int_equal(jigasi_parse(&m, cut, i, false), EINVAL);
    }
    assert_int_equal(jigasi_parse(&m, json, sizeof(json) - 1, false), 0);
    assert_string_equal(m.id, "aé\\");
}

static void ids_are_bounded(void **state)
{
    char json[256], id[JIGASI_ID_MAX + 2];
    struct jigasi_message m;

    memset(id, 'x', sizeof(id));
    id[JIGASI_ID_MAX] = '\0';
    snprintf(json, sizeof(json),
             "{\"type\":\"muteRequest\",\"id\":\"%s\","
             "\"data\":{\"audio\":true}}",
             id);
    assert_int_equal(parse(&m, json, false), 0);
    id[JIGASI_ID_MAX] = 'x';
    id[JIGASI_ID_MAX + 1] = '\0';
    snprintf(json, sizeof(json),
             "{\"type\":\"muteRequest\",\"id\":\"%s\","
             "\"data\":{\"audio\":true}}",
             id);
    assert_int_equal(parse(&m, json, false), EPROTO);
}

static void nicknames_are_clean_and_bounded(void **state)
{
    struct jigasi_message m;
    char json[1000];

    assert_int_equal(parse(&m, "{\"t\":14,\"d\":\"a\\r\\nb\\u202ec\"}", true),
                     0);
    assert_string_equal(m.text, "abc");
    assert_int_equal(parse(&m, "{\"t\":14,\"d\":\"\\n\"}", true), EPROTO);
    assert_int_equal(parse(&m, "{\"t\":14,\"d\":\"\"}", true), EPROTO);
    memset(json, 'x', sizeof(json));
    memcpy(json, "{\"t\":14,\"d\":\"", 13);
    memcpy(json + 900, "\"}", 3);
    assert_int_equal(parse(&m, json, true), 0);
    assert_int_equal(strlen(m.text), JIGASI_TEXT_MAX);
}

static void every_message_that_we_write(void **state)
{
    static const struct {
        struct jigasi_message m;
        const char *json;
    } rows[] = {
        {{.type = JIGASI_HEARTBEAT}, "{\"t\":11}"},
        {{.type = JIGASI_ROOM_ACCESS, .text = "42"},
         "{\"t\":4,\"d\":{\"pwd\":\"42\"}}"},
        {{.type = JIGASI_MUTE_REQUEST, .id = "a", .on = true},
         "{\"id\":\"a\",\"type\":\"muteRequest\",\"data\":{\"audio\":true}}"},
        {{.type = JIGASI_MUTE_RESPONSE, .id = "a", .ok = true},
         "{\"id\":\"a\",\"type\":\"muteResponse\",\"status\":\"OK\","
         "\"data\":{\"audio\":false}}"},
        {{.type = JIGASI_MUTE_RESPONSE, .id = "\"\\\n", .on = true},
         "{\"id\":\"\\\"\\\\\\n\",\"type\":\"muteResponse\","
         "\"status\":\"FAILED\",\"data\":{\"audio\":true}}"},
        {{.type = JIGASI_HAND_REQUEST, .id = "a", .on = true},
         "{\"id\":\"a\",\"type\":\"handRequest\",\"status\":\"OK\","
         "\"data\":{\"handRaised\":true}}"},
        {{.type = JIGASI_RENAME_REQUEST, .id = "a", .text = "O'Brien 😀"},
         "{\"id\":\"a\",\"type\":\"renameRequest\",\"status\":\"OK\","
         "\"data\":{\"nickname\":\"O'Brien 😀\"}}"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[JIGASI_MESSAGE_MAX];
        size_t n = jigasi_write(&rows[i].m, buf);

        assert_int_equal(n, strlen(rows[i].json));
        assert_memory_equal(buf, rows[i].json, n);
    }
}

static void what_cannot_be_written_is_0(void **state)
{
    struct jigasi_message m = {.type = JIGASI_MUTE_REQUEST, .id = "\xff"};
    char buf[JIGASI_MESSAGE_MAX];

    assert_int_equal(jigasi_write(&m, buf), 0);
    m = (struct jigasi_message){.type = JIGASI_ENDED};
    assert_int_equal(jigasi_write(&m, buf), 0);
    m = (struct jigasi_message){.type = JIGASI_RENAME_REQUEST};
    memset(m.text, 1, JIGASI_TEXT_MAX); /* six bytes each when escaped */
    assert_int_equal(jigasi_write(&m, buf), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_the_stock_dialect),
        cmocka_unit_test(messages_of_the_extended_dialect),
        cmocka_unit_test(t12_needs_a_boolean_or_nothing),
        cmocka_unit_test(faults),
        cmocka_unit_test(depth_is_bounded_but_brackets_in_text_do_not_count),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(every_cut_of_a_message_is_safe),
        cmocka_unit_test(ids_are_bounded),
        cmocka_unit_test(nicknames_are_clean_and_bounded),
        cmocka_unit_test(every_message_that_we_write),
        cmocka_unit_test(what_cannot_be_written_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
