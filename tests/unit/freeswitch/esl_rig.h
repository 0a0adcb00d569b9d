/**
 * A client of the event socket, and its server on a loopback socket of the
 * same process. Time goes on as fast as the test likes.
 */
#ifndef UNIT_ESL_RIG_H
#define UNIT_ESL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_client.h"

struct rig {
    struct event_base *base;
    struct timers *timers;
    struct esl_client *client;
    int listener, peer;
    unsigned port;
    char got[8192]; /* what the client wrote */
    size_t n_got;
    int ups, downs, events, done;
    bool ok;
    char text[64];
    enum esl_event_name last;
    FILE *log_file;
    struct log *log;
};

/** Time of the client, in ms: the real one, and what was skipped. */
uint64_t now_ms(void);

/** Let ms go by before anything of it is done. */
void stall(uint64_t ms);

/** Let that many ms go by for the client. */
void forward(struct rig *r, uint64_t ms);

/** Let both sides do what there is to do, for 1 ms. */
void spin(struct rig *r);

/* Until the condition holds; fails after 5 s. */
#define UNTIL(r, condition)                                                   \
    do {                                                                      \
        uint64_t until_end = now_ms() + 5000;                                 \
        while (!(condition) && now_ms() < until_end)                          \
            spin(r);                                                          \
        assert_true(condition);                                               \
    } while (0)

/** Begin to listen, at the same port as before. */
void server_listen(struct rig *r);

/** The server takes the client's next connection, however late it comes. */
void accept_client(struct rig *r);

/** accept_client(), and log it in. */
void log_in(struct rig *r);

/** The server sends a text. */
void say(struct rig *r, const char *text);

/** The server closes its end. */
void hang_up(struct rig *r);

/** Whether the client closed its end. */
bool is_closed(struct rig *r);

/** How often the log holds a text. */
unsigned logged(struct rig *r, const char *text);

/** Handlers for commands: the result is in r->done, ok and text. */
void done_h(bool ok, struct slice text, uint64_t ref, void *arg);

/** A client's configuration with the rig's handlers. */
struct esl_client_config rig_config(struct rig *r);

/** cmocka's: a rig with a started client. */
int rig_setup(void **state);
int rig_teardown(void **state);

#endif
