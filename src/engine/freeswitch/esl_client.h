/**
 * One connection to the event socket of one FreeSWITCH: kept up for ever,
 * authenticated, subscribed; commands out, replies and events in.
 *
 * Every command is written by one write(2) on a socket with TCP_NODELAY (the
 * two together spare 40 ms of delayed ACK a command). Replies come in the
 * order of their commands, jobs by their Job-UUID; each has a deadline, and
 * a reply that does not come means that the connection is dead.
 *
 * When it is lost it is made anew: after 100 ms at first, then ever more,
 * with jitter, up to 10 s; up to 1 s where the host is there and only the
 * port is closed, as while FreeSWITCH starts, or where we were logged in
 * until a moment ago.
 */
#ifndef ENGINE_FREESWITCH_ESL_CLIENT_H
#define ENGINE_FREESWITCH_ESL_CLIENT_H

#include <event2/event.h>

#include "base/log.h"
#include "base/timer.h"
#include "engine/freeswitch/esl_command.h"
#include "engine/freeswitch/esl_event.h"

struct esl_client;

struct esl_client_config {
    struct event_base *base;
    struct timers *timers;
    struct log *log;
    const char *host; /* name or address */
    unsigned port;
    const char *password;
    unsigned node; /* index, for log lines */

    /** Authenticated and subscribed: commands may be sent. */
    void (*up)(void *arg);

    /** The connection was lost. Commands and jobs without an answer are
     *  forgotten: their handlers are not called. */
    void (*down)(void *arg);

    void (*event)(const struct esl_event *ev, void *arg);
    void *arg;
};

/**
 * How a command or job ended.
 *
 * @param ok    The text does not begin with "-".
 * @param text  Reply-Text, or a job's output; during the call only.
 * @param ref   As given with the command.
 */
typedef void esl_done_h(bool ok, struct slice text, uint64_t ref, void *arg);

/** Make a client; it does nothing until started. The texts in the
 *  configuration are copied. @return 0 or an errno value. */
int esl_client_alloc(struct esl_client **cp,
                     const struct esl_client_config *cfg);

/** Not from within a handler of the client itself. */
void esl_client_free(struct esl_client *c);

void esl_client_start(struct esl_client *c);

/** Whether commands may be sent. */
bool esl_client_is_up(const struct esl_client *c);

/** Give the connection up and make it anew; why is a constant text. */
void esl_client_drop(struct esl_client *c, const char *why);

/**
 * Send a command whose reply is the answer (sendmsg, sendevent). h may be
 * NULL: then a refusal is logged.
 * @return 0, ENOTCONN, or EAGAIN (too many are under way).
 */
int esl_client_send(struct esl_client *c, const struct esl_command *cmd,
                    esl_done_h *h, void *arg, uint64_t ref);

/** An id for the next job, to write its command with. */
const char *esl_client_job(struct esl_client *c);

/** Send a bgapi command written with the id of esl_client_job(); h is called
 *  when the job is over, or after timeout_ms with an empty text. */
int esl_client_send_job(struct esl_client *c, const struct esl_command *cmd,
                        uint32_t timeout_ms, esl_done_h *h, void *arg,
                        uint64_t ref);

/** Write what still waits, for at most ms: before the end. */
void esl_client_flush(struct esl_client *c, unsigned ms);

#endif
