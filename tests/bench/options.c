/* callgen's command line. */
#include "run.h"

#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: callgen hold|setup|keys [OPTIONS]\n"
    "  --calls N            calls in all (setup) or at once (hold, keys)\n"
    "  --seconds S          measured time (hold)\n"
    "  --settle S           wait before it, for prompts to end (4)\n"
    "  --rate N             new calls a second at most (hold, keys: 100)\n"
    "  --wave N --pause S   N of them, then the next N after S seconds\n"
    "  --parallel N         calls being set up at once (32)\n"
    "  --count N            keys pressed in all (keys)\n"
    "  --gateway A:P        SIP address of the external side\n"
    "  --internal A:P       SIP address of the internal side\n"
    "  --direct             phone calls Jigasi, no gateway between\n"
    "  --relay A:P          no SIP: two relay ports a call, P + 4 i (+ 2)\n"
    "  --phone-address A    of the phones (127.0.0.1); --sources N of them\n"
    "  --jigasi-address A   of Jigasi (127.0.0.1)\n"
    "  --user U --password P --jigasi-password P --domain D --room PREFIX\n"
    "  --codec C            of both ends (pcmu); with a voice of each end:\n"
    "  --phone-codec C --jigasi-codec C    pcmu, pcma, g722 or opus\n"
    "  --voice DIR          both say DIR/RATE/help.wav, not marked packets\n"
    "  --reuse-nonce        answer the last challenge before a new one\n"
    "  --watch PID          whose CPU time and memory to tell\n";

static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char host[64];
    unsigned port;

    if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
        inet_pton(AF_INET, host, &a.sin_addr) != 1)
        errx(2, "%s: ADDRESS:PORT expected", text);
    a.sin_port = htons((uint16_t)port);
    return a;
}

static double number_of(const char *text, double min, double max)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end || !(v >= min && v <= max))
        errx(2, "%s: number from %g to %g expected", text, min, max);
    return v;
}

static void set_option(struct run *r, int c, const char *v)
{
    struct options *o = &r->opt;

    switch (c) {
    case 'n':
        o->calls = (size_t)number_of(v, 1, CALLS_MAX);
        break;
    case 's':
        o->seconds = number_of(v, 0.1, 3600);
        break;
    case 'e':
        o->settle = number_of(v, 0, 600);
        break;
    case 'r':
        o->rate = number_of(v, 0.1, 1e5);
        break;
    case 'v':
        o->wave = (size_t)number_of(v, 1, CALLS_MAX);
        break;
    case 'z':
        o->pause = number_of(v, 1, 600);
        break;
    case 'p':
        o->parallel = (size_t)number_of(v, 1, CALLS_MAX);
        break;
    case 'c':
        o->count = (size_t)number_of(v, 1, 1e5);
        break;
    case 'g':
        o->gateway = address_of(v);
        break;
    case 'i':
        o->internal = address_of(v);
        break;
    case 'd':
        o->direct = true;
        break;
    case 'y':
        o->relay = address_of(v);
        break;
    case 'S':
        o->sources = (size_t)number_of(v, 1, SOURCES);
        break;
    case 'u':
        o->user = v;
        break;
    case 'w':
        o->password = v;
        break;
    case 'j':
        o->jigasi_password = v;
        break;
    case 'D':
        r->load.domain = v;
        break;
    case 'R':
        r->load.room = v;
        break;
    case 'C':
        r->load.codec[PHONE] = r->load.codec[JIGASI] = voice_codec(v);
        break;
    case 'A':
        r->load.codec[PHONE] = voice_codec(v);
        break;
    case 'B':
        r->load.codec[JIGASI] = voice_codec(v);
        break;
    case 'V':
        o->voice = v;
        break;
    case 'N':
        r->load.reuse_nonce = true;
        break;
    case 'W':
        o->watch = (pid_t)number_of(v, 1, 1e9);
        break;
    case 'P':
    case 'J':
        if (inet_pton(AF_INET, v, &o->address[c == 'J']) != 1)
            errx(2, "%s: IPv4 address expected", v);
        break;
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

/* Marks are bytes of any value, which G.722 and G.711 may be. */
static void codecs_check(struct run *r)
{
    if (!r->opt.voice && (r->load.codec[PHONE] != r->load.codec[JIGASI] ||
                          codec_pt(r->load.codec[PHONE]) == OPUS_PT))
        errx(2, "these codecs need a --voice");
    if (r->opt.voice && r->opt.direct && r->opt.calls > SLOTS)
        errx(2, "--direct with a --voice: no two calls on a port, so %d",
             SLOTS);
    r->load.relayed = r->opt.relay.sin_port != 0;
}

void options(struct run *r, int argc, char **argv)
{
    static const struct option table[] = {
        {"calls", 1, 0, 'n'},
        {"seconds", 1, 0, 's'},
        {"settle", 1, 0, 'e'},
        {"rate", 1, 0, 'r'},
        {"wave", 1, 0, 'v'},
        {"pause", 1, 0, 'z'},
        {"parallel", 1, 0, 'p'},
        {"count", 1, 0, 'c'},
        {"gateway", 1, 0, 'g'},
        {"internal", 1, 0, 'i'},
        {"direct", 0, 0, 'd'},
        {"relay", 1, 0, 'y'},
        {"sources", 1, 0, 'S'},
        {"user", 1, 0, 'u'},
        {"password", 1, 0, 'w'},
        {"jigasi-password", 1, 0, 'j'},
        {"domain", 1, 0, 'D'},
        {"room", 1, 0, 'R'},
        {"codec", 1, 0, 'C'},
        {"phone-codec", 1, 0, 'A'},
        {"jigasi-codec", 1, 0, 'B'},
        {"voice", 1, 0, 'V'},
        {"reuse-nonce", 0, 0, 'N'},
        {"watch", 1, 0, 'W'},
        {"phone-address", 1, 0, 'P'},
        {"jigasi-address", 1, 0, 'J'},
        {0, 0, 0, 0},
    };
    static const char *const modes[] = {"hold", "setup", "keys"};
    int c = 0;

    r->opt = (struct options){.calls = 10,
                              .parallel = 32,
                              .sources = 1,
                              .count = 100,
                              .seconds = 5,
                              .pause = 35,
                              .settle = 4,
                              .user = "user",
                              .password = "",
                              .jigasi_password = ""};
    r->opt.address[0].s_addr = r->opt.address[1].s_addr =
        htonl(INADDR_LOOPBACK);
    r->load.domain = "meet.jitsi";
    r->load.room = "bench";
    for (; c < 3 && argc > 1 && strcmp(argv[1], modes[c]) != 0; c++)
        ;
    if (argc < 2 || c == 3)
        set_option(r, '?', NULL);
    r->opt.mode = (enum mode)c;
    if (r->opt.mode != SETUP)
        r->opt.rate = 100;
    while ((c = getopt_long(argc - 1, argv + 1, "", table, NULL)) != -1)
        set_option(r, c, optarg);
    if (!r->opt.direct && !r->opt.relay.sin_port &&
        (!r->opt.gateway.sin_port || !r->opt.internal.sin_port))
        errx(2, "--gateway and --internal, or --direct, or --relay");
    codecs_check(r);
}
