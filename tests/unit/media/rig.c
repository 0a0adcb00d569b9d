#include "rig.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

static void report_h(const struct media_report *report, void *arg)
{
    struct rig *r = arg;

    pthread_mutex_lock(&r->lock);
    if (r->n_reports < RIG_REPORTS_MAX)
        r->reports[r->n_reports++] = *report;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* A port that is free with the 2 * n after it, as far as one can know. */
static uint16_t free_range(unsigned n)
{
    for (int attempt = 0; attempt < 200; attempt++) {
        unsigned start = 20000 + (unsigned)rand() % 20000 / 2 * 2;
        unsigned i = 0;

        for (; i < n; i++) {
            struct sockaddr_in a = {.sin_family = AF_INET};
            int fd = socket(AF_INET, SOCK_DGRAM, 0);
            int err;

            a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            a.sin_port = htons((uint16_t)(start + 2 * i));
            err = bind(fd, (struct sockaddr *)&a, sizeof(a));
            close(fd);
            if (err)
                break;
        }
        if (i == n)
            return (uint16_t)start;
    }
    fail_msg("no free ports");
    return 0;
}

struct rig *rig_make(unsigned workers, unsigned n_ports)
{
    struct rig *r = calloc(1, sizeof(*r));
    struct media_config mc = {
        .workers = workers, .opus_complexity = 5, .language = "en"};

    srand((unsigned)(getpid() ^ time(NULL)));
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    wav_dir_make(&r->wavs);
    wav_prompt(&r->wavs, "one", 800, 1);
    wav_prompt(&r->wavs, "two", 1000, 2);
    wav_prompt(&r->wavs, "long", 8000, 3);
    r->log_fd = memfd_create("log", 0);
    assert_int_equal(log_alloc(&r->log, r->log_fd, LOG_DEBUG), 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in *a = (struct sockaddr_in *)&mc.ports[i].address;

        a->sin_family = AF_INET;
        a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        mc.ports[i].start = free_range(n_ports);
        mc.ports[i].end = (uint16_t)(mc.ports[i].start + 2 * n_ports - 1);
    }
    mc.sounds_dir = r->wavs.path;
    mc.log = r->log;
    mc.h = report_h;
    mc.arg = r;
    assert_int_equal(media_alloc(&r->media, &mc), 0);
    return r;
}

void rig_free(struct rig *r)
{
    media_free(r->media);
    log_free(r->log);
    close(r->log_fd);
    wav_dir_remove(&r->wavs);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

int rig_setup(void **state)
{
    *state = rig_make(1, 32);
    return 0;
}

int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static bool report_within(struct rig *r, struct media_report *report, int ms)
{
    struct timespec end;
    bool any;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    pthread_mutex_lock(&r->lock);
    while (r->taken == r->n_reports &&
           !pthread_cond_timedwait(&r->changed, &r->lock, &end))
        ;
    any = r->taken < r->n_reports;
    if (any)
        *report = r->reports[r->taken++];
    pthread_mutex_unlock(&r->lock);
    return any;
}

struct media_report rig_report(struct rig *r)
{
    struct media_report report = {0};

    if (!report_within(r, &report, RIG_WAIT_MS))
        fail_msg("no report came");
    return report;
}

void rig_no_report(struct rig *r)
{
    struct media_report report;

    if (report_within(r, &report, RIG_QUIET_MS))
        fail_msg("a report came: type %d key %c", report.type,
                 report.key ? report.key : ' ');
}

static void log_read(struct rig *r, char *buf, size_t size)
{
    ssize_t n = pread(r->log_fd, buf, size - 1, 0);

    buf[n > 0 ? n : 0] = '\0';
}

bool rig_logged(struct rig *r, const char *text)
{
    static char buf[256 * 1024];

    for (int i = 0; i < RIG_WAIT_MS / 10; i++) {
        log_read(r, buf, sizeof(buf));
        if (strstr(buf, text))
            return true;
        poll(NULL, 0, 10);
    }
    return false;
}

unsigned long rig_counter(struct rig *r, engine_leg leg, const char *name)
{
    static char buf[256 * 1024];
    char text[64];
    char *line;

    snprintf(text, sizeof(text), "audio closed leg=%llu ",
             (unsigned long long)leg);
    assert_true(rig_logged(r, text));
    log_read(r, buf, sizeof(buf));
    line = strstr(buf, text);
    line[strcspn(line, "\n")] = '\0';
    snprintf(text, sizeof(text), " %s=", name);
    line = strstr(line, text);
    assert_non_null(line);
    return strtoul(line + strlen(text), NULL, 10);
}

static const uint8_t codec_pt[MEDIA_CODECS] = {
    [MEDIA_PCMU] = RIG_PCMU_PT,
    [MEDIA_PCMA] = RIG_PCMA_PT,
    [MEDIA_OPUS] = RIG_OPUS_PT,
    [MEDIA_G722] = RIG_G722_PT,
};

void far_open(struct far *f, struct rig *r, engine_leg leg,
              enum media_codec codec)
{
    socklen_t len = sizeof(f->self);
    uint16_t port;

    memset(f, 0, sizeof(*f));
    f->rig = r;
    f->leg = leg;
    f->fd = socket(AF_INET, SOCK_DGRAM, 0);
    f->self.sin_family = AF_INET;
    f->self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&f->self, len), 0);
    getsockname(f->fd, (struct sockaddr *)&f->self, &len);
    assert_int_equal(
        media_stream_open(r->media, leg,
                          leg % 2 ? ENGINE_EXTERNAL : ENGINE_INTERNAL, &port),
        0);
    f->gateway = f->self;
    f->gateway.sin_port = htons(port);
    f->session.format.codec = codec;
    f->session.format.send_pt = codec_pt[codec];
    f->session.format.recv_pt = codec_pt[codec];
    f->session.format.send_dtmf_pt = RIG_DTMF_PT;
    f->session.format.recv_dtmf_pt = RIG_DTMF_PT;
    f->session.format.ptime_ms = 20;
    f->session.send = true;
    f->session.receive = true;
    memcpy(&f->session.remote, &f->self, sizeof(f->self));
    f->seq = (uint16_t)(65530 + leg); /* wraps soon */
    f->ts = 0xffffff00u + (uint32_t)leg;
    f->ssrc = 0x1000 + (uint32_t)leg;
}

void far_session(struct far *f)
{
    media_stream_session(f->rig->media, f->leg, &f->session);
}

void far_start(struct far *f, struct rig *r, engine_leg leg,
               enum media_codec codec)
{
    far_open(f, r, leg, codec);
    far_session(f);
}

void far_close(struct far *f)
{
    media_stream_close(f->rig->media, f->leg);
    close(f->fd);
}

void far_raw(const struct far *f, const void *bytes, size_t len)
{
    assert_int_equal(sendto(f->fd, bytes, len, 0,
                            (const struct sockaddr *)&f->gateway,
                            sizeof(f->gateway)),
                     len);
}

void far_packet(const struct far *f, bool marker, uint8_t pt, uint16_t seq,
                uint32_t ts, const void *payload, size_t len)
{
    uint8_t packet[RTP_PACKET_MAX];

    rtp_header_write(packet, marker, pt, seq, ts, f->ssrc);
    memcpy(packet + RTP_HEADER_SIZE, payload, len);
    far_raw(f, packet, RTP_HEADER_SIZE + len);
}

void far_audio(struct far *f, const void *payload, size_t len)
{
    far_packet(f, false, f->session.format.recv_pt, f->seq, f->ts, payload,
               len);
    f->seq++;
    f->ts += f->session.format.codec == MEDIA_OPUS ? 960 : 160;
}

void far_learn(struct far *f)
{
    char text[64];
    uint8_t payload[160] = {0x55};

    far_audio(f, payload, sizeof(payload));
    snprintf(text, sizeof(text), "learnt leg=%llu ",
             (unsigned long long)f->leg);
    assert_true(rig_logged(f->rig, text));
    far_drain(f);
}

void far_call(struct far *a, struct far *b, struct rig *r)
{
    far_start(a, r, 1, MEDIA_PCMU);
    far_start(b, r, 2, MEDIA_PCMU);
    far_learn(a);
    far_learn(b);
    media_bridge(r->media, 1, 2);
}

bool far_receive_within(const struct far *f, struct got *g, int ms)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};
    uint8_t packet[RTP_PACKET_MAX];
    ssize_t n;

    if (poll(&p, 1, ms) != 1)
        return false;
    n = recv(f->fd, packet, sizeof(packet), 0);
    assert_true(n >= RTP_HEADER_SIZE);
    assert_int_equal(rtp_parse(packet, (size_t)n, &g->head), RTP_OK);
    assert_int_equal(g->head.payload, RTP_HEADER_SIZE);
    memcpy(g->payload, packet + g->head.payload, g->head.len);
    return true;
}

void far_receive(const struct far *f, struct got *g)
{
    if (!far_receive_within(f, g, RIG_WAIT_MS))
        fail_msg("leg %llu: no packet came", (unsigned long long)f->leg);
}

void far_no_packet(const struct far *f)
{
    struct got g;

    if (far_receive_within(f, &g, RIG_QUIET_MS))
        fail_msg("leg %llu: a packet came", (unsigned long long)f->leg);
}

void far_drain(const struct far *f)
{
    struct got g;

    while (far_receive_within(f, &g, 0))
        ;
}
