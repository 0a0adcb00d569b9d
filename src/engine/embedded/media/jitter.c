#include "engine/embedded/media/jitter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/media/lateness.h"

enum {
    DROPOUT_MAX = 3000,  /* RFC 3550 A.1: a jump up to this is loss */
    MISORDER_MAX = 100,  /* RFC 3550 A.1: back up to this is changed order */
    JUMP_US = 400000,    /* time stamps this far off the clock */
    OUTAGE_US = 1000000, /* longer is a hold, or its like, not loss */
    LEFT_US = 100000,    /* a source silent for so long may be followed */
    IDLE_US = 200000,    /* likewise, for any sequence number */
    CONCEAL_US = 100000, /* made up at most while nothing comes */
    SLACK_US = 28000,    /* above the target: two ticks do not differ more */
    DEEP_US = 80000,     /* above the target: no pause is waited for */
    SKIP_US = 240000,    /* above the target: no time to shrink unheard */
    ADJUST_EACH_US = 200000, /* a cut now and then is not heard */
    PAUSE_EACH_US = 40000,   /* in a pause */
    RETRY_US = 60000,        /* where nothing was found to cut */
    ROOM_STEP = 64,          /* bytes */
    READY = 16,       /* slots made at the begin: the longest delay, … */
    READY_ROOM = 192, /* … of 20 ms of any codec, usually */
};

/* A packet. Those given out are filled anew, the last one first: its memory
   is still in the cache. */
struct slot {
    struct slot *spare; /* the next one that is not used */
    enum jitter_kind kind;
    uint8_t tag;
    bool pause;
    uint16_t seq;
    uint32_t ts;
    uint32_t units;
    size_t len;
    size_t size; /* room for the payload */
    uint8_t payload[];
};

struct jitter {
    uint32_t clock;
    bool any;     /* a packet was taken: what follows is set */
    bool playing; /* next_ts and next_seq run with the time */
    bool pausing; /* the sender said so */
    bool odd_set; /* a jump is believed when odd follows the first of it */
    uint16_t odd;
    uint16_t next_seq; /* to be given out */
    uint16_t newest;   /* received */
    uint32_t next_ts;
    uint32_t newest_ts;
    int64_t
        newest_us; /* its time on the sender's clock, since the last jump */
    uint64_t arrival_us; /* of that one */
    uint64_t seen_us;    /* any packet of the source */
    uint64_t got_us;     /* jitter_get() was called */
    uint32_t ssrc;
    uint32_t left_ssrc;
    uint32_t units;   /* length of the last audio packet */
    uint32_t credit;  /* units made up while nothing came */
    unsigned waiting; /* slots filled */
    int64_t delay_us; /* smoothed, of what is given out */
    uint64_t adjusted_us;
    struct lateness lateness;
    struct jitter_stats stats;
    struct slot *spare;
    struct slot *slot[JITTER_SLOTS]; /* by sequence number; NULL: empty */
};

/* What comes all at once when the machine stood still finds room without
   asking for memory. */
static int make_ready(struct jitter *j)
{
    for (int i = 0; i < READY; i++) {
        struct slot *s = malloc(sizeof(*s) + READY_ROOM);

        if (!s)
            return ENOMEM;
        s->size = READY_ROOM;
        s->spare = j->spare;
        j->spare = s;
    }
    return 0;
}

int jitter_alloc(struct jitter **jp, uint32_t clock)
{
    struct jitter *j = calloc(1, sizeof(*j));

    if (!j)
        return ENOMEM;
    j->clock = clock;
    j->units = clock / 50;
    lateness_begin(&j->lateness);
    if (make_ready(j)) {
        jitter_free(j);
        return ENOMEM;
    }
    *jp = j;
    return 0;
}

void jitter_free(struct jitter *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < JITTER_SLOTS; i++)
        free(j->slot[i]);
    while (j->spare) {
        struct slot *s = j->spare;

        j->spare = s->spare;
        free(s);
    }
    free(j);
}

unsigned jitter_target_us(const struct jitter *j)
{
    return lateness_target_us(&j->lateness);
}

const struct jitter_stats *jitter_stats(const struct jitter *j)
{
    return &j->stats;
}

static int64_t us_of(const struct jitter *j, int64_t units)
{
    return units * 1000000 / j->clock;
}

static struct slot **slot_of(struct jitter *j, uint16_t seq)
{
    return &j->slot[seq % JITTER_SLOTS];
}

static void slot_empty(struct jitter *j, struct slot **place)
{
    struct slot *s = *place;

    if (!s)
        return;
    j->waiting--;
    *place = NULL;
    s->spare = j->spare;
    j->spare = s;
}

/* A slot with so much room; NULL when there is no memory. */
static struct slot *slot_take(struct jitter *j, size_t len)
{
    struct slot *s = j->spare, *next = s ? s->spare : NULL;
    size_t size = (len + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;

    if (!s || s->size < len) {
        s = realloc(s, sizeof(*s) + size);
        if (!s)
            return NULL;
        s->size = size;
    }
    j->spare = next;
    return s;
}

/* ---- packets in ---- */

/* Begin anew with this packet. */
static void resync(struct jitter *j, const struct rtp_packet *p,
                   uint64_t now_us)
{
    for (size_t i = 0; i < JITTER_SLOTS; i++)
        slot_empty(j, &j->slot[i]);
    if (j->any)
        j->stats.resyncs++;
    if (!j->any || p->ssrc != j->ssrc)
        j->left_ssrc = j->any ? j->ssrc : p->ssrc;
    j->any = true;
    j->playing = false;
    j->pausing = false;
    j->odd_set = false;
    j->credit = 0;
    j->ssrc = p->ssrc;
    j->next_seq = j->newest = p->seq;
    j->newest_ts = p->ts;
    j->newest_us = 0;
    j->arrival_us = now_us;
    lateness_rebase(&j->lateness);
}

/* A packet that jumps: believed when the next one follows it. */
static bool jump_believed(struct jitter *j, const struct rtp_packet *p)
{
    bool believed = j->odd_set && p->seq == j->odd;

    j->odd = (uint16_t)(p->seq + 1);
    j->odd_set = true;
    return believed;
}

/* How the packet stands to those before; false: it is not to be taken. */
static bool place(struct jitter *j, const struct rtp_packet *p,
                  uint64_t now_us)
{
    uint64_t idle_us = now_us - j->seen_us;
    int16_t ahead = (int16_t)(p->seq - j->next_seq);
    int64_t moved_us, waited_us = (int64_t)(now_us - j->arrival_us);

    if (j->any && p->ssrc != j->ssrc && p->ssrc == j->left_ssrc &&
        idle_us < LEFT_US)
        return false;
    if (!j->any || p->ssrc != j->ssrc) {
        resync(j, p, now_us);
        return true;
    }
    if (ahead < 0 && ahead > -MISORDER_MAX && idle_us < IDLE_US) {
        j->stats.late++;
        return false;
    }
    if (ahead < 0 || ahead >= JITTER_SLOTS) {
        if (idle_us < IDLE_US && !jump_believed(j, p))
            return false;
        if (ahead > 0 && ahead < DROPOUT_MAX && idle_us < OUTAGE_US)
            j->stats.lost += (uint64_t)ahead;
        resync(j, p, now_us);
        return true;
    }
    moved_us = us_of(j, (int32_t)(p->ts - j->newest_ts));
    if ((int16_t)(p->seq - j->newest) > 0 &&
        (moved_us - waited_us > JUMP_US || waited_us - moved_us > JUMP_US))
        resync(j, p, now_us);
    return true;
}

static void fill(struct slot *s, const struct rtp_packet *p,
                 const struct jitter_packet *in)
{
    if (in->len)
        memcpy(s->payload, in->payload, in->len);
    s->len = in->len;
    s->kind = in->kind;
    s->tag = in->tag;
    s->pause = in->pause;
    s->units = in->units;
    s->seq = p->seq;
    s->ts = p->ts;
}

/* Time stamps of keys stand still: they tell nothing of the network. */
static void measure(struct jitter *j, const struct rtp_packet *p,
                    const struct jitter_packet *in, uint64_t now_us)
{
    if ((int16_t)(p->seq - j->newest) > 0)
        j->newest = p->seq;
    else if (p->seq != j->newest)
        j->stats.reordered++;
    j->seen_us = now_us;
    if (in->kind == JITTER_OTHER)
        return;
    if ((int32_t)(p->ts - j->newest_ts) >= 0) {
        j->newest_us += us_of(j, (int32_t)(p->ts - j->newest_ts));
        j->newest_ts = p->ts;
        j->arrival_us = now_us;
    }
    lateness_add(&j->lateness,
                 j->newest_us + us_of(j, (int32_t)(p->ts - j->newest_ts)),
                 now_us);
}

void jitter_put(struct jitter *j, const struct rtp_packet *p,
                const struct jitter_packet *in, uint64_t now_us)
{
    struct slot **s = slot_of(j, p->seq);

    if (!place(j, p, now_us))
        return;
    if (*s) {
        j->stats.duplicates++;
        return;
    }
    *s = slot_take(j, in->len);
    if (!*s)
        return;
    fill(*s, p, in);
    j->waiting++;
    if (in->kind == JITTER_AUDIO)
        j->stats.received++;
    measure(j, p, in, now_us);
}

/* ---- frames out ---- */

/* How long after its due arrival a packet of this time stamp would be heard
 * if it were given out now. */
static int64_t delay_of(const struct jitter *j, uint32_t ts, uint64_t now_us,
                        unsigned ahead_us)
{
    int64_t sent_us = j->newest_us + us_of(j, (int32_t)(ts - j->newest_ts));

    return (int64_t)now_us + ahead_us - lateness_due_us(&j->lateness, sent_us);
}

/* The first packet that waits; NULL: none does. */
static struct slot *first_waiting(struct jitter *j)
{
    for (unsigned i = 0; j->waiting && i < JITTER_SLOTS; i++) {
        struct slot *s = *slot_of(j, (uint16_t)(j->next_seq + i));

        if (s)
            return s;
    }
    return NULL;
}

/* Take what precedes the next audio off the list. */
static void pass_over(struct jitter *j, struct slot *s)
{
    j->next_seq = (uint16_t)(s->seq + 1);
    j->pausing = s->kind == JITTER_OTHER;
    slot_empty(j, slot_of(j, s->seq));
}

/* Wait until the first packet is due, then let time run from it. */
static bool start(struct jitter *j, uint64_t now_us, unsigned ahead_us)
{
    struct slot *s = first_waiting(j);
    int64_t delay;

    while (s && s->kind == JITTER_OTHER) {
        pass_over(j, s);
        s = first_waiting(j);
    }
    if (!s)
        return false;
    delay = delay_of(j, s->ts, now_us, ahead_us);
    if (delay < (int64_t)jitter_target_us(j) && j->waiting < JITTER_SLOTS / 2)
        return false;
    j->playing = true;
    j->next_seq = s->seq;
    j->next_ts = s->ts;
    j->credit = 0;
    j->delay_us = delay;
    j->adjusted_us = now_us;
    return true;
}

static enum jitter_verdict nothing(struct jitter *j, struct jitter_frame *f)
{
    f->pausing = j->pausing;
    return JITTER_NOTHING;
}

static enum jitter_verdict lost(struct jitter *j, struct jitter_frame *f,
                                uint32_t units)
{
    f->units = units;
    f->pausing = j->pausing;
    return JITTER_LOST;
}

/* Nothing waits at all: make something up for a while without letting time
 * run, so that what was only late is heard whole. */
static enum jitter_verdict starve(struct jitter *j, struct jitter_frame *f)
{
    if (j->pausing || us_of(j, j->credit) >= CONCEAL_US) {
        j->playing = false;
        return nothing(j, f);
    }
    j->credit += j->units;
    return lost(j, f, j->units);
}

/* The packet that is due is not there, but one behind it is. */
static bool close_gap(struct jitter *j, const struct slot *behind,
                      struct jitter_frame *f)
{
    int32_t gap = (int32_t)(behind->ts - j->next_ts);
    uint16_t missing = (uint16_t)(behind->seq - j->next_seq);
    uint32_t each = j->units;

    if (gap <= 0 || behind->kind == JITTER_OTHER || j->pausing) {
        j->next_seq = behind->seq; /* nothing to be heard is missing */
        return false;
    }
    if (missing == 1 && (uint32_t)gap < 2 * each)
        each = (uint32_t)gap;
    j->next_seq++;
    j->stats.lost++;
    j->next_ts += each;
    if (j->credit >= each) { /* made up already */
        j->credit -= each;
        return false;
    }
    j->credit = 0;
    if (missing == 1 && behind->kind == JITTER_AUDIO) {
        f->payload = behind->payload;
        f->len = behind->len;
        f->tag = behind->tag;
    }
    lost(j, f, each);
    return true;
}

static enum jitter_adjust adjust_wanted(struct jitter *j, uint64_t now_us)
{
    int64_t over_us = j->delay_us - jitter_target_us(j);
    uint64_t since_us = now_us - j->adjusted_us;

    if (since_us < PAUSE_EACH_US)
        return JITTER_STAY;
    if (over_us > DEEP_US && since_us >= ADJUST_EACH_US)
        return JITTER_SHRINK;
    if (over_us > SLACK_US)
        return JITTER_SHRINK_PAUSE;
    return over_us < 0 && since_us >= ADJUST_EACH_US ? JITTER_GROW
                                                     : JITTER_STAY;
}

static enum jitter_verdict give(struct jitter *j, struct slot *s,
                                uint64_t now_us, struct jitter_frame *f)
{
    f->kind = s->kind;
    f->tag = s->tag;
    f->units = s->units;
    f->payload = s->payload;
    f->len = s->len;
    f->adjust =
        s->kind == JITTER_AUDIO ? adjust_wanted(j, now_us) : JITTER_STAY;
    j->pausing = s->kind == JITTER_NOISE || s->pause;
    j->next_seq = (uint16_t)(s->seq + 1);
    j->next_ts = s->ts + s->units;
    j->credit = 0;
    if (s->units)
        j->units = s->units;
    slot_empty(j, slot_of(j, s->seq));
    return JITTER_FRAME;
}

/* The packet that is next in the sequence: due, or after a pause. */
static bool due(struct jitter *j, const struct slot *s)
{
    int32_t gap = (int32_t)(s->ts - j->next_ts);

    if (gap <= (int32_t)j->credit + (int32_t)j->units / 4)
        return true;
    j->playing = false; /* a pause is where the delay can change unheard */
    return false;
}

static bool far_behind(struct jitter *j, const struct slot *s, uint64_t now_us,
                       unsigned ahead_us)
{
    int64_t delay = delay_of(j, s->ts, now_us, ahead_us);

    if (j->waiting > 1 && delay > (int64_t)jitter_target_us(j) + SKIP_US)
        return true;
    j->delay_us += (delay - j->delay_us) / 8;
    return false;
}

enum jitter_verdict jitter_get(struct jitter *j, uint64_t now_us,
                               unsigned ahead_us, struct jitter_frame *f)
{
    memset(f, 0, sizeof(*f));
    j->got_us = now_us;
    for (;;) {
        struct slot *s;

        if (!j->playing && !start(j, now_us, ahead_us))
            return nothing(j, f);
        s = first_waiting(j);
        if (!s)
            return starve(j, f);
        if (s->seq != j->next_seq) {
            if (close_gap(j, s, f))
                return JITTER_LOST;
        } else if (s->kind == JITTER_OTHER) {
            pass_over(j, s);
        } else if (far_behind(j, s, now_us, ahead_us)) {
            j->stats.skipped++;
            give(j, s, now_us, f);
        } else if (due(j, s)) {
            return give(j, s, now_us, f);
        }
    }
}

void jitter_adjusted(struct jitter *j, int us)
{
    j->delay_us += us;
    j->adjusted_us = us ? j->got_us : j->got_us - (ADJUST_EACH_US - RETRY_US);
}
