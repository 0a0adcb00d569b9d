/**
 * The scripted engine and directory behind scenario.h: every command becomes
 * a line. Private to the two.
 */
#ifndef TESTS_CALL_SCRIPTED_H
#define TESTS_CALL_SCRIPTED_H

#include "tests/call/scenario.h"

enum {
    LINES_MAX = 4096,
    LINE_SIZE = 1024,
    TOLD_SIZE = 128,
    LEGS_MAX = 512,
    QUERIES_MAX = 64,   /* at a time */
    PHONE_LEGS = 1000,  /* phones begin here, jigasi legs at 1 … */
    CALLEE_LEGS = 2000, /* … and whom a meeting dialled here */
};

struct directory_query {
    struct scenario *t;
    directory_h *h; /* NULL: not waiting */
    void *arg;
};

struct leg {
    bool there;     /* offered or dialled, ENGINE_GONE not told */
    bool ending;    /* hung up or refused by policy */
    bool answering; /* commanded to answer */
    bool ringing;
    bool early;      /* has audio before its answer */
    bool up;         /* answered */
    bool collecting; /* keys go to a collection */
    bool bound;      /* keys are bound */
    bool bridging;   /* commanded to bridge */
    bool bridged;    /* with its peer */
    engine_leg peer;
    char contact[64];
    char to[64];
    enum engine_source source;
    bool noted;
    char note[ENGINE_NOTE_MAX];
    uint64_t noted_at;
    uint32_t tag;
    unsigned node;
};

struct scenario {
    struct engine engine;       /* first */
    struct directory directory; /* second: found by its offset */
    struct calls *calls;
    struct timers *timers;
    struct config cfg;
    struct log *log;
    int log_fd;
    uint64_t now;
    char lines[LINES_MAX][LINE_SIZE]; /* never allocated one by one: a
                                         test lets allocations fail */
    size_t n_lines;
    size_t n_seen;
    char told[LINES_MAX][TOLD_SIZE];
    size_t n_told;
    struct leg jigasis[LEGS_MAX];
    struct leg phones[LEGS_MAX];
    struct leg callees[LEGS_MAX];
    unsigned n_jigasis;
    unsigned n_phones;
    unsigned n_callees;
    unsigned phone; /* the one that is meant */
    uint64_t order;
    struct directory_query queries[QUERIES_MAX];
    size_t n_started; /* participants, by the monitor */
    size_t n_ended;
    struct engine_quality quality; /* that the next legs end with */
};

extern const struct engine_ops scripted_engine_ops;
extern const struct directory_ops scripted_directory_ops;

/** The leg of a handle; the test fails when there never was one. */
struct leg *leg_of(struct scenario *t, engine_leg id);

/** "phone", "phone2", "jigasi1" … and back. */
const char *name_of(engine_leg id);
engine_leg id_of(const char *name);

#endif
