#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "config/config.h"

#define GOOD_PHONE  "FREESWITCH_REGISTRATION_PASSWORD=x7rTq21LmWz"
#define GOOD_JIGASI "JIGASI_SIP_PASSWORD=pp92kdUUw1x"
#define SOUNDS      "JIGATE_SOUNDS_DIR=" TEST_SOUNDS
#define LOOPBACK    "FREESWITCH_EXTERNAL_IP=127.0.0.1"

enum { ENV_MAX = 16 };

/* What a load told and gave. */
struct run {
    struct config cfg;
    char *told;
    size_t len;
    int err;
};

static void load(struct run *r, const char *file, const char *const *more)
{
    char *env[ENV_MAX + 5] = {GOOD_PHONE, GOOD_JIGASI, LOOPBACK, SOUNDS};
    size_t n = 4;
    FILE *out = open_memstream(&r->told, &r->len);

    for (; more && *more && n < ENV_MAX; more++)
        env[n++] = (char *)*more;
    r->err = config_load(&r->cfg, file, env, out);
    fclose(out);
}

static void done(struct run *r)
{
    config_reset(&r->cfg);
    free(r->told);
}

static void load_one(struct run *r, const char *setting)
{
    const char *more[] = {setting, NULL};

    load(r, NULL, more);
}

static const char *temporary(const char *text)
{
    static char path[] = "/tmp/jigate-unit-XXXXXX";
    int fd;
    FILE *f;

    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    f = fdopen(fd, "w");
    fputs(text, f);
    fclose(f);
    return path;
}

static void defaults_are_those_that_users_know(void **state)
{
    struct run r;

    load(&r, NULL, NULL);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.cfg.engine, CONFIG_ENGINE_EMBEDDED);
    assert_int_equal(r.cfg.log_level, LOG_INFO);
    assert_string_equal(r.cfg.registration_user, "user");
    assert_string_equal(r.cfg.jigasi_user, "jigasi");
    assert_string_equal(r.cfg.sip_domain, "meet.jitsi");
    assert_string_equal(r.cfg.ivr_number, "1000");
    assert_string_equal(r.cfg.rest_address, "127.0.0.1");
    assert_int_equal(r.cfg.rest_port, 8080);
    assert_int_equal(r.cfg.external_sip_port, 5060);
    assert_int_equal(r.cfg.rtp_start_port, 20200);
    assert_int_equal(r.cfg.rtp_end_port, 20250);
    assert_string_equal(r.cfg.trunk_server, "sipgw.meet.jitsi");
    assert_string_equal(r.cfg.trunk_user, "jigate");
    assert_string_equal(r.cfg.trunk_password, "");
    assert_int_equal(r.cfg.trunk_port, 0);
    assert_string_equal(r.cfg.header_room, "X-Room-Name");
    assert_string_equal(r.cfg.keys, "*6=mute,*9=hand,*1=help,*0=status");
    assert_int_equal(r.cfg.retry_interval_s, 30);
    assert_int_equal(r.cfg.max_wait_min, 60);
    assert_int_equal(r.cfg.media_timeout_s, 60);
    assert_false(r.cfg.jigasi_extended);
    assert_false(r.cfg.anonymous_calls);
    done(&r);
}

static void each_wrong_value_is_told_with_its_name(void **state)
{
    static const char *const wrong[] = {
        "REST_PORT=0",
        "REST_PORT=65536",
        "REST_PORT=80 ",
        "REST_PORT=-1",
        "LOG_LEVEL=loud",
        "JIGATE_ENGINE=asterisk",
        "JIGATE_ANONYMOUS_CALLS=maybe",
        "JIGATE_ANSWER=late",
        "JIGATE_CALLER_NAME=a\r\nb",
        "JIGATE_TRUSTED_NETWORKS=10.0.0.1/",
        "JIGATE_TRUSTED_NETWORKS=10.0.0.0/33",
        "JIGATE_TRUSTED_NETWORKS=10.0.0.0/8;::1",
        "JIGATE_TRUSTED_NETWORKS=all",
        "JIGASI_SIP_URI=sip:jigasi@meet.jitsi",
        "JIGASI_SIP_URI=jigasi",
        "JIGASI_SIP_URI=@meet.jitsi",
        "JIGASI_SIP_URI=jigasi@",
        "JIGASI_SIP_SERVER=a b",
        "JIGASI_SIP_SERVER=-a",
        "JIGASI_SIP_SERVER=a..b",
        "FREESWITCH_EXTERNAL_IP=0.0.0.0",
        "FREESWITCH_EXTERNAL_IP=192.0.2.1.1",
        "FREESWITCH_EXTERNAL_IP=interface:eth0",
        "FREESWITCH_INTERNAL_IP=localhost",
        "FREESWITCH_LOCAL_NETWORK_ACL=some",
        "FREESWITCH_LOCAL_NETWORK_ACL=10.0.0.0/8/9",
        "FREESWITCH_RTP_START_PORT=80",
        "JIGATE_MEETING_LOOKUP=builtin",
        "JIGATE_MEETING_LOOKUP=ftp://h/{id}",
        "JIGATE_MEETING_LOOKUP=http://h/map",
        "JIGATE_MEETING_LOOKUP=http://{id}.h/x",
        "JIGATE_MEETING_LOOKUP=http:///x?id={id}",
        "JIGATE_MEETING_LOOKUP=http://h/{id}{pin}",
        "JIGATE_MEETING_LOOKUP=http://h/{id",
        "JIGATE_MEETING_LOOKUP=http://h/{id}}",
        "JIGATE_MEETING_LOOKUP=http://h/ {id}",
        "JIGATE_HEADER_ROOM=X Room",
        "JIGATE_HEADER_ROOM=X-Room:",
        "JIGATE_HEADER_ROOM=Via",
        "JIGATE_HEADER_ROOM=max-forwards",
        "JIGATE_HEADER_PASSWORD=Proxy-Anything",
        "JIGATE_HEADER_TOKEN=Content-Length",
        "JIGATE_HEADER_TENANT=v",
        "JIGATE_HEADER_VISITOR=Jitsi-auth-TOKEN",
        "JIGATE_KEYS=*6=mute\tx",
        "JIGATE_JIGASI_CODECS=opus,gsm",
        "JIGATE_JIGASI_CODECS=caller",
        "JIGATE_JIGASI_CODECS=opus, pcmu",
        "JIGATE_JIGASI_CODECS=,",
        "JIGATE_OPUS_COMPLEXITY=11",
        "JIGATE_PROMPT_MIX=loud",
        "JIGATE_LANGUAGE=../en",
        "JIGATE_SOUNDS_DIR=with blanks",
        "JIGATE_MAX_WAIT=0",
        "FREESWITCH_REGISTRATION_USERNAME=a@b",
        "FREESWITCH_REGISTRATION_USERNAME=jigasi",
        "SIPGW_SIP_SERVER=\xc3",
        "SIPGW_SIP_TRANSPORT=sctp",
        "SIPGW_SIP_CA_FILE=/nonexistent/ca.pem",
        "JIGATE_TRUNK_DESTINATION=room",
        "JIGATE_DIALOUT_ALLOW=+49;0",
        "JIGATE_DIALOUT_ALLOW=,",
        "JIGATE_DIALOUT_ALLOW=49+",
        "JIGATE_DIALOUT_ALLOW=all",
        "JIGATE_DIALOUT_CALLER_ID=+49 30",
        "JIGATE_DIALOUT_CALLER_ID=alice",
        "JIGATE_DIALOUT_CALLER_ID=+",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct run r;
        char name[80] = "error: ";

        strncat(name, wrong[i], strcspn(wrong[i], "="));
        load_one(&r, wrong[i]);
        if (r.err != EINVAL || !strstr(r.told, name))
            print_error("%s: %s", wrong[i], r.told);
        assert_int_equal(r.err, EINVAL);
        assert_non_null(strstr(r.told, name));
        assert_non_null(strstr(r.told, "expected"));
        assert_null(strchr(r.told, '\r'));
        done(&r);
    }
}

static void right_values_are_taken(void **state)
{
    static const char *const right[] = {
        "REST_PORT=1",
        "JIGATE_ANONYMOUS_CALLS=0",
        "JIGATE_ANONYMOUS_CALLS=No",
        "JIGATE_TRUSTED_NETWORKS=10.0.0.0/8, ::1,192.0.2.7 2001:db8::/32",
        "JIGASI_SIP_SERVER=2001:db8::1",
        "FREESWITCH_LOCAL_NETWORK_ACL=rfc1918.auto",
        "FREESWITCH_LOCAL_NETWORK_ACL=10.0.0.0/8",
        "JIGATE_MEETING_LOOKUP=https://h:8443/a?id={id}&c={caller}",
        "JIGATE_KEYS=*6=mute",
        "JIGATE_JIGASI_CODECS=caller,G722,opus",
        "JIGATE_JIGASI_CODECS=opus",
        "JIGATE_OPUS_COMPLEXITY=0",
        "JIGATE_PROMPT_MIX=duck",
        "JIGATE_HEADER_ROOM=Jitsi-Conference-Room",
        "JIGATE_HEADER_TOKEN=Tokens",
        "FREESWITCH_INTERNAL_IP=::1",
        "FREESWITCH_EXTERNAL_EXT_IP=203.0.113.9",
        "FREESWITCH_INTERNAL_IP=interface:ipv4/lo",
        "REST_PORT=",
        "SIPGW_SIP_TRANSPORT=tcp",
        "SIPGW_SIP_CA_FILE=/dev/null",
        "JIGATE_TRUNK_DESTINATION=number",
        "JIGATE_DIALOUT_ALLOW=+49, 030 0800,*72,",
        "JIGATE_DIALOUT_ALLOW=+",
        "JIGATE_DIALOUT_CALLER_ID=+49301234",
        "JIGATE_DIALOUT_CALLER_ID=200",
    };

    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
        struct run r;

        load_one(&r, right[i]);
        if (r.err)
            print_error("%s: %s", right[i], r.told);
        assert_int_equal(r.err, 0);
        done(&r);
    }
}

static void all_faults_come_at_once(void **state)
{
    static const char *const more[] = {
        "REST_PORT=x",     "LOG_LEVEL=y", "JIGATE_MAX_CALLS=z",
        "JIGATE_ANSWER=w", NULL,
    };
    struct run r;

    load(&r, NULL, more);
    assert_int_equal(r.err, EINVAL);
    for (size_t i = 0; more[i]; i++) {
        char name[40] = "";

        strncat(name, more[i], strcspn(more[i], "="));
        assert_non_null(strstr(r.told, name));
    }
    done(&r);
}

static void environment_wins_over_file(void **state)
{
    static const char *const more[] = {"REST_PORT=8002", NULL};
    const char *path = temporary("REST_PORT=8001\n"
                                 "LOG_LEVEL=debug\n");
    struct run r;

    load(&r, path, more);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.cfg.rest_port, 8002);
    assert_int_equal(r.cfg.log_level, LOG_DEBUG);
    done(&r);
    unlink(path);
}

static void old_name_works_with_a_warning(void **state)
{
    struct run r;

    load_one(&r, "FREESWITCH_REGISTRATION_USER=bob");
    assert_int_equal(r.err, 0);
    assert_string_equal(r.cfg.registration_user, "bob");
    assert_non_null(strstr(r.told, "warning: FREESWITCH_REGISTRATION_USER "));
    assert_non_null(strstr(r.told, "FREESWITCH_REGISTRATION_USERNAME"));
    done(&r);
}

static void mistyped_names_are_told_with_the_right_one(void **state)
{
    static const struct {
        const char *set, *told;
    } row[] = {
        {"JIGATE_ENGIN=auto", "did you mean JIGATE_ENGINE?"},
        {"JIGATE_WHATEVER_ELSE=1", "JIGATE_WHATEVER_ELSE"},
        {"FREESWITCH_EXTERNAL_I=1.2.3.4",
         "did you mean FREESWITCH_EXTERNAL_IP?"},
        {"SIPGW_SIP_PASWORD=1", "did you mean SIPGW_SIP_PASSWORD?"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct run r;

        load_one(&r, row[i].set);
        assert_int_equal(r.err, 0);
        assert_non_null(strstr(r.told, "warning: "));
        assert_non_null(strstr(r.told, row[i].told));
        done(&r);
    }
}

static void names_of_others_are_left_alone(void **state)
{
    static const char *const more[] = {"JICOFO_AUTH_PASSWORD=x", "TZ=UTC",
                                       "FREESWITCH_SOMETHING_FAR=1", NULL};
    struct run r;

    load(&r, NULL, more);
    assert_int_equal(r.err, 0);
    assert_null(strstr(r.told, "JICOFO"));
    assert_null(strstr(r.told, "SOMETHING"));
    done(&r);
}

static void engine_follows_freeswitch_server(void **state)
{
    static const char *const freeswitch[] = {
        "FREESWITCH_SERVER=fs.example",
        "FREESWITCH_ESL_PASSWORD=kJ27sW0opq",
        "FREESWITCH_EXTERNAL_IP=interface:ipv4/none0",
        NULL,
    };
    static const char *const forced[] = {"FREESWITCH_SERVER=fs.example",
                                         "JIGATE_ENGINE=embedded", NULL};
    struct run r;

    load(&r, NULL, freeswitch);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.cfg.engine, CONFIG_ENGINE_FREESWITCH);
    done(&r);
    load(&r, NULL, forced);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.cfg.engine, CONFIG_ENGINE_EMBEDDED);
    done(&r);
    load_one(&r, "JIGATE_ENGINE=freeswitch");
    assert_int_equal(r.err, EINVAL);
    assert_non_null(strstr(r.told, "error: FREESWITCH_ESL_PASSWORD"));
    assert_string_equal(r.cfg.freeswitch_server, "localhost");
    done(&r);
}

static void what_an_engine_needs_is_mandatory_for_it_only(void **state)
{
    static char *none[] = {NULL};
    static char *freeswitch[] = {"JIGATE_ENGINE=freeswitch",
                                 "FREESWITCH_ESL_PASSWORD=kJ27sW0opq", NULL};
    struct config cfg;
    char *told;
    size_t len;
    FILE *out = open_memstream(&told, &len);

    assert_int_equal(config_load(&cfg, NULL, none, out), EINVAL);
    fclose(out);
    assert_non_null(strstr(told, "error: JIGASI_SIP_PASSWORD"));
    assert_non_null(strstr(told, "error: FREESWITCH_REGISTRATION_PASSWORD"));
    assert_null(strstr(told, "FREESWITCH_ESL_PASSWORD"));
    config_reset(&cfg);
    free(told);
    out = open_memstream(&told, &len);
    assert_int_equal(config_load(&cfg, NULL, freeswitch, out), 0);
    fclose(out);
    config_reset(&cfg);
    free(told);
}

static void addresses_and_ports_of_both_sides_are_kept_apart(void **state)
{
    static const struct {
        const char *set[4];
        const char *told; /* NULL: no fault */
    } row[] = {
        {{"FREESWITCH_RTP_END_PORT=20199"}, "FREESWITCH_RTP_END_PORT"},
        {{"FREESWITCH_RTP_END_PORT=20201"}, "FREESWITCH_RTP_END_PORT"},
        {{"FREESWITCH_RTP_END_PORT=24000"}, "JIGATE_INTERNAL_RTP_START_PORT"},
        {{"JIGATE_INTERNAL_RTP_START_PORT=10000"},
         "JIGATE_INTERNAL_RTP_START_PORT"},
        {{"FREESWITCH_EXTERNAL_SIP_PORT=20210"},
         "FREESWITCH_EXTERNAL_SIP_PORT"},
        {{"JIGASI_SIP_PORT=24100"}, "JIGASI_SIP_PORT"},
        {{"JIGASI_SIP_PORT=5060"}, "JIGASI_SIP_PORT"},
        {{"JIGASI_SIP_PORT=5060", "FREESWITCH_INTERNAL_IP=127.0.0.2"}, NULL},
        {{"REST_PORT=5070"}, "REST_PORT"},
        {{"FREESWITCH_EXTERNAL_EXT_IP=2001:db8::1"},
         "FREESWITCH_EXTERNAL_EXT_IP"},
        {{"FREESWITCH_INTERNAL_IP=192.0.2.77"}, "FREESWITCH_INTERNAL_IP"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct run r;

        load(&r, NULL, row[i].set);
        assert_int_equal(r.err, row[i].told ? EINVAL : 0);
        if (row[i].told) {
            assert_non_null(strstr(r.told, "error: "));
            assert_non_null(strstr(r.told, row[i].told));
        }
        done(&r);
    }
}

static void internal_port_gives_way_where_the_address_is_shared(void **state)
{
    struct run r;

    load(&r, NULL, NULL);
    assert_int_equal(r.cfg.internal_sip_port, 5070);
    assert_string_equal(r.cfg.external_ext_ip, "127.0.0.1");
    done(&r);
    load_one(&r, "FREESWITCH_EXTERNAL_SIP_PORT=5070");
    assert_int_equal(r.cfg.internal_sip_port, 5060);
    done(&r);
    load_one(&r, "FREESWITCH_INTERNAL_IP=127.0.0.2");
    assert_int_equal(r.cfg.internal_sip_port, 5060);
    done(&r);
}

static void a_missing_interface_is_told_with_those_that_exist(void **state)
{
    struct run r;

    load_one(&r, "FREESWITCH_INTERNAL_IP=interface:ipv4/nosuch0");
    assert_int_equal(r.err, EINVAL);
    assert_non_null(strstr(r.told, "interface:ipv4/nosuch0"));
    assert_non_null(strstr(r.told, "lo (127.0.0.1)"));
    done(&r);
    load_one(&r, "FREESWITCH_INTERNAL_IP=interface:ipv4/lo");
    assert_int_equal(r.err, 0);
    assert_string_equal(r.cfg.internal_ip, "127.0.0.1");
    done(&r);
}

static void state_folder_comes_from_systemd(void **state)
{
    struct run r;

    load_one(&r, "STATE_DIRECTORY=/var/lib/a:/var/lib/b");
    assert_int_equal(r.err, 0);
    assert_string_equal(r.cfg.state_dir, "/var/lib/a");
    done(&r);
}

static void missing_prompts_are_a_fault(void **state)
{
    struct run r;

    load_one(&r, "JIGATE_LANGUAGE=xx");
    assert_int_equal(r.err, EINVAL);
    assert_non_null(strstr(r.told, "error: JIGATE_SOUNDS_DIR"));
    assert_non_null(strstr(r.told, TEST_SOUNDS "/xx"));
    done(&r);
}

static void open_doors_are_warned_about(void **state)
{
    struct run r;

    load_one(&r, "JIGATE_ANONYMOUS_CALLS=true");
    assert_int_equal(r.err, 0);
    assert_non_null(strstr(r.told, "warning: JIGATE_ANONYMOUS_CALLS"));
    done(&r);
}

static void more_calls_than_audio_ports_are_warned_about(void **state)
{
    struct run r;

    load_one(&r, "JIGATE_MAX_CALLS=27");
    assert_int_equal(r.err, 0);
    assert_non_null(strstr(r.told, "warning: JIGATE_MAX_CALLS"));
    assert_non_null(strstr(r.told, "hold 26 calls"));
    done(&r);
    load_one(&r, "JIGATE_MAX_CALLS=26");
    assert_null(strstr(r.told, "JIGATE_MAX_CALLS"));
    done(&r);
}

static void secrets_for_all_to_read_are_warned_about(void **state)
{
    const char *path = temporary("SIPGW_SIP_PASSWORD=Hd72kkLmm\n");
    struct run r;

    assert_int_equal(chmod(path, 0600), 0);
    load(&r, path, NULL);
    assert_null(strstr(r.told, "chmod"));
    done(&r);
    assert_int_equal(chmod(path, 0644), 0);
    load(&r, path, NULL);
    assert_int_equal(r.err, 0);
    assert_non_null(strstr(r.told, "chmod o-r"));
    done(&r);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_that_users_know),
        cmocka_unit_test(each_wrong_value_is_told_with_its_name),
        cmocka_unit_test(right_values_are_taken),
        cmocka_unit_test(all_faults_come_at_once),
        cmocka_unit_test(environment_wins_over_file),
        cmocka_unit_test(old_name_works_with_a_warning),
        cmocka_unit_test(mistyped_names_are_told_with_the_right_one),
        cmocka_unit_test(names_of_others_are_left_alone),
        cmocka_unit_test(engine_follows_freeswitch_server),
        cmocka_unit_test(what_an_engine_needs_is_mandatory_for_it_only),
        cmocka_unit_test(addresses_and_ports_of_both_sides_are_kept_apart),
        cmocka_unit_test(internal_port_gives_way_where_the_address_is_shared),
        cmocka_unit_test(a_missing_interface_is_told_with_those_that_exist),
        cmocka_unit_test(state_folder_comes_from_systemd),
        cmocka_unit_test(missing_prompts_are_a_fault),
        cmocka_unit_test(open_doors_are_warned_about),
        cmocka_unit_test(more_calls_than_audio_ports_are_warned_about),
        cmocka_unit_test(secrets_for_all_to_read_are_warned_about),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
