#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig.h"

static const uint8_t voice[160] = {0x21};

static void report_comes(struct rig *r, enum media_report_type type,
                         engine_leg leg)
{
    struct media_report report = rig_report(r);

    assert_int_equal(report.type, type);
    assert_int_equal(report.leg, leg);
}

static void call_make(struct rig *r, struct far *a, struct far *b)
{
    struct got g;

    far_start(a, r, 1, MEDIA_PCMU);
    far_start(b, r, 2, MEDIA_PCMU);
    far_learn(a);
    far_learn(b);
    media_bridge(r->media, 1, 2);
    while (far_receive_within(a, &g, 60) || far_receive_within(b, &g, 60))
        ; /* the last of the silence */
}

static void nothing_is_sent_before_the_session(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_open(&f, r, 1, MEDIA_PCMU);
    far_audio(&f, voice, sizeof(voice));
    far_no_packet(&f);
    far_close(&f);
    assert_int_equal(rig_counter(r, 1, "early"), 1);
}

static void silence_is_sent_while_unbridged(void **state)
{
    struct rig *r = *state;
    struct far f;
    struct got g, last;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_receive(&f, &last);
    for (int i = 0; i < 10; i++) {
        far_receive(&f, &g);
        assert_int_equal(g.head.len, 160);
        assert_int_equal(g.payload[0], 0xff);
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
        assert_int_equal(g.head.ts, (uint32_t)(last.head.ts + 160));
        last = g;
    }
    far_close(&f);
}

static void hold_sends_nothing_and_still_hears(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    struct got before, after;

    call_make(r, &a, &b);
    far_audio(&b, voice, sizeof(voice));
    far_receive(&a, &before);
    a.session.send = false; /* the phone put us on hold */
    far_session(&a);
    far_audio(&b, voice, sizeof(voice));
    far_no_packet(&a);
    far_audio(&a, voice, sizeof(voice)); /* its music on hold */
    far_receive(&b, &after);
    assert_int_equal(after.payload[0], 0x21);
    for (int i = 0; i < 20; i++)
        far_audio(&b, voice, sizeof(voice));
    a.session.send = true;
    far_session(&a);
    far_audio(&b, voice, sizeof(voice));
    far_receive(&a, &after);
    assert_int_equal(after.head.seq, (uint16_t)(before.head.seq + 1));
    assert_true((uint32_t)(after.head.ts - before.head.ts) >= 8 * 100);
    assert_true(after.head.marker);
    far_close(&a);
    far_close(&b);
}

static void a_side_that_sends_none_is_not_heard(void **state)
{
    struct rig *r = *state;
    struct far a, b;
    struct got g;

    call_make(r, &a, &b);
    a.session.receive = false;
    far_session(&a);
    far_audio(&a, voice, sizeof(voice));
    far_no_packet(&b);
    a.session.receive = true;
    far_session(&a);
    far_audio(&a, voice, sizeof(voice));
    far_receive(&b, &g);
    far_close(&a);
    far_close(&b);
    assert_int_equal(rig_counter(r, 1, "held"), 1);
}

static void a_prompt_ends_in_its_time_while_on_hold(void **state)
{
    static const char *const name = "one";
    const struct engine_play p = {
        .prompts = &name, .n_prompts = 1, .loop_from = -1, .tag = 4};
    struct rig *r = *state;
    struct far f;
    struct media_report report;

    far_open(&f, r, 1, MEDIA_PCMU);
    f.session.send = false;
    far_session(&f);
    media_play(r->media, 1, &p);
    report = rig_report(r);
    assert_int_equal(report.tag, 4);
    assert_true(report.completed);
    far_no_packet(&f);
    far_close(&f);
}

static void a_reinvite_changes_the_codec(void **state)
{
    struct rig *r = *state;
    struct far f;
    struct got g, last;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_receive(&f, &last);
    f.session.format.codec = MEDIA_PCMA;
    f.session.format.send_pt = f.session.format.recv_pt = RIG_PCMA_PT;
    far_session(&f);
    do {
        far_receive(&f, &g);
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
        assert_int_equal(g.head.ts, (uint32_t)(last.head.ts + 160));
        assert_int_equal(g.head.ssrc, last.head.ssrc);
        last = g;
    } while (g.head.pt != RIG_PCMA_PT);
    f.session.format.codec = MEDIA_OPUS; /* another clock: another SSRC */
    f.session.format.send_pt = f.session.format.recv_pt = RIG_OPUS_PT;
    far_session(&f);
    do {
        last = g;
        far_receive(&f, &g);
        assert_int_equal(g.head.seq, (uint16_t)(last.head.seq + 1));
    } while (g.head.pt != RIG_OPUS_PT);
    assert_int_not_equal(g.head.ssrc, last.head.ssrc);
    far_close(&f);
}

static void a_silent_far_side_is_told_and_told_alive(void **state)
{
    enum { WATCH_MS = 300 };
    struct rig *r = *state;
    struct far f, other;

    far_open(&f, r, 1, MEDIA_PCMU);
    media_stream_watch(r->media, 1, WATCH_MS);
    poll(NULL, 0, WATCH_MS);
    rig_no_report(r); /* nothing is expected before the session */
    far_session(&f);
    for (int i = 0; i < 20; i++) {
        far_audio(&f, voice, sizeof(voice));
        poll(NULL, 0, 20);
    }
    rig_no_report(r);
    report_comes(r, MEDIA_SILENT, 1);
    far_start(&other, r, 3, MEDIA_PCMU);
    media_stream_watch(r->media, 3, 50);
    report_comes(r, MEDIA_SILENT, 3);
    poll(NULL, 0, WATCH_MS);
    rig_no_report(r);                          /* each once */
    media_stream_watch(r->media, 1, WATCH_MS); /* asked again, told again */
    report_comes(r, MEDIA_SILENT, 1);
    far_audio(&f, voice, sizeof(voice));
    report_comes(r, MEDIA_ALIVE, 1);
    report_comes(r, MEDIA_SILENT, 1);
    f.session.receive = false;
    far_session(&f);
    f.session.receive = true;
    far_session(&f);
    far_audio(&f, voice, sizeof(voice));
    report_comes(r, MEDIA_ALIVE, 1);
    f.session.receive = false;
    far_session(&f);
    poll(NULL, 0, WATCH_MS);
    rig_no_report(r); /* it said that it sends none */
    f.session.receive = true;
    f.session.send = false;
    far_session(&f);
    poll(NULL, 0, WATCH_MS);
    rig_no_report(r); /* it holds the call */
    f.session.send = true;
    far_session(&f);
    report_comes(r, MEDIA_SILENT, 1);
    media_stream_watch(r->media, 1, 0);
    far_audio(&f, voice, sizeof(voice));
    rig_no_report(r);
    far_close(&f);
    far_close(&other);
}

static void noise_of_others_is_no_sign_of_life(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    media_stream_watch(r->media, 1, 150);
    for (int i = 0; i < 10; i++) {
        far_raw(&f, "junk", 4);
        far_packet(&f, false, 99, f.seq, f.ts, "x", 1);
        poll(NULL, 0, 20);
    }
    report_comes(r, MEDIA_SILENT, 1);
    far_close(&f);
}

static void comfort_noise_is_a_sign_of_life(void **state)
{
    struct rig *r = *state;
    struct far f;

    far_start(&f, r, 1, MEDIA_PCMU);
    far_learn(&f);
    media_stream_watch(r->media, 1, 1000);
    for (int i = 0; i < 60; i++) {
        far_packet(&f, false, 13, f.seq++, f.ts += 160, "x", 1);
        poll(NULL, 0, 20);
    }
    rig_no_report(r);
    report_comes(r, MEDIA_SILENT, 1);
    far_close(&f);
}

/* A far side on ::1; returns its socket, -1 where there is no IPv6. */
static int far_ipv6(struct sockaddr_in6 *self)
{
    socklen_t len = sizeof(*self);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    memset(self, 0, sizeof(*self));
    self->sin6_family = AF_INET6;
    self->sin6_addr = in6addr_loopback;
    if (fd >= 0 && !bind(fd, (struct sockaddr *)self, len) &&
        !getsockname(fd, (struct sockaddr *)self, &len))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void ignore_h(const struct media_report *report, void *arg)
{
}

static void ipv6_is_no_different(void **state)
{
    struct rig *r = *state;
    struct media_config mc = {.workers = 1,
                              .sounds_dir = r->wavs.path,
                              .language = "en",
                              .h = ignore_h};
    struct media_session s = {
        .format = {.recv_dtmf_pt = 101}, .send = true, .receive = true};
    struct sockaddr_in6 self, gateway;
    int fd = far_ipv6(&self);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct media *m;
    uint8_t packet[200];
    uint16_t port;

    if (fd < 0)
        skip();
    gateway = self;
    gateway.sin6_port = 0;
    for (int i = 0; i < 2; i++) {
        memcpy(&mc.ports[i].address, &gateway, sizeof(gateway));
        mc.ports[i].start = 40000;
        mc.ports[i].end = 50000;
    }
    assert_int_equal(media_alloc(&m, &mc), 0);
    assert_int_equal(media_stream_open(m, 1, ENGINE_EXTERNAL, &port), 0);
    memcpy(&s.remote, &self, sizeof(self));
    media_stream_session(m, 1, &s);
    gateway.sin6_port = htons(port);
    rtp_header_write(packet, false, 0, 1, 2, 3);
    for (int i = 0; i < 5; i++) { /* before and after it is learnt */
        assert_int_equal(poll(&p, 1, RIG_WAIT_MS), 1);
        assert_int_equal(recv(fd, packet + 12, 188, 0), 172);
        assert_int_equal(sendto(fd, packet, 172, 0,
                                (struct sockaddr *)&gateway, sizeof(gateway)),
                         172);
    }
    media_free(m);
    close(fd);
}

static void ports_run_out_and_come_back(void **state)
{
    struct rig *r = rig_make(1, 2);
    uint16_t first, second, port;

    assert_int_equal(media_stream_open(r->media, 1, ENGINE_EXTERNAL, &first),
                     0);
    assert_int_equal(media_stream_open(r->media, 1, ENGINE_EXTERNAL, &port),
                     EEXIST);
    assert_int_equal(media_stream_open(r->media, 2, ENGINE_EXTERNAL, &second),
                     0);
    assert_int_equal(first % 2, 0);
    assert_int_equal(second, first + 2);
    assert_int_equal(media_stream_open(r->media, 3, ENGINE_EXTERNAL, &port),
                     EAGAIN);
    assert_int_equal(media_stream_open(r->media, 4, ENGINE_INTERNAL, &port),
                     0);
    media_stream_close(r->media, 2);
    assert_true(rig_logged(r, "audio closed leg=2 "));
    for (int i = 0; i < 100; i++) { /* the port follows the log line */
        int err = media_stream_open(r->media, 3, ENGINE_EXTERNAL, &port);

        if (!err)
            break;
        assert_int_equal(err, EAGAIN);
        poll(NULL, 0, 10);
    }
    assert_int_equal(port, second);
    rig_free(r);
}

static void a_port_that_another_program_holds_is_skipped(void **state)
{
    struct rig *r = rig_make(1, 3);
    struct sockaddr_in a = {.sin_family = AF_INET};
    uint16_t first, port;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(media_stream_open(r->media, 1, ENGINE_EXTERNAL, &first),
                     0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)(first + 2));
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(media_stream_open(r->media, 2, ENGINE_EXTERNAL, &port),
                     0);
    assert_int_equal(port, first + 4);
    assert_int_equal(media_stream_open(r->media, 3, ENGINE_EXTERNAL, &port),
                     EAGAIN);
    close(fd);
    assert_int_equal(media_stream_open(r->media, 3, ENGINE_EXTERNAL, &port),
                     0);
    assert_int_equal(port, first + 2);
    rig_free(r);
}

static void packets_are_marked_for_expedited_forwarding(void **state)
{
    struct rig *r = *state;
    struct far f;
    int on = 1, tos = 0;
    uint8_t packet[2000];
    char control[64];
    struct iovec io = {packet, sizeof(packet)};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};

    far_open(&f, r, 1, MEDIA_PCMU);
    setsockopt(f.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
    far_session(&f);
    assert_true(recvmsg(f.fd, &m, 0) > 0);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_type == IP_TOS)
            tos = *CMSG_DATA(c);
    assert_int_equal(tos, 0xb8);
    far_close(&f);
}

/* Each call in its turn has two legs, as calls do that come one by one. */
static void calls_are_spread_over_the_workers(void **state)
{
    enum { CALLS = 6, WORKERS = 2 };
    struct rig *r = rig_make(WORKERS, 4 * CALLS);
    struct far f[2 * CALLS];
    unsigned on[WORKERS] = {0};
    engine_leg leg[2 * CALLS], last = 0;

    for (int i = 0; i < 2 * CALLS; i++) {
        leg[i] = media_leg(r->media, i % 2 ? leg[i - 1] : 0);
        assert_true(leg[i] > last);
        last = leg[i];
        far_open(&f[i], r, leg[i], MEDIA_PCMU);
        on[leg[i] % WORKERS]++;
        if (i % 2)
            assert_int_equal(leg[i] % WORKERS, leg[i - 1] % WORKERS);
    }
    assert_int_equal(on[0], CALLS);
    /* One worker has lost its calls: the next ones are its. */
    for (int i = 0; i < 2 * CALLS; i++)
        if (leg[i] % WORKERS == 1)
            far_close(&f[i]);
    for (int i = 0; i < 2 * CALLS; i++) {
        if (leg[i] % WORKERS != 1)
            continue;
        leg[i] = media_leg(r->media, 0);
        assert_int_equal(leg[i] % WORKERS, 1);
        far_open(&f[i], r, leg[i], MEDIA_PCMU);
    }
    for (int i = 0; i < 2 * CALLS; i++)
        far_close(&f[i]);
    rig_free(r);
}

static void legs_of_two_workers_are_not_bridged(void **state)
{
    struct rig *r = rig_make(2, 8);
    struct far f[4];

    for (engine_leg leg = 1; leg <= 4; leg++)
        far_start(&f[leg - 1], r, leg, MEDIA_PCMU);
    media_bridge(r->media, 1, 2);
    assert_true(rig_logged(r, "on two workers leg=1 peer=2"));
    for (int i = 0; i < 4; i++)
        far_learn(&f[i]);
    media_bridge(r->media, 1, 3);
    media_bridge(r->media, 4, 2);
    for (int i = 0; i < 4; i++) {
        struct got g;

        far_audio(&f[i], voice, sizeof(voice));
        do
            far_receive(&f[(i + 2) % 4], &g);
        while (g.payload[0] != 0x21);
    }
    for (int i = 0; i < 4; i++)
        far_close(&f[i]);
    rig_free(r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_is_sent_before_the_session),
        T(silence_is_sent_while_unbridged),
        T(hold_sends_nothing_and_still_hears),
        T(a_side_that_sends_none_is_not_heard),
        T(a_prompt_ends_in_its_time_while_on_hold),
        T(a_reinvite_changes_the_codec),
        T(a_silent_far_side_is_told_and_told_alive),
        T(noise_of_others_is_no_sign_of_life),
        T(comfort_noise_is_a_sign_of_life),
        T(ipv6_is_no_different),
        cmocka_unit_test(ports_run_out_and_come_back),
        cmocka_unit_test(a_port_that_another_program_holds_is_skipped),
        T(packets_are_marked_for_expedited_forwarding),
        cmocka_unit_test(calls_are_spread_over_the_workers),
        cmocka_unit_test(legs_of_two_workers_are_not_bridged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
