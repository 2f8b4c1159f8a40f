/*
 * The relay protocol (src/main/java/ai/hokus/registry/relay/package-info.java) as a Promela model: two relays that overlap
 * freely, one partition, and a Redis that falls back, is wiped, and loses replies; relays crash between any two steps.
 *
 *   spin -a outbox.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -m1000000
 *
 * MESSAGES registrations are committed one after the other; a message is its number. A relay gives positions in the order
 * of its claim, so that here position and message are told apart: positionOf[m] is given once, for ever.
 *
 * The queue is kept as what matters of it: how often each message is in it, and whether one first came after a later one.
 *
 * With -DNO_COMPARISON, -DNO_SECOND_LOOK or -DACKNOWLEDGE_AT_CLAIM it contains a mistake, which the verification must find.
 */

#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef FAULTS
#define FAULTS 2          /* how often Redis falls back or is wiped */
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LOST_REPLIES
#define LOST_REPLIES 1
#endif

#define NONE 0            /* no checkpoint */
#define BATCH 2

/* The database. Messages are 1..MESSAGES; committed: those up to here are. messageAt[p]: whose position p is. */
byte committed = 0;
byte messageAt[MESSAGES + 1];
byte last = 0;
byte delivered = 0;
byte rewinds = 0;

/*
 * Redis. A checkpoint is a position; since positions never change and one database writes them, the message it names is
 * messageAt[position]. inQueue[m]: how often; newest: the newest checkpoint. Older ones are not needed while one database
 * is the only writer: the newest checkpoint is then always in its history.
 */
byte inQueue[MESSAGES + 1];
byte newest = NONE;
bool misordered = false;

/* What Redis can fall back to: a replica's, or a snapshot's, state. */
byte keptQueue[MESSAGES + 1];
byte keptNewest = NONE;

byte faults = 0, crashes = 0, lostReplies = 0;
bool stateLost = false;
byte drained = 0;

/* Registration: a commit makes one more message visible. */
active proctype Registrar() {
    do
    :: committed < MESSAGES -> committed++
    :: committed == MESSAGES -> break
    od
}

/* The replica hears of everything up to now, at any time. */
active proctype Replica() {
    byte i;
end:
    do
    :: d_step {
           committed > 0 && !(keptNewest == newest) ->
           keptNewest = newest;
           i = 1;
           do
           :: i <= MESSAGES -> keptQueue[i] = inQueue[i]; i++
           :: else -> break
           od;
           i = 0
       }
    od
}

/* A failover to the replica, or FLUSHALL. */
active proctype RedisFaults() {
    byte i;
end:
    do
    :: faults < FAULTS ->
       if
       :: d_step {
              newest = keptNewest;
              i = 1;
              do
              :: i <= MESSAGES -> inQueue[i] = keptQueue[i]; i++
              :: else -> break
              od;
              i = 0; faults++; stateLost = true
          }
       :: d_step {
              newest = NONE; keptNewest = NONE;
              i = 1;
              do
              :: i <= MESSAGES -> inQueue[i] = 0; keptQueue[i] = 0; i++
              :: else -> break
              od;
              i = 0; faults++; stateLost = true
          }
       fi
    od
}

/*
 * One relay. Each step is atomic, as a transaction or a script is; between steps everything else happens, and the relay may
 * crash: it forgets what it saw.
 */
proctype Relay(bool mortal) {
    byte seen, high, from, to, next, i;
    bool confirmed;
    byte again;

look:
    atomic { seen = newest; confirmed = false }
claim:
    if
    :: mortal && crashes < CRASHES -> atomic { crashes++; goto look }
    :: true
    fi;
    d_step {
        from = 0; to = 0;
        if
#ifdef NO_SECOND_LOOK
        :: false -> skip
#else
        :: seen < delivered && !confirmed -> again = 1
#endif
        :: else ->
           again = 0;
           if
           :: seen < delivered -> rewinds++
           :: else
           fi;
#ifdef ACKNOWLEDGE_AT_CLAIM
           if
           :: seen > delivered -> delivered = seen
           :: else
           fi;
#else
           delivered = seen;
#endif
           from = delivered + 1; to = delivered;
           /* first what has a position, then what gets one now: all that is committed, in the order of commits */
           next = 0;
           do
           :: next < BATCH && to < last -> to++; next++
           :: next < BATCH && to == last && last < committed ->
              last++; messageAt[last] = last; to++; next++
           :: else -> break
           od;
           next = 0;
#ifdef ACKNOWLEDGE_AT_CLAIM
           delivered = to
#endif
        fi
    }
    if
    :: again == 1 -> again = 0; goto second_look
    :: again == 0 && from > to -> goto nothing
    :: again == 0 && from <= to -> goto append
    fi;
second_look:
    atomic { confirmed = (newest == seen); seen = newest; goto claim }
append:
    if
    :: mortal && crashes < CRASHES -> atomic { crashes++; from = 0; to = 0; goto look }
    :: true
    fi;
    d_step {
        if
#ifdef NO_COMPARISON
        :: true ->
#else
        :: newest == seen ->
#endif
           i = from;
           do
           :: i <= to ->
              /* a first appearance after that of a later message */
              if
              :: inQueue[messageAt[i]] == 0 ->
                 next = messageAt[i] + 1;
                 do
                 :: next <= MESSAGES ->
                    if
                    :: inQueue[next] > 0 -> misordered = true
                    :: else
                    fi;
                    next++
                 :: else -> break
                 od;
                 next = 0
              :: else
              fi;
              inQueue[messageAt[i]]++;
              i++
           :: else -> break
           od;
           i = 0;
           newest = to
        :: else
        fi;
        /* appended or stale: the answer tells the newest checkpoint */
        seen = newest; from = 0; to = 0; confirmed = false
    }
    if
    :: lostReplies < LOST_REPLIES -> atomic { lostReplies++; goto look }
    :: goto claim
    fi;
nothing:
    /* Drained, as far as it knows. It looks again for ever; the end is judged below. */
end:
    if
    :: newest != seen || last > newest || last < committed -> goto look
    fi
}

init {
    atomic { run Relay(true); run Relay(true) }
end:
    skip
}

/* Checked in every state. */
#define atMostOnce (stateLost || (inQueue[1] <= 1 && inQueue[2] <= 1 && inQueue[MESSAGES] <= 1))
#define inOrder (stateLost || !misordered)
#define calm (stateLost || rewinds == 0)
/* The checkpoint never tells more than the queue has: nothing is lost. */
#define backed ((newest < 1 || inQueue[1] > 0) && (newest < 2 || inQueue[2] > 0) && (newest < MESSAGES || inQueue[MESSAGES] > 0))

active proctype Monitor() {
end:
    do
    :: d_step { !(atMostOnce && inOrder && calm && backed) -> assert(false) }
    od
}
